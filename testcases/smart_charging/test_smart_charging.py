"""Test-case document 2.22: smart charging.

An Absolute profile needs a startSchedule, which the document leaves out in places: it is always the configured time
deviation before now, as in the cases that give it. Limits are in A, or that many kW where the station takes W.
"""

import pytest

from octt.script import case
from octt.script.charging.profiles import SmartCharging
from octt.script.readings import highest
from octt.script.states import start_charging


@pytest.fixture
def smart(station, bench, pics):
    """Profiles and what must follow from them."""
    return SmartCharging(station, direct=pics.direct_current(bench.connector))


@pytest.fixture
def smart_charging_now(smart, charging):
    """The same in state Charging."""
    smart.during(charging)
    return smart


def _one_limit(smart, purpose, bench, **more):
    """The profile of TC_056, 057, 059 and 082: 6 A (6000 W) from the beginning."""
    return smart.profile(purpose, [(0, 6)], **more)


@case("TC_056_CS")
def test_tx_default_profile(smart, bench):
    """A TxDefaultProfile shows in the composite schedule."""
    duration = bench.smart_charging.duration
    smart.install(_one_limit(smart, "TxDefaultProfile", bench, duration=duration))
    smart.composite(duration, step=3)


@case("TC_057_CS")
def test_tx_profile(smart_charging_now, bench):
    """A TxProfile for the running transaction shows in the composite schedule."""
    smart = smart_charging_now
    smart.install(_one_limit(smart, "TxProfile", bench, transactionId=smart.transaction))
    smart.composite(bench.smart_charging.duration, step=3)


@case("TC_082_CS")
def test_tx_default_profile_in_transaction(smart_charging_now, bench):
    """A TxDefaultProfile set while charging counts for the running transaction."""
    duration = bench.smart_charging.duration
    smart_charging_now.install(_one_limit(smart_charging_now, "TxDefaultProfile", bench, duration=duration))
    smart_charging_now.composite(duration, step=3)


def _refused(station, smart, transaction, *, error=()):
    profile = smart.profile("TxProfile", [(0, 6)], transactionId=transaction)
    reply = smart.offer(profile, connector=smart.bench.connector, step=1)
    reply.returns(status="Rejected", error=error, cite="OCPP 1.6 5.16")


@case("TC_058_1_CS")
def test_tx_profile_without_transaction(station, smart):
    """A TxProfile needs a transaction."""
    _refused(station, smart, 1, error=["PropertyConstraintViolation"])


@case("TC_058_2_CS")
def test_tx_profile_for_another_transaction(station, smart_charging_now):
    """A TxProfile for a transaction that is not running is refused.

    The document's prerequisite "no transaction running" contradicts its own state Charging and is left out.
    """
    _refused(station, smart_charging_now, smart_charging_now.transaction + 1000)


@case("TC_066_CS")
def test_composite_schedule(station, driver, smart):
    """Three profiles of different purposes make one composite schedule.

    The TxDefaultProfile stays overruled after the end of the TxProfile's schedule, as the document expects: the
    TxProfile is valid still (OCPP 1.6 3.13.1).
    """
    with station.setup():
        transaction = start_charging(station, driver)
        smart.during(transaction)
        maximum = smart.profile("ChargePointMaxProfile", [(0, 10)], duration=86400, level=0)
        smart.install(maximum, connector=0)
        default = [(0, 6), (60, 10), (120, 8), (180, 15), (260, 8)]
        smart.install(smart.profile("TxDefaultProfile", default, duration=300, level=0, valid=True))
        own = [(0, 8), (50, 11), (140, 16), (200, 6), (240, 12)]
        smart.install(
            smart.profile("TxProfile", own, duration=260, level=0, valid=True, transactionId=transaction.id)
        )
    smart.composite(400, step=1)


@case("TC_067_CS")
def test_clear_charging_profile(station, smart):
    """Profiles are cleared by id, by purpose and level, and all at once."""
    with station.setup():
        upper = smart.profile("TxDefaultProfile", [(0, 6), (60, 8), (200, 10)], duration=400, level=1)
        smart.install(upper)
        lower = smart.profile("TxDefaultProfile", [(0, 7), (100, 9)], duration=400, level=0, valid=True)
        smart.install(lower)
        maximum = smart.profile(
            "ChargePointMaxProfile", [(0, 11), (200, 12)], duration=86400, level=0, valid=True
        )
        smart.install(maximum, connector=0)
    smart.clear(1, id=upper["chargingProfileId"], step=1)
    smart.composite(350, step=3)
    smart.clear(2, chargingProfilePurpose="TxDefaultProfile", stackLevel=0, step=5)
    smart.composite(350, step=7)
    smart.clear(3, step=9)
    smart.composite(350, step=11)


@case("TC_072_CS")
def test_stacking(station, smart):
    """Of two profiles the higher stack level counts while it lasts, then the lower one."""
    with station.setup():
        lower = [(0, 6), (100, 8), (200, 10)]
        smart.install(smart.profile("TxDefaultProfile", lower, duration=400, level=0, valid=True))
        upper = [(0, 7), (100, 9)]
        smart.install(smart.profile("TxDefaultProfile", upper, duration=150, level=1, valid=True))
    smart.composite(350, step=1)


@case("TC_059_CS")
def test_remote_start_with_profile(station, driver, smart, bench):
    """A TxProfile that comes with the remote start is in force for the transaction.

    The profile's limits are left open by the document. That the car follows is read from the meter, where the
    station measures current (or power, for limits in W).
    """
    # A limit in A is one of each phase (7.12): what a meter shows of direct current cannot be held against it.
    measurand, limit = ("Power.Active.Import", 6000) if smart.unit == "W" else ("Current.Import", 6)
    with station.setup():
        station.prefer(MeterValuesSampledData=measurand)
        station.configure(MeterValueSampleInterval=bench.times.meter_value_interval)
    profile = _one_limit(smart, "TxProfile", bench)
    smart.owing(profile)
    started = start_charging(station, driver, step=1, chargingProfile=profile)
    smart.during(started)
    smart.remember({"connectorId": bench.connector, "csChargingProfiles": profile})
    smart.composite(bench.smart_charging.duration, step=2)
    interval = bench.times.meter_value_interval
    shown = seen = None
    for _ in range(0 if smart.direct and smart.unit == "A" else 3):
        # That samples come at all is what TC_070 tests; a station may have been set to take none.
        seen = station.may_send("MeterValues", due=2 * interval, connectorId=bench.connector)
        shown = highest(seen, measurand) if seen else None
        if seen is None or shown:
            break  # an EV begins at 0
    if shown is None:
        station.remark(f"the meter shows no {measurand}: whether the car follows the profile is not seen")
    else:
        station.check(
            shown <= limit * 1.1,
            f"the transaction follows the profile: at most {limit} {smart.unit}",
            f"the meter shows {shown:g} {smart.unit}",
            step="result",
            cite="OCPP 1.6 3.13",
            frame=seen,
        )


@case("TC_060_CS")
def test_remote_start_with_wrong_profile(station, smart, bench):
    """A remote start can only bring a TxProfile."""
    profile = smart.profile("TxDefaultProfile", [(0, 6)])
    reply = smart.owing(profile).call(
        "RemoteStartTransaction",
        connectorId=bench.connector,
        idTag=bench.id_tags.valid,
        chargingProfile=profile,
        step=1,
    )
    reply.returns(status="Rejected", error=["PropertyConstraintViolation"], cite="OCPP 1.6 5.11")
    station.stays_silent("StartTransaction", step="result", cite="OCPP 1.6 5.11")
