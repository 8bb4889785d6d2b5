"""Test-case document 2.9: meter values during a transaction."""

from datetime import datetime

from octt.script import case
from octt.script.readings import check_spacing, of_transaction
from octt.script.states import start_charging

REGISTER = "Energy.Active.Import.Register"


def _charging_with(station, driver, sampled, aligned, key):
    """Setup: both intervals as given; the measurands configured in `key`; the transaction."""
    with station.setup():
        station.configure(MeterValueSampleInterval=sampled, ClockAlignedDataInterval=aligned)
        configured = station.value_of(key)
        wanted = [name.strip() for name in str(configured[0] or "").split(",")] if configured else []
        transaction = start_charging(station, driver)
    return [name for name in wanted if name], transaction


def _three_readings(station, transaction, interval, context):
    found, before = [], station.newest()
    for _ in range(5):
        seen = station.sends(
            "MeterValues", transactionId=transaction.id, step=1, within=2 * interval + station.limits.function
        )
        found += of_transaction(seen, found)
        if len(found) >= 3:
            break
    # Of a clock-aligned interval only the rest is waited for.
    station.waits_for_protocol(min(3 * interval, (found[-1].seen.m - before.m) / 1e9) if found else 0)
    what = "three meterValues with a timestamp"
    station.check(len(found) >= 3, what, f"{len(found)} in five messages", step=1, cite="OCPP 1.6 7.33")
    station.check(
        all(reading.context == context for reading in found),
        f"sampledValue.context = {context}",
        f"the contexts are {', '.join(sorted({r.context for r in found}))}",
        step=1,
        cite="OCPP 1.6 7.35",
        frame=found[-1].seen,
    )
    return found


def _measurands(station, found, wanted):
    """Every configured measurand is in every reading; the energy register when none is configured."""
    for reading in found:
        missing = sorted(set(wanted or [REGISTER]) - reading.measurands)
        station.check(
            not missing,
            f"measurand {', '.join(wanted or [REGISTER])}",
            f"missing: {', '.join(missing)}",
            step=1,
            cite="OCPP 1.6 4.7",
            frame=reading.seen,
        )


@case("TC_070_CS")
def test_sampled_meter_values(station, driver, bench):
    """Sampled values come at MeterValueSampleInterval with the measurands of MeterValuesSampledData."""
    interval = bench.times.meter_value_interval
    wanted, transaction = _charging_with(station, driver, interval, 0, "MeterValuesSampledData")
    found = _three_readings(station, transaction, interval, "Sample.Periodic")
    check_spacing(station, found, interval, step=1)
    _measurands(station, found, wanted)


@case("TC_071_CS")
def test_clock_aligned_meter_values(station, driver, bench):
    """Clock-aligned values come at multiples of ClockAlignedDataInterval since midnight."""
    interval = bench.times.clock_aligned_interval
    wanted, transaction = _charging_with(station, driver, 0, interval, "MeterValuesAlignedData")
    found = _three_readings(station, transaction, interval, "Sample.Clock")
    check_spacing(station, found, interval, step=1)
    for reading in found:
        _is_aligned(station, reading, interval)
    _measurands(station, found, wanted)


def _is_aligned(station, reading, interval):
    at: datetime = reading.time
    since_midnight = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    off = min(since_midnight % interval, -since_midnight % interval)
    station.check(
        off <= max(1.0, station.limits.early(interval))
        if interval > 3
        else off <= station.limits.early(interval),
        f"meterValue.timestamp aligned to the clock: a multiple of {interval} s since midnight",
        f"{reading.text} is {off:.1f} s off",
        step=1,
        cite="OCPP 1.6 9.1.5",
        frame=reading.seen,
    )
