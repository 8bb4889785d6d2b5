"""Who comes in: every attempt to connect is judged, refused with a reason or admitted, and kept as evidence."""

from __future__ import annotations

import collections
import http
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from octt.csms import wire
from octt.csms.admission import Attempt, Credentials, Refusal, credentials, refusal
from octt.csms.allowance import Allowance
from octt.csms.connection import LabConnection
from octt.csms.endpoints import Endpoint, Settings
from octt.record import Event, Record
from octt.record.events import Refused
from octt.record.words import Blame
from octt.timeline.timeline import Timeline
from octt.tls.facts import tls_facts
from octt.tls.listener import Opening

_NOBODY = Credentials()
_PATH, _REASON = 200, 500
"""Characters that are kept of what somebody said who was let in or not."""


class Door:
    """Admits the station under test and nobody else. Lives on the Central System's loop."""

    def __init__(self, settings: Settings, record: Record, timeline: Timeline) -> None:
        self.settings, self.record, self.timeline = settings, record, timeline
        self.closed = False
        """While closed everybody is refused: the station is offline."""

        self.refusals: list[str] = []
        self.blame = Blame.NETWORK
        """Who has to do something about the last refusal; the network while there was none."""

        self.attempts: collections.deque[Attempt] = collections.deque(maxlen=1000)
        self._strangers = Allowance(1000, 1)
        self._guests = Allowance(*settings.connections)

    def admit(self, connection: ServerConnection, request: Request, endpoint: Endpoint) -> Response | None:
        """The answer to a handshake that is refused; None: it may go on."""
        given = credentials(request, self.settings.identity)
        connection.octt_credentials = given  # type: ignore[attr-defined]
        if self.closed:
            connection.transport.abort()
            refused: Refusal | None = Refusal(
                "the Central System plays offline", http.HTTPStatus.SERVICE_UNAVAILABLE
            )
        else:
            wanted = self.settings
            needs_password = endpoint.security_profile in (1, 2)
            refused = refusal(request, wanted.identity, wanted.path, wanted.passwords, needs_password)
            if refused is None and not self._guests.take():
                often = (
                    f"{self._guests.at_once:g} connections at once and {self._guests.per_second:g} a second"
                )
                refused = Refusal(f"more than {often}", http.HTTPStatus.SERVICE_UNAVAILABLE, Blame.STATION)
        if refused is None:
            return None
        attempt = (request.path, given, wire.facts(connection))
        self.refused(endpoint, refused, wire.remote(connection), *attempt)
        response = connection.respond(http.HTTPStatus(refused.status), refused.reason + "\n")
        if refused.status == http.HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'  # RFC 7617
        return response

    def not_understood(self, endpoint: Endpoint, connection: LabConnection, fault: Refusal) -> None:
        """Notes a handshake that is none."""
        path = connection.request.path if connection.request else ""
        self.refused(endpoint, fault, connection.remote, path)

    def admitted(self, connection: ServerConnection, endpoint: Endpoint, event: Event) -> None:
        """Notes an attempt that was let in; `event` is its line in the record."""
        path = connection.request.path[:_PATH] if connection.request else ""
        given = getattr(connection, "octt_credentials", _NOBODY)
        tls = wire.facts(connection)
        self.attempts.append(Attempt(event.n, event.m, endpoint.security_profile, "", path, given, tls))

    def refused(
        self,
        endpoint: Endpoint,
        refusal: Refusal,
        peer: str,
        path: str = "",
        given: Credentials = _NOBODY,
        tls: Any = None,
    ) -> None:
        """Notes an attempt that was not let in. A flood of them is on the record often enough."""
        self.refusals[:] = [*self.refusals[-20:], refusal.reason]
        self.blame = refusal.blame
        if not self._strangers.take():
            return
        fields: dict[str, Any] = {
            "path": path[:_PATH],
            "status": int(refusal.status),
            "reason": refusal.reason[:_REASON],
            "user": given.user[:_PATH],
        }
        fields["tls"] = tls
        event = self.record.write(Refused(remote=peer, **fields))
        profile = endpoint.security_profile
        self.attempts.append(Attempt(event.n, event.m, profile, refusal.reason, path[:_PATH], given, tls))
        self.timeline.wake()

    def never_opened(self, endpoint: Endpoint, opening: Opening) -> None:
        """A connection that ended before its TLS handshake was complete."""
        self.refused(endpoint, Refusal(opening.failure, 0), opening.remote, tls=tls_facts(opening))
