"""Test-case document 2.9: meter values during a transaction."""

from octt.script import ABSENT, case
from octt.script.readings import (
    check_aligned,
    check_context,
    check_measurands,
    check_spacing,
    check_transaction,
    configured,
    of_transaction,
)
from octt.script.states import start_charging


def _charging_with(station, driver, sampled, aligned, key):
    """Setup: both intervals as given; the measurands configured in `key`; the transaction."""
    with station.setup():
        station.configure(MeterValueSampleInterval=sampled, ClockAlignedDataInterval=aligned)
        wanted = configured(station, key)
        return wanted, start_charging(station, driver)


def _three_readings(station, bench, interval, context):
    """Three meterValues of this context of the connector; others (of the beginning, or triggered) are passed over."""
    found = []
    for _ in range(8):
        if len(found) >= 3:
            break
        seen = station.sends("MeterValues", connectorId=bench.connector, step=1, due=2 * interval)
        found += of_transaction(seen, found)
    what = "three meterValues with a timestamp"
    station.check(len(found) >= 3, what, f"{len(found)} in eight messages", step=1, cite="OCPP 1.6 7.33")
    check_context(station, found, context, step=1)
    return found


@case("TC_070_CS")
def test_sampled_meter_values(station, driver, bench):
    """Sampled values come at MeterValueSampleInterval with the measurands of MeterValuesSampledData."""
    interval = bench.times.meter_value_interval
    wanted, transaction = _charging_with(station, driver, interval, 0, "MeterValuesSampledData")
    found = _three_readings(station, bench, interval, "Sample.Periodic")
    with station.independently():
        check_spacing(station, found, interval, step=1)
    with station.independently():
        check_measurands(station, found, wanted, step=1)
    check_transaction(station, found, [transaction.id], step=1)


@case("TC_071_CS")
def test_clock_aligned_meter_values(station, driver, bench):
    """Clock-aligned values come at multiples of ClockAlignedDataInterval since midnight."""
    interval = bench.times.clock_aligned_interval
    wanted, transaction = _charging_with(station, driver, 0, interval, "MeterValuesAlignedData")
    found = _three_readings(station, bench, interval, "Sample.Clock")
    with station.independently():
        check_spacing(station, found, interval, step=1)
    with station.independently():
        for reading in found:
            check_aligned(station, reading, interval, step=1)
    with station.independently():
        check_measurands(station, found, wanted, step=1)
    check_transaction(station, found, [transaction.id, ABSENT], step=1)
