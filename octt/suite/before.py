"""Before the first case: the station is waited for, and brought to where every case begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from octt.record.words import Blame
from octt.script.limits import BOOT
from octt.script.restore import ending
from octt.script.restore.means import Means
from octt.script.restore.undoing import carry_out
from octt.script.undo import Kind
from octt.script.verdicts import Inconclusive, Judgement


def await_connection(means: Means) -> str:
    """Waits for the station; nothing, or why it is unreachable. Whatever password of the bench it has lets it in.

    When nothing comes, the power is cycled once, if the rig can: a station that was refused often waits ever longer
    before it tries again.
    """
    bench, system = means.station.bench, means.station.system
    if system.settings.password:
        system.settings.other_password = bench.security.new_password
    limit, power = bench.times.connect_timeout, ""
    if not _comes(means, limit):
        try:
            if means.driver.driver.kind == "manual":
                raise Inconclusive("nobody but the operator could cycle its power", Blame.OPERATOR)
            means.driver.power_cycle("the station does not connect")
            power = ", nor after its power was cycled"
        except Judgement as judgement:
            power = f" ({judgement.reason})"
        if not power.startswith(",") or not _comes(means, means.station.limits.of(BOOT).seconds):
            tried = system.refusals[-1] if system.refusals else "nothing tried to connect"
            return (
                f"the station did not connect within {limit:g} s{power}: {tried}. One that could not connect for "
                "long may wait minutes before it tries again: times.connect_timeout of the bench"
            )
    return ""


def _comes(means: Means, seconds: float) -> bool:
    return bool(means.case.timeline.wait(lambda: means.station.state.connected, means.moment(seconds)))


def restore_password(means: Means) -> None:
    """A station that came with the password that TC_073_CS gives it gets the one of the bench again."""
    settings, bench = means.station.system.settings, means.station.bench
    came_with = means.station.system.credentials.password
    if came_with and came_with == bench.security.new_password.encode() != settings.password.encode():
        undo = means.case.owe(Kind.PASSWORD, "AuthorizationKey")
        means.case.remark(
            "the station came with security.new_password of the bench, left by an earlier run", by="tool"
        )
        if problem := carry_out(means, undo):
            means.case.remark(f"not restored before the first case: {problem}", by="tool")
    else:
        settings.other_password = ""


def establish_once(means: Means, has_key: Callable[[str], bool]) -> Iterator[str]:
    """The general preconditions that hold for the whole run; those that could not be established, a sentence each.

    What the vendor had there of lists and profiles is lost, since OCPP cannot read it; it is said.
    """
    for establish in (_statuses_at_once, _no_list, _no_profiles):
        try:
            establish(means, has_key)
        except Judgement as judgement:
            yield judgement.reason
    yield from ending.begin(means)


def _statuses_at_once(means: Means, _has_key: Callable[[str], bool]) -> None:
    means.station.configure(MinimumStatusDuration=0, optional=True)


def _no_list(means: Means, has_key: Callable[[str], bool]) -> None:
    if not has_key("LocalAuthListMaxLength"):
        return
    version = means.station.call("GetLocalListVersion").payload.get("listVersion")
    if version not in (0, -1, None):
        reply = means.station.call(
            "SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[]
        )
        means.case.remark(
            f"the local authorization list of the station, version {version}, was emptied: {reply.given}",
            by="tool",
        )


def _no_profiles(means: Means, has_key: Callable[[str], bool]) -> None:
    if has_key("ChargeProfileMaxStackLevel"):
        reply = means.station.call("ClearChargingProfile")
        if reply.given == "Accepted":
            means.case.remark(
                "the charging profiles that the station had before the run were cleared", by="tool"
            )
