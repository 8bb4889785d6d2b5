"""What follows an update of the firmware: a reboot or none, and connectors that are Available again."""

from __future__ import annotations

from octt.ocpp.values import text
from octt.script.case_run import Label
from octt.script.limits import BOOT
from octt.script.station import Station
from octt.timeline.entry import Entry


def firmware_version(station: Station) -> str:
    """The firmwareVersion of the last BootNotification; empty when there was none in this run, or it does not say."""
    return str(station.state.boot.get("firmwareVersion") or "")


def reboots(station: Station, after: Entry, *, step: Label) -> Entry | None:
    """The reboot of an update, begun at any time after a frame; None when there is none in the time of a boot.

    Whoever has installed and is about to reboot by itself must not be reset meanwhile: so long is waited for it.
    """
    with station.in_any_order(after=after):
        boot = station.may_send("BootNotification", step=step)
        if boot is None and not station.state.connected:
            boot = station.sends("BootNotification", step=step)  # it is not back: say so
    return boot


def begins_to_install(station: Station, number: int, *, step: Label) -> Entry | None:
    """Installing of a signed update; a station whose boot loader cannot send it reboots instead (L01.FR.22).

    That boot, if any: after it Installing may still be told (whitepaper figure 13).
    """
    signed = "SignedFirmwareStatusNotification"
    ends = {"Installing", "InstallationFailed", "InstallVerificationFailed", "InvalidSignature"}
    told = (signed, {"requestId": number, "status": ends})
    seen = station.either(told, ("BootNotification", {}), step=step)
    if seen.action == "BootNotification":
        return seen
    status = seen.payload.get("status")
    station.check(status == "Installing", "status = Installing", f"status = {status}", step=step, frame=seen)
    return None


def may_reboot(station: Station, after: Entry, *, step: Label) -> Entry | None:
    """The reboot that may follow an update that failed; None when the station is and stays Available without one."""
    timeline = station.timeline

    def away() -> bool:
        came = timeline.since(after.index + 1)
        return not station.state.connected or any(entry.is_call("BootNotification") for entry in came)

    limit = station.limits.of(BOOT)
    deadline = station.timeline.moment(limit.seconds)
    with station.case.waits("station", "every connector to be Available, or a reboot", deadline):
        timeline.wait(lambda: away() or not _not_available(station), deadline)
        timeline.wait(away, min(deadline, timeline.moment(station.bench.times.observation)))
    if not away():
        station.case.step(step, "perhaps a reboot", "skipped")
        return None
    station.case.position.count_from_now()
    with station.in_any_order(after=after):
        return station.sends("BootNotification", step=step)


def _not_available(station: Station) -> str:
    """The connectors that are not Available, in words; nothing when all are."""
    wrong = sorted((n, status) for n, status in station.state.statuses.items() if status != "Available")
    return ", ".join(f"connector {number} is {status}" for number, status in wrong)


def stays_available(station: Station, since: Entry, *, step: Label) -> None:
    """Every connector is Available, or becomes so in the time of a boot, and stays so for the time of observation.

    That connectors were Unavailable meanwhile, since the frame before the update, is legal and no remark.
    """
    station.case.uses(0)
    limit, what = station.limits.of(BOOT), "every connector is Available"
    deadline = station.timeline.moment(limit.seconds)
    with station.case.waits("station", "every connector to be Available", deadline):
        station.timeline.wait(lambda: not _not_available(station), deadline)
    if wrong := _not_available(station):
        station.missed(limit, step, what, f"after {limit} {wrong}", cite="OCPP 1.6 5.19")
    station.passes(station.bench.times.observation, "watching that the connectors stay Available")
    wrong = _not_available(station)
    station.check(not wrong, what, wrong, step=step, cite="OCPP 1.6 5.19")
    for seen in station.timeline.since(since.index + 1):
        if seen.is_call("StatusNotification") and seen.payload.get("status") in ("Available", "Unavailable"):
            station.case.position.mark(seen)


def check_update_events(station: Station, since: Entry, *, step: Label) -> None:
    """A security event after an update that is right need not come; one that contradicts it is wrong."""
    events = station.sent("SecurityEventNotification", since=since)
    types = {text(event.payload.get("type")): event for event in events}
    wrong = [name for name in types if name.startswith("InvalidFirmware")]
    station.check(
        not wrong,
        "SecurityEventNotification of type FirmwareUpdated, or none",
        f"it came with type {', '.join(wrong)} for firmware that is right",
        step=step,
        frame=types.get(wrong[0]) if wrong else types.get("FirmwareUpdated"),
        cite="whitepaper 8",
    )
    if "FirmwareUpdated" not in types:
        station.remark("the critical event FirmwareUpdated was not sent", cite="whitepaper A04.FR.01")
