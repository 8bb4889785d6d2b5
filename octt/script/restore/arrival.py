"""Waits for a station on its way: until it is connected, has booted, is registered and has told its statuses."""

from __future__ import annotations

from octt.ocpp.values import whole
from octt.script.limits import BOOT, RECONNECT
from octt.script.restore.means import Means
from octt.script.verdicts import Inconclusive
from octt.timeline.entry import Entry


def arrive(means: Means) -> None:
    """Waits until the station can be asked for something. Raises Inconclusive when it does not get there."""
    means.station.connects(again=False, kind=BOOT if means.case.position.boot else RECONNECT)
    await_boot(means)
    be_registered(means)


def await_boot(means: Means) -> None:
    """After what makes it boot the station is there when BootNotification was answered, and every status has come.

    What it is asked before it would refuse rightly (4.2), and what it reported before it booted holds no more.
    """
    expected = means.case.position.boot
    if expected is None:
        return
    timeline = means.case.timeline
    deadline = expected.m + int(means.station.limits.of(BOOT).seconds * 1e9)
    after = timeline.since(expected.start)
    if not expected.certain and not any(entry.kind == "disconnect" for entry in after):
        return  # a soft reset may do without (5.14)

    def boot() -> Entry | None:
        entries = timeline.since(expected.start)
        return next((entry for entry in reversed(entries) if entry.is_call("BootNotification")), None)

    with means.case.waits("station", "to boot", deadline):
        begun = timeline.wait(boot, deadline)
    if begun is None:
        if expected.certain:
            raise Inconclusive("no BootNotification came after what must make the station boot", "station")
        return
    means.case.position.expect_no_boot()
    known = set(begun.state.statuses)

    def untold() -> set[int]:
        since = (e for e in timeline.since(begun.index) if e.is_call("StatusNotification"))
        return known - {whole(entry.payload.get("connectorId")) for entry in since}

    with means.case.waits("station", "to report its statuses after the boot", deadline):
        timeline.wait(lambda: means.station.state.registration != "Accepted" or not untold(), deadline)
    means.ground.untold = untold()


def be_registered(means: Means) -> None:
    """A station that was left Pending or Rejected is accepted when it asks again; after a power cycle it must."""
    station = means.station

    def accepted() -> bool:
        return station.state.registration in ("", "Accepted")

    if accepted():
        return
    # It may have closed its connection until then (4.2).
    limit = means.moment(station.bench.times.boot_retry_interval + station.limits.of(RECONNECT).seconds)
    with means.case.waits("station", "to register again", limit):
        registered = means.case.timeline.wait(accepted, limit)
    if not registered:
        means.driver.power_cycle(f"it was left {station.state.registration} and does not ask again")
        await_boot(means)
        if not accepted():
            raise Inconclusive(f"it is still {station.state.registration}", "station")
