"""The words of the security cases: security profile, password, and the connections a station makes with them.

A case judges *attempts*: every time the station tried to connect, admitted or refused, with what it showed. What a
case changes is put back; a profile that was raised cannot be (A05.FR.01), and then the run goes on with the new one.
OCPP 1.6 security whitepaper edition 3: sections 2.3 to 2.5, A01, A05.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octt.csms.admission import Attempt
from octt.csms.endpoints import Endpoint, secure_endpoint
from octt.csms.server import CsmsError
from octt.csms.traffic import Seen
from octt.script.case_run import Label
from octt.script.security.certificates import Certificates
from octt.script.security.facts import KEY_BYTES, password_problems
from octt.script.security.probes import Probes
from octt.script.station import Station
from octt.script.verdicts import Inconclusive
from octt.tls.contexts import Clients

if TYPE_CHECKING:
    from octt.suite.run import Run

CITE = "whitepaper "


@dataclass(frozen=True)
class Check:
    """What an attempt to connect must show, and at which step; `judge` says what is wrong with one."""

    step: Label
    what: str
    judge: Callable[[Attempt], list[str]]
    cite: str = ""


class Security:
    """Profile, password, certificates and connections of the station under test."""

    def __init__(self, station: Station, run: Run) -> None:
        self.station, self.run = station, run
        self.case, self.system, self.bench = station.case, station.csms, station.bench
        self.began_on = self.profile
        self._password = self.system.settings.password
        self._undone = False

    @functools.cached_property
    def certificates(self) -> Certificates:
        """Root certificates and the station's own."""
        return Certificates(self.station, self.run.pki)

    @functools.cached_property
    def probes(self) -> Probes:
        """What the station has to refuse, tried."""
        return Probes(self)

    # -- the profile ----------------------------------------------------------------------------------------------

    @property
    def profile(self) -> int:
        """The security profile of the connection."""
        return self.system.security_profile

    def supports(self, profile: int) -> bool:
        """Whether the vendor declares this security profile; what is not answered is supported."""
        return self.run.options.declaration.answer(f"SEC-{profile}") is not False

    def on(self, *profiles: int) -> int:
        """Precondition: the station is connected with one of these profiles; which one.

        A station below them is moved up. Raises Inconclusive when that is impossible: OCPP has no way down, and the
        way up from profile 0 would give the station a password that nobody can take away again.
        """
        if self.profile not in profiles:
            with self.station.setup():
                self._move(profiles)
        if self.profile in (1, 2):
            length = len(self._password.encode())
            if length not in KEY_BYTES:
                raise Inconclusive(
                    f"central_system.password of the bench has {length} bytes; AuthorizationKey has 16 to 20",
                    "configuration",
                )
        return self.profile

    def _move(self, profiles: Iterable[int]) -> None:
        higher = [p for p in sorted(profiles) if p > self.profile and self.supports(p)]
        wanted = " or ".join(str(p) for p in sorted(profiles))
        remedy = f"run it with central_system.security_profile = {wanted} in the bench"
        if not higher or self.profile == 0:
            raise Inconclusive(
                f"the case needs security profile {wanted}, the station is on {self.profile}; {remedy}",
                "configuration",
            )
        self.may_raise(remedy)
        self.prepares(higher[0])
        self.moves_up(higher[0])

    def may_raise(self, remedy: str) -> None:
        """Raises Inconclusive when the bench does not allow to move the station to a higher profile."""
        if not self.bench.security.raise_profile:
            raise Inconclusive(
                f"the bench forbids to raise the security profile (security.raise_profile); {remedy}",
                "configuration",
            )

    def prepares(self, profile: int) -> None:
        """What a higher profile needs: our root, and for profile 3 a certificate of the station's own."""
        with self.station.setup():
            if self.profile < 2 <= profile:
                self.certificates.has_our_root()
            if profile == 3:
                with self.case.during("setup", "RenewChargePointCertificate."):
                    self.certificates.renew()

    def moves_up(self, profile: int, *, step: Label = "") -> None:
        """ChangeConfiguration SecurityProfile, and the connection with the new profile (A05).

        A station that asks for a reboot, or does not reconnect by itself, is reset: steps 3 to 8 of TC_083.
        """
        former, labelled, started = self.profile, step != "", time.monotonic_ns()
        self.listen(profile)
        self.expect_changes()
        reply = self.station.call(
            "ChangeConfiguration", key="SecurityProfile", value=str(profile), step=step
        ).returns(status={"Accepted", "RebootRequired"}, cite=CITE + "A05.FR.05")
        self.station.changed("configuration", "SecurityProfile", str(former), str(profile))
        self.case.loss_expected = True
        needs_reset = reply.payload["status"] == "RebootRequired" or not self.leaves(since=started)
        if needs_reset:
            reset = self.station.call("Reset", type="Hard", step=3 if labelled else "")
            reset.returns(status="Accepted", cite=CITE + "A05.FR.07")
        arrived = Check(
            "result" if labelled else "",
            f"a connection with security profile {profile}",
            lambda attempt: [] if attempt.admitted else [attempt.reason],
            CITE + "A05.FR.07",
        )
        self.connects(
            started,
            arrived,
            within=self.bench.times.boot_timeout if needs_reset else None,
            patient=True,
        )
        if needs_reset:
            boot_timeout = self.bench.times.boot_timeout
            self.station.sends("BootNotification", step=5 if labelled else "", within=boot_timeout)
            self.station.reports_all("Available", step=7 if labelled else "")

    def leaves(self, since: int) -> bool:
        """Whether the station ends its connection by itself, in the time for something that was triggered."""
        deadline = time.monotonic_ns() + int(self.station.limits.function * 1e9)
        entries = self.system.traffic.entries
        with self.case.waits("station", "to reconnect by itself", deadline):
            return self.system.traffic.wait(
                lambda: any(e.kind == "disconnect" and e.m > since for e in entries), deadline
            )

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
        return secure_endpoint(profile, port, self.run.pki, clients)

    # -- attempts to connect --------------------------------------------------------------------------------------

    def now(self) -> int:
        """The moment from which attempts are to be judged, in monotonic nanoseconds."""
        return time.monotonic_ns()

    def since(self, moment: int) -> list[Attempt]:
        """The attempts after a moment."""
        return [attempt for attempt in list(self.system.attempts) if attempt.m > moment]

    def connects(
        self, since: int, *checks: Check, within: float | None = None, patient: bool = False
    ) -> Attempt:
        """Waits for the station's connection after a moment; every attempt until then must stand every check.

        `patient`: attempts that were refused may be wrong, as long as one is admitted in time and right.
        """
        limit, judged = within or self.bench.times.reconnect_timeout, list[Attempt]()
        deadline = max(since, self.case.anchor) + int(limit * 1e9)
        wrong: list[tuple[Attempt, Check, list[str]]] = []

        def look() -> bool:
            for attempt in self.since(since)[len(judged) :]:
                judged.append(attempt)
                found = next(((check, text) for check in checks if (text := check.judge(attempt))), None)
                if found:
                    wrong.append((attempt, *found))
                if attempt.admitted or (found and not patient):
                    return True
            return False

        with self.case.waits("station", f"to show {checks[0].what}", deadline):
            self.system.traffic.wait(look, deadline)
        last = judged[-1] if judged else None
        if wrong and (wrong[-1][0] is last or last is None or not last.admitted):
            attempt, check, texts = wrong[-1]
            actual = "; ".join(texts)
            raise self.case.fail(check.step, check.what, actual, cite=check.cite, closest=_line(attempt))
        if last is None or not last.admitted:
            check, actual = checks[0], self._nothing(last, limit)
            raise self.case.fail(check.step, check.what, actual, cite=check.cite, closest=_line(last))
        self._consume(last)
        seconds = max(0.0, (last.m - since) / 1e9)
        for check in checks:
            self.case.step(
                check.step, check.what, "ok", frame=_line(last), cite=check.cite, seconds=seconds, limit=limit
            )
        return last

    def _nothing(self, last: Attempt | None, limit: float) -> str:
        if last is not None:
            return f"it did not within {limit:g} s; the last attempt was refused: {last.reason}"
        state = "it kept the connection it had" if self.system.connected else "nothing tried to connect"
        return f"{state}, for {limit:g} s"

    def _consume(self, attempt: Attempt) -> None:
        """What follows is looked for after this connection."""
        deadline = time.monotonic_ns() + int(5e9)
        entries = self.system.traffic.entries
        self.system.traffic.wait(lambda: any(entry.n == attempt.n for entry in entries), deadline)
        index = next((i for i, entry in enumerate(entries) if entry.n == attempt.n), len(entries) - 1)
        self.case.cursor = max(self.case.cursor, index + 1)
        self.case.anchor = max(self.case.anchor, attempt.m)

    def resets(self, *checks: Check, boot: Label, status: Label) -> Attempt:
        """A hard reset, after which every attempt to connect stands the checks; then boot and statuses come."""
        started = self.now()
        self.expect_changes()
        self.station.call("Reset", type="Hard").returns(status="Accepted", cite="OCPP 1.6 5.14")
        limit = self.bench.times.boot_timeout
        attempt = self.connects(started, *checks, within=limit)
        self.station.sends("BootNotification", step=boot, within=limit, cite="OCPP 1.6 4.2")
        with self.station.in_any_order():
            for connector in (0, *self.station.connectors):
                self.station.sends("StatusNotification", connectorId=connector, step=status)
        return attempt

    # -- the password ---------------------------------------------------------------------------------------------

    def changes_password(self, *, step: Label) -> None:
        """ChangeConfiguration AuthorizationKey: from Accepted on only the new password counts (A01.FR.03).

        While the answer is on its way, both do. The old one comes back when the case ends.
        """
        settings, new = self.system.settings, self.bench.security.new_password
        if new == self._password:
            raise Inconclusive(
                "security.new_password of the bench is the password it has already", "configuration"
            )
        self.expect_changes()
        what = (
            "the password (until then the station's AuthorizationKey is security.new_password of the bench)"
        )
        self.case.undo(what, self._password_back)
        settings.other_password = new
        self.station.changed("password", "AuthorizationKey", "the bench's", "security.new_password")
        reply = self.station.call(
            "ChangeConfiguration", key="AuthorizationKey", value=new.encode().hex().upper(), step=step
        )
        self.case.loss_expected = True
        if reply.payload.get("status") == "Accepted":
            settings.password, settings.other_password = new, ""
        else:
            settings.other_password = ""
        reply.returns(status="Accepted", cite=CITE + "A01.FR.02")

    def _password_back(self) -> None:
        settings, old, new = self.system.settings, self._password, self.bench.security.new_password
        settings.password, settings.other_password = old, new
        if not self.system.connected:
            self.station.connects(again=False)
        started = self.now()
        status = self.station.call(
            "ChangeConfiguration", key="AuthorizationKey", value=old.encode().hex().upper()
        ).payload.get("status")
        if status not in ("Accepted", "RebootRequired"):
            raise Inconclusive(
                f"the station answered {status}; set it to central_system.password by the station's own means, or "
                "enter the new one in the bench",
                "station",
            )
        self.station.changed("password", "AuthorizationKey", "security.new_password", "the bench's", True)
        if self.profile in (1, 2):
            if not self.leaves(since=started):
                self.system.disconnect()
            former = "a connection with the former password"
            check = Check("", former, lambda attempt: password_problems(attempt, old))
            self.connects(started, check, patient=True)
        settings.other_password = ""

    # -- finding a station again ----------------------------------------------------------------------------------

    def expect_changes(self) -> None:
        """From here on the station may come back otherwise than it was; the case ends with finding it."""
        if not self._undone:
            self._undone = True
            self.case.undo("the way to the station", self._find, early=True)

    def _find(self) -> None:
        """Lets the station in with whatever it has now, and brings that to what it should have."""
        settings = self.system.settings
        open_now = settings.endpoints[0].security_profile if settings.endpoints else self.began_on
        if not self.system.connected:
            settings.other_password = next(
                (p for p in (self._password, self.bench.security.new_password) if p != settings.password), ""
            )
            for profile in dict.fromkeys(
                (open_now, self.began_on, *((self.began_on - 1,) * (self.began_on > 1)))
            ):
                self.listen(profile, "any" if profile == 3 else None)
                if self._comes():
                    break
            else:
                self.listen(open_now)
                raise Inconclusive(self._how_to_recover(), "station")
        if self.profile < self.began_on:
            self.case.remark(
                f"the station came back with security profile {self.profile}; it is raised again"
            )
            self.moves_up(self.began_on)
        shown = (self.system.tls or {}).get("client_cert")
        if self.profile == 3 and shown and not shown["chain_ok"]:
            self.case.remark("the station came back with a certificate that is not right; it gets a new one")
            started = self.now()
            self.certificates.renew()
            if self.leaves(since=started):
                self._comes()
        if self.system.credentials.password == settings.password.encode():
            settings.other_password = ""
        self.listen(self.profile)

    def comes(self, since: int) -> None:
        """Waits for a connection; Inconclusive when the station stays away from a server that is right."""
        if not self._comes():
            raise Inconclusive(self._how_to_recover(), "station")
        self._consume(next(a for a in reversed(self.since(since)) if a.admitted))

    def _comes(self) -> bool:
        deadline = time.monotonic_ns() + int(self.bench.times.reconnect_timeout * 1e9)
        with self.case.waits("station", "to connect", deadline):
            return self.system.traffic.wait(lambda: self.system.connected, deadline)

    def _how_to_recover(self) -> str:
        last = self.system.refusals[-1] if self.system.refusals else "nothing tried to connect"
        return (
            f"the station does not connect any more ({last}). To recover it by its own means: SecurityProfile "
            f"{self.began_on}, AuthorizationKey as central_system.password of the bench, and for profiles 2 and 3 the "
            "laboratory's root certificate"
        )


def _line(attempt: Attempt | None) -> Seen | None:
    return Seen(attempt.n, attempt.m, 0, "connect", 0) if attempt else None
