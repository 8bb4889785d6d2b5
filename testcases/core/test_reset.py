"""Test-case document 2.6: hard and soft reset."""

from octt.script import but, case
from octt.script.states import make_operative, make_unavailable


def _inoperative_then(station, bench, reset):
    """Steps 1 to 6: the connector under test is made inoperative, then the station is reset."""
    make_unavailable(station, bench.connector, step=1)
    return station.call("Reset", type=reset, step=5).returns(status="Accepted").request


def _availability_kept(station, bench):
    station.reports_all("Available", other={bench.connector: "Unavailable"}, step=9, cite="OCPP 1.6 5.2")


def _stays_unavailable(station, bench, since):
    """The connector says nothing else until it is made operative again, over the reset and after it."""
    other = {"connectorId": bench.connector, "status": but("Unavailable")}
    station.stays_silent("StatusNotification", since=since, step=9, cite="OCPP 1.6 5.2", **other)


def _operative_again(station, bench):
    make_operative(station, bench.connector, step=11)
    station.reports("Available", step=13)


@case("TC_013_CS")
def test_hard_reset_without_transaction(station, bench):
    """A hard reset reboots the station; a connector made inoperative stays so."""
    reset = _inoperative_then(station, bench, "Hard")
    station.sends("BootNotification", step=7, cite="OCPP 1.6 5.14")
    _availability_kept(station, bench)
    _stays_unavailable(station, bench, reset)
    _operative_again(station, bench)


@case("TC_014_CS")
def test_soft_reset_without_transaction(station, bench):
    """A soft reset restarts the station, with or without a BootNotification; availability is kept."""
    reset = _inoperative_then(station, bench, "Soft")
    if station.may_send("BootNotification", step=7):
        _availability_kept(station, bench)
    _stays_unavailable(station, bench, reset)
    _operative_again(station, bench)


def _transaction_kept_in_status(station, bench, boot):
    """Step 9: after the boot the former transaction's connector is still occupied, the others are free."""
    with station.in_any_order(after=boot):
        station.reports_all("Available", other={bench.connector: {"Finishing", "Preparing"}}, step=9)


@case("TC_015_CS")
def test_hard_reset_with_transaction(station, charging, bench):
    """A hard reset ends the transaction with reason HardReset, before the reboot or after it."""
    reply = station.call("Reset", type="Hard", step=1).returns(status="Accepted")
    with station.in_any_order():
        boot = station.sends("BootNotification", step=7)
        stop = station.sends(
            "StopTransaction",
            transactionId=charging.id,
            reason="HardReset",
            step=3,
            cite="OCPP 1.6 5.14",
        )
    if stop.m < boot.m:
        finishing = station.sent(
            "StatusNotification",
            since=reply.request,
            until=boot,
            connectorId=bench.connector,
            status="Finishing",
        )
        station.check(
            bool(finishing),
            "StatusNotification Finishing, since the transaction ended before the reboot",
            "it did not come before the BootNotification",
            step=5,
            frame=finishing[0] if finishing else stop,
        )
    _transaction_kept_in_status(station, bench, boot)


@case("TC_016_CS")
def test_soft_reset_with_transaction(station, charging, bench):
    """A soft reset ends the transaction properly with reason SoftReset, then restarts with or without a boot."""
    station.call("Reset", type="Soft", step=1).returns(status="Accepted")
    station.sends(
        "StopTransaction", transactionId=charging.id, reason="SoftReset", step=3, cite="OCPP 1.6 5.14"
    )
    station.reports("Finishing", step=5)
    boot = station.may_send("BootNotification", step=7)
    if boot:
        _transaction_kept_in_status(station, bench, boot)
