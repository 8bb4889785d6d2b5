"""The words of the security cases: security profile, password, and the connections a station makes with them.

A case judges *attempts*: every time the station tried to connect, admitted or refused, with what it showed. What a
case changes is put back; a profile that was raised cannot be (A05.FR.01), and then the run goes on with the new one.
OCPP 1.6 security whitepaper edition 3: sections 2.3 to 2.5, A01, A05.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from octt.csms.admission import Attempt
from octt.script.case_run import Label
from octt.script.declared import Declared
from octt.script.limits import BOOT, RECONNECT
from octt.script.security.certificates import CITE, Certificates
from octt.script.security.connections import Check, Connections, Laboratory
from octt.script.security.facts import KEY_BYTES, password_problems
from octt.script.security.probes import Probes
from octt.script.station import Station
from octt.script.undo import Kind
from octt.script.verdicts import Inconclusive


class Security(Connections):
    """Profile, password, certificates and connections of the station under test."""

    def __init__(self, station: Station, laboratory: Laboratory, declared: Declared) -> None:
        super().__init__(station, laboratory)
        self.declared = declared
        self._password = self.bench.central_system.password

    @functools.cached_property
    def certificates(self) -> Certificates:
        """Root certificates and the station's own."""
        return Certificates(self.station, self.laboratory.pki)

    @functools.cached_property
    def probes(self) -> Probes:
        """What the station has to refuse, tried."""
        return Probes(self)

    # -- the profile ----------------------------------------------------------------------------------------------

    def supports(self, profile: int) -> bool:
        """Whether the vendor declares this security profile; what is not answered is supported."""
        return not self.declared.says(f"SEC-{profile}", False)

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
        former, labelled, started = self.profile, step != "", self.now()
        self.listen(profile)
        self.expect_changes()
        reply = self.station.call(
            "ChangeConfiguration", key="SecurityProfile", value=str(profile), step=step
        ).returns(status={"Accepted", "RebootRequired"}, cite=CITE + "A05.FR.05")
        self.station.changed("configuration", "SecurityProfile", str(former), str(profile))
        self.case.position.expect_disconnect()
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
        self.connects(started, arrived, kind=BOOT if needs_reset else RECONNECT, patient=True)
        if needs_reset:
            self.station.sends("BootNotification", step=5 if labelled else "")
            self.station.reports_all("Available", step=7 if labelled else "")

    def resets(self, *checks: Check, boot: Label, status: Label) -> Attempt:
        """A hard reset, after which every attempt to connect stands the checks; then boot and statuses come.

        That the station is triggered to reset is a precondition of these cases: one that refuses fails others.
        """
        started = self.now()
        self.expect_changes()
        with self.case.during("setup"):
            self.station.call("Reset", type="Hard").returns(status="Accepted", cite="OCPP 1.6 5.14")
        attempt = self.connects(started, *checks, kind=BOOT)
        self.station.sends("BootNotification", step=boot, cite="OCPP 1.6 4.2")
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
        settings.other_password = new
        former = {"before": "the bench's", "after": "security.new_password"}
        reply = self.station.owes(Kind.PASSWORD, "AuthorizationKey", **former).call(
            "ChangeConfiguration", key="AuthorizationKey", value=new.encode().hex().upper(), step=step
        )
        self.case.position.expect_disconnect()
        if reply.payload.get("status") == "Accepted":
            settings.password, settings.other_password = new, ""
        else:
            settings.other_password = ""
        reply.returns(status="Accepted", cite=CITE + "A01.FR.02")

    def former_password(self) -> None:
        """The way back: the password of the bench again, and a connection with it."""
        settings, old, new = self.system.settings, self._password, self.bench.security.new_password
        settings.password, settings.other_password = old, new
        self.station.connects(again=False)
        started = self.now()
        reply = self.station.call(
            "ChangeConfiguration", key="AuthorizationKey", value=old.encode().hex().upper()
        )
        if reply.given not in ("Accepted", "RebootRequired"):
            raise Inconclusive(
                f"the station answered {reply.given}; set it to central_system.password by the station's own means, "
                "or enter the new one in the bench",
                "station",
            )
        if self.profile in (1, 2):
            if not self.leaves(since=started):
                self.system.disconnect()
            former = "a connection with the former password"
            check = Check("", former, lambda attempt: password_problems(attempt, old))
            self.connects(started, check, patient=True)
        settings.other_password = ""

    # -- finding a station again ----------------------------------------------------------------------------------

    def find_again(self) -> None:
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
