"""Test-case document 2.7 and 2.12: UnlockConnector."""

from octt.script import case


def _unlock(station, connector, *, step=1, **expected):
    station.call("UnlockConnector", connectorId=connector, step=step).returns(
        cite="OCPP 1.6 5.18", **expected
    )


@case("TC_017_1_CS")
def test_unlock_idle(station, bench):
    """A detachable cable's connector is unlocked."""
    _unlock(station, bench.connector, status="Unlocked")


@case("TC_017_2_CS")
def test_unlock_idle_fixed_cable(station, bench):
    """There is nothing to unlock on a fixed cable."""
    _unlock(station, bench.connector, status="NotSupported")


@case("TC_018_1_CS")
def test_unlock_while_charging(station, driver, charging, bench):
    """Unlocking ends the running transaction; the cable can then be taken."""
    _unlock(station, bench.connector, status="Unlocked")
    station.sends(
        "StopTransaction", transactionId=charging.id, reason="UnlockCommand", step=3, cite="OCPP 1.6 5.18"
    )
    station.reports("Finishing", step=5)
    driver.unplug(bench.connector, why="the cable was unlocked")
    station.reports("Available", step=7)


@case("TC_018_2_CS")
def test_unlock_while_charging_fixed_cable(station, charging, bench):
    """There is nothing to unlock on a fixed cable, whatever goes on."""
    _unlock(station, bench.connector, status="NotSupported")


@case("TC_030_CS")
def test_unlock_failure(station, driver, bench):
    """A lock that cannot open is reported."""
    driver.act("jam_lock", "the unlocking must fail", connector=bench.connector)
    _unlock(station, bench.connector, status="UnlockFailed")


@case("TC_031_CS")
def test_unlock_unknown_connector(station):
    """A connector the station does not have cannot be unlocked."""
    _unlock(station, len(station.connectors) + 1, status="NotSupported")
