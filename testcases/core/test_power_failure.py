"""Test-case document 2.13: power comes and goes."""

from octt.ocpp.values import shown
from octt.script import but, case
from octt.script.limits import STOP
from octt.script.states import ask_to_stop, make_unavailable


@case("TC_032_1_CS")
def test_power_loss_with_backup(station, driver, charging, bench):
    """A station with back-up power ends the transaction before it goes down."""
    driver.power_off(why="the station runs on its back-up power for a moment")
    station.sends(
        "StopTransaction", transactionId=charging.id, reason="PowerLoss", step=1, cite="OCPP 1.6 7.36"
    )
    station.reports("Finishing", step=3)
    station.disconnects()  # the back-up power has run out: who gets power before stays up
    driver.power_on(why="the station must come back; wait until it is dark")
    boot = station.sends("BootNotification", step=5)
    with station.in_any_order(after=boot):
        station.reports_all("Available", other={bench.connector: {"Finishing", "Preparing"}}, step=7)


@case("TC_032_2_CS")
def test_power_loss_without_backup(station, driver, charging, bench, pics):
    """A station without back-up power ends the transaction after its return, or resumes it.

    The document's purpose names the stop only, its scenario also a resumed transaction: that is stopped by card, once
    it has been seen to go on for as long as a stop may take; remotely where there is no local stop (C-08).
    Steps 3 to 7 may come in any order, an intermediate status is tolerated.
    """
    driver.power_cycle(why="the station loses its power in a transaction")
    boot = station.sends("BootNotification", step=1)
    mine = {"connectorId": bench.connector}
    stop = ("StopTransaction", {"transactionId": charging.id})
    with station.in_any_order(after=boot):
        station.reports_all(
            "Available", other={bench.connector: {"Preparing", "Finishing", "Charging"}}, step=3
        )
        ending = None
        if not station.sent("StatusNotification", since=boot, **mine, status="Charging"):
            ending = station.either(stop, ("StatusNotification", {**mine, "status": "Charging"}), step=5)
    if ending is None or ending.action != "StopTransaction":
        # Charging says that it was resumed, or only that the station has not stopped it yet.
        limit = station.limits.of(STOP)
        with station.in_any_order(after=boot):
            ending = station.may_send("StopTransaction", step=5, within=limit, transactionId=charging.id)
        if ending is None:
            station.waits_for_protocol(limit.seconds)
    ended = {"Preparing", "Finishing"}
    if ending is None:
        why, locally = "the transaction went on; end it", not pics.says("C-08", False)
        reason = ask_to_stop(station, driver, charging, why, locally=locally)
        due = {"transactionId": charging.id, "reason": reason}
        station.sends("StopTransaction", step=5, cite="OCPP 1.6 4.10", **due)
        station.reports(ended, step=7)
    else:
        station.check(
            ending.payload.get("reason") == "PowerLoss",
            "StopTransaction with reason = PowerLoss",
            f"reason is {shown(ending.payload.get('reason', 'absent (which means Local)'))}",
            step=5,
            cite="OCPP 1.6 7.36",
            frame=ending,
        )
        if not station.sent("StatusNotification", since=boot, **mine, status=ended):
            station.reports(ended, step=7)


@case("TC_034_CS")
def test_power_failure_keeps_unavailable(station, driver, bench):
    """A station made inoperative stays so over a power failure."""
    make_unavailable(station, 0, step=1)
    driver.power_cycle(why="the station must lose its power while unavailable")
    boot = station.sends("BootNotification", step=5)
    with station.in_any_order(after=boot):
        station.reports_all("Unavailable", step=7, cite="OCPP 1.6 5.2")
    station.stays_silent(
        "StatusNotification", status=but("Unavailable"), since=boot, step=7, cite="OCPP 1.6 5.2"
    )
