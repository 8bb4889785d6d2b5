"""What a station has to refuse, and each suite it has to support alone: tried with servers made for it.

These probes go beyond the document's steps and rest on the whitepaper alone (bench: security.probes). Each takes over
the station's port, breaks its connection and watches how it opens the next one. In the end the right server is back.
"""

from __future__ import annotations

from collections.abc import Sequence

from octt.csms.admission import Attempt
from octt.csms.endpoints import Endpoint
from octt.pki.broken import broken
from octt.pki.certificates import Identity, describe
from octt.script.case_run import Label
from octt.script.limits import RECONNECT
from octt.script.security.connections import Connections, line_of
from octt.tls.contexts import Clients, server_context
from octt.tls.suites import MANDATORY, MANDATORY_ECDSA, MANDATORY_RSA

ENOUGH = 3
"""So many refused handshakes with a suite are no accident."""

WRONG_SERVERS = {
    "untrusted_root": ("of a root it does not know", "A00.FR.307"),
    "expired": ("that has expired", "A00.FR.307"),
    "wrong_host": ("for another host", "A00.FR.308"),
}


class Probes:
    """Servers that are wrong, or narrow, in one thing."""

    def __init__(self, security: Connections) -> None:
        self.security, self.system = security, security.system
        self.case, self.bench, self.pki = security.case, security.bench, security.laboratory.pki

    def all(self, first: Attempt, *, step: Label) -> None:
        """Everything below, when the bench wants it; `first` is the attempt that showed what the station offers."""
        if not self.bench.security.probes:
            self.case.remark(
                "servers that a station must refuse were not tried (security.probes of the bench)"
            )
            return
        self.security.expect_changes()
        self.suites(first, step=step)
        self.old_versions(step=step)
        self.wrong_servers(first, step=step)
        self.back()

    def suites(self, first: Attempt, *, step: Label) -> None:
        """A server that knows one mandatory suite only: the station connects with each that it offers."""
        offered = set(((first.tls or {}).get("offered") or {}).get("suites", ()))
        failed: dict[str, Attempt] = {}
        for suite in MANDATORY:
            if suite not in offered:
                self.case.step(f"{step}/{suite}", f"{suite} is offered", "skipped")
                continue
            attempts = self._try(versions=("1.2",), suites=(suite,))
            what = f"a connection when the server knows {suite} only, which the station offers"
            last = attempts[-1] if attempts else None
            if last and last.admitted:
                self.case.step(
                    f"{step}/{suite}", what, "ok", frame=line_of(last), cite="whitepaper A00.FR.318"
                )
            elif len(attempts) >= ENOUGH and last:
                failed[suite] = last
            else:
                self._not_seen(f"{step}/{suite}", what)
        self._one_pair_works(offered, failed, step=step)

    def _one_pair_works(self, offered: set[str], failed: dict[str, Attempt], *, step: Label) -> None:
        """Both suites with ECDSA keys or both with RSA keys are enough (A00.FR.318); another that fails is a remark."""
        works = [suite for suite in MANDATORY if suite in offered and suite not in failed]
        good = any(set(pair) <= set(works) for pair in (MANDATORY_ECDSA, MANDATORY_RSA))
        for suite, last in failed.items():
            told, cite = (
                f"{suite} is offered, but the station does not connect with it",
                "whitepaper A00.FR.318",
            )
            if good:
                self.case.remark(f"{told}: {last.reason}", line_of(last), cite=cite)
                continue
            what = "both mandatory suites with ECDSA keys, or both with RSA keys"
            self.case.fail(
                f"{step}/{suite}", what, f"{told}: {last.reason}", closest=line_of(last), cite=cite
            )

    def old_versions(self, *, step: Label) -> None:
        """A server that knows only TLS 1.0 and 1.1 is refused, with a security event (A00.FR.312, 315)."""
        attempts = self._try(versions=("1.0", "1.1"), enough=1)
        what = "a server with TLS 1.0 and 1.1 only is refused"
        self._must_refuse(f"{step}/old TLS", what, attempts, "whitepaper A00.FR.315")
        self._event("InvalidTLSVersion", "whitepaper A00.FR.315")

    def wrong_servers(self, first: Attempt, *, step: Label) -> None:
        """Servers with a wrong certificate are refused, with a security event (A00.FR.307 to 310)."""
        by_name = bool((first.tls or {}).get("sni"))
        for kind, (text, cite) in WRONG_SERVERS.items():
            if kind == "wrong_host" and not by_name:
                self.case.remark("the station connects to an address, so that no host name could be tried")
                continue
            wrong = broken(self.pki, kind, "server")
            other = broken(self.pki, kind, "server", key_type="ecdsa")
            attempts = self._try(identities=(wrong, other), enough=1)
            what = f"a server with a certificate {text} is refused ({describe(wrong.certificate)})"
            self._must_refuse(f"{step}/{kind}", what, attempts, f"whitepaper {cite}")
        self._event("InvalidCentralSystemCertificate", "whitepaper A00.FR.309")

    def back(self) -> None:
        """The right server again, and the station's connection to it."""
        started = self.security.now()
        self.security.listen(self.security.profile)
        if not self.system.connected:
            self.security.comes(since=started)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _try(
        self,
        *,
        identities: Sequence[Identity] = (),
        versions: Sequence[str] = ("1.2", "1.3"),
        suites: Sequence[str] | None = None,
        enough: int = ENOUGH,
    ) -> list[Attempt]:
        """The station's attempts at such a server, until one is admitted or `enough` were refused."""
        profile = self.security.profile
        clients: Clients = "required" if profile == 3 else "none"
        for endpoint in list(self.system.settings.endpoints):
            context = server_context(
                identities or self.pki.servers(), versions, suites, clients, self.pki.trusted
            )
            self.system.replace(endpoint, Endpoint(profile, ssl=context))
        started = self.security.now()
        self.case.position.expect_disconnect()
        self.system.disconnect()
        limit = self.security.station.limits.of(RECONNECT)
        deadline = self.case.timeline.moment(limit.seconds)

        def seen() -> list[Attempt]:
            return [a for a in self.security.since(started) if a.admitted or (a.tls or {}).get("offered")]

        def ended() -> bool:
            return any(attempt.admitted for attempt in seen()) or len(seen()) >= enough

        with self.case.waits("station", "to open a connection", deadline):
            self.case.timeline.wait(ended, deadline)
        return seen()

    def _must_refuse(self, step: Label, what: str, attempts: list[Attempt], cite: str) -> None:
        admitted = next((attempt for attempt in attempts if attempt.admitted), None)
        if admitted:
            actual = f"the station connected, with {(admitted.tls or {}).get('version')}"
            self.case.fail(step, what, actual, closest=line_of(admitted), cite=cite)
        if attempts:
            self.case.step(step, what, "ok", frame=line_of(attempts[0]), cite=cite)
        else:
            self._not_seen(step, what)

    def _not_seen(self, step: Label, what: str) -> None:
        self.case.step(step, what, "skipped")
        self.case.remark(f"not observed: {what}; the station did not try often enough in time")

    def _event(self, kind: str, cite: str) -> None:
        """The security event of what was refused, once the station is back; missing, it is a remark."""
        self.back()
        station = self.security.station
        if not station.may_send("SecurityEventNotification", type=kind):
            self.case.remark(
                f"no security event {kind} was sent; it may be in the security log only", cite=cite
            )
