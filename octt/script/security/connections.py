"""Connections of the security cases: where we listen, and every attempt of the station to connect, judged.

An attempt is admitted or refused, with what it showed. OCPP 1.6 security whitepaper edition 3, sections 2.3 to 2.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from octt.csms.admission import Attempt
from octt.csms.endpoints import Endpoint, secure_endpoint
from octt.csms.server import CsmsError
from octt.pki.pki import Pki
from octt.script.case_run import Label
from octt.script.limits import RECONNECT, TRIGGERED, Kind, Limit
from octt.script.station import Station
from octt.script.verdicts import Inconclusive
from octt.timeline.entry import Entry
from octt.tls.contexts import Clients


class Laboratory(Protocol):
    """What the security cases need of who runs them."""

    @property
    def pki(self) -> Pki:
        """The laboratory's certificates; made on first use, which takes a moment."""


@dataclass(frozen=True)
class Check:
    """What an attempt to connect must show, and at which step; `judge` says what is wrong with one."""

    step: Label
    what: str
    judge: Callable[[Attempt], list[str]]
    cite: str = ""


class Connections:
    """Where the station finds us, and how it comes."""

    def __init__(self, station: Station, laboratory: Laboratory) -> None:
        self.station, self.laboratory = station, laboratory
        self.case, self.system, self.bench = station.case, station.system, station.bench
        self.began_on = self.profile
        self._undone = False

    @property
    def profile(self) -> int:
        """The security profile of the connection."""
        return self.system.security_profile

    # -- where we listen ------------------------------------------------------------------------------------------

    def listen(self, profile: int, clients: Clients | None = None) -> None:
        """From now on the station finds this profile, and no other, where it connects; its connection stays.

        The profile takes over every port that is open, since a station may only exchange ws for wss in its URL; and
        with TLS the bench's tls_port is opened too. Raises Inconclusive when a port is taken.
        """
        settings, central = self.system.settings, self.bench.central_system
        try:
            for endpoint in list(settings.endpoints):
                self.system.replace(endpoint, self._endpoint(profile, 0, clients))
            if profile >= 2 and central.tls_port not in (0, *(e.port for e in settings.endpoints)):
                self.system.open(self._endpoint(profile, central.tls_port, clients))
        except CsmsError as error:
            raise Inconclusive(str(error), "configuration") from None

    def _endpoint(self, profile: int, port: int, clients: Clients | None) -> Endpoint:
        if profile < 2:
            return Endpoint(profile, port)
        return secure_endpoint(profile, port, self.laboratory.pki, clients)

    # -- attempts to connect --------------------------------------------------------------------------------------

    def now(self) -> int:
        """The moment from which attempts are to be judged, in monotonic nanoseconds."""
        return self.case.timeline.clock.now()

    def since(self, moment: int) -> list[Attempt]:
        """The attempts after a moment."""
        return [attempt for attempt in list(self.system.door.attempts) if attempt.m > moment]

    def connects(self, since: int, *checks: Check, kind: Kind = RECONNECT, patient: bool = False) -> Attempt:
        """Waits for the station's connection after a moment; every attempt until then must stand every check.

        `patient`: attempts that were refused may be wrong, as long as one is admitted in time and right.
        """
        limit, judged = self.station.limits.of(kind), list[Attempt]()
        deadline = max(since, self.case.position.since) + int(limit.seconds * 1e9)
        wrong: list[tuple[Attempt, Check, list[str]]] = []

        def look() -> bool:
            for attempt in self.since(since)[len(judged) :]:
                judged.append(attempt)
                if self._only_asks(judged):
                    continue
                found = next(((check, text) for check in checks if (text := check.judge(attempt))), None)
                if found:
                    wrong.append((attempt, *found))
                if attempt.admitted or (found and not patient):
                    return True
            return False

        with self.case.waits("station", f"to show {checks[0].what}", deadline):
            self.case.timeline.wait(look, deadline)
        last = judged[-1] if judged else None
        if wrong and (wrong[-1][0] is last or last is None or not last.admitted):
            attempt, check, texts = wrong[-1]
            actual = "; ".join(texts)
            self.case.fail(check.step, check.what, actual, cite=check.cite, closest=line_of(attempt))
        if last is None or not last.admitted:
            self._did_not_connect(checks[0], last, limit)
        if len(judged) > 1 and self._only_asks(judged[:1]):
            self.case.remark(
                "the station sends its password only when it is asked for by 401", line_of(judged[0])
            )
        self._consume(last)
        seconds = max(0.0, (last.m - since) / 1e9)
        for check in checks:
            self.case.step(
                check.step,
                check.what,
                "ok",
                frame=line_of(last),
                cite=check.cite,
                seconds=seconds,
                limit=limit.seconds,
            )
        return last

    def _only_asks(self, attempts: list[Attempt]) -> bool:
        """Whether the first attempt came without a password, to be asked for one by 401 (whitepaper figures 1, 2)."""
        last = attempts[-1]
        return len(attempts) == 1 and not last.admitted and bool(last.path) and not last.credentials.given

    def _did_not_connect(self, check: Check, last: Attempt | None, limit: Limit) -> NoReturn:
        """The end of a case by a connection that did not come, or was refused every time."""
        actual = self._nothing(last, limit)
        if last is not None:
            self.case.fail(check.step, check.what, actual, cite=check.cite, closest=line_of(last))
        self.station.missed(limit, check.step, check.what, actual, cite=check.cite)

    def _nothing(self, last: Attempt | None, limit: Limit) -> str:
        if last is not None:
            return f"it did not within {limit}; the last attempt was refused: {last.reason}"
        state = "it kept the connection it had" if self.system.connected else "nothing tried to connect"
        return f"{state}, for {limit}"

    def _consume(self, attempt: Attempt) -> None:
        """What follows is looked for after this connection."""
        deadline = self.case.timeline.moment(5)
        position, timeline = self.case.position, self.case.timeline

        def entry() -> Entry | None:
            return next((e for e in timeline.since(position.next) if e.n == attempt.n), None)

        if found := timeline.wait(entry, deadline):
            position.take(found)

    def leaves(self, since: int) -> bool:
        """Whether the station ends its connection by itself, in the time for something that was triggered."""
        deadline = self.case.timeline.moment(self.station.limits.of(TRIGGERED).seconds)
        timeline, start = self.case.timeline, self.case.position.next
        with self.case.waits("station", "to reconnect by itself", deadline):
            return bool(
                timeline.wait(
                    lambda: any(e.kind == "disconnect" and e.m > since for e in timeline.since(start)),
                    deadline,
                )
            )

    def comes(self, since: int) -> None:
        """Waits for a connection after servers that had to be refused; that it then waits long is our doing."""
        if not self._comes():
            raise Inconclusive(self._how_to_recover(), "tool")
        admitted = next((attempt for attempt in reversed(self.since(since)) if attempt.admitted), None)
        if admitted:
            self._consume(admitted)

    def _comes(self) -> bool:
        deadline = self.case.timeline.moment(self.station.limits.of(RECONNECT).seconds)
        with self.case.waits("station", "to connect", deadline):
            return bool(self.case.timeline.wait(lambda: self.system.connected, deadline))

    # -- finding a station again ----------------------------------------------------------------------------------

    def expect_changes(self) -> None:
        """From here on the station may come back otherwise than it was; the case ends with finding it."""
        if not self._undone:
            self._undone = True
            self.case.ends_with("the way to the station", self.find_again, early=True)

    def find_again(self) -> None:
        """Lets the station in with whatever it has now; what the cases that change it know better."""
        raise NotImplementedError

    def _how_to_recover(self) -> str:
        last = self.system.refusals[-1] if self.system.refusals else "nothing tried to connect"
        return (
            f"the station does not connect any more ({last}). After refusals it may wait for minutes; longer than "
            "that, to recover it by its own means: SecurityProfile "
            f"{self.began_on}, AuthorizationKey as central_system.password of the bench, and for profiles 2 and 3 the "
            "laboratory's root certificate"
        )


def line_of(attempt: Attempt | None) -> Entry | None:
    return Entry(attempt.n, attempt.m, 0, "connect", 0) if attempt else None
