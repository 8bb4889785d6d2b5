"""Charging profiles: the composite schedule against a brute-force reading of the specification, and the rules."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.simulator.parts.charging.profile import Limits
from octt.simulator.parts.charging.profiles import ChargingProfiles, RunningTransaction, evenly
from octt.simulator.world.world import Supply

BASE = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
NOW = BASE.timestamp()
SUPPLY = Supply(volts=230, phases=3, amperes=32, connectors=2)


def profile(id=1, purpose="TxDefaultProfile", level=0, periods=((0, 6),), start=0, unit="A", **more):
    """A payload; `start` in seconds from NOW (None: no startSchedule), `phases` a number for all periods."""
    phases = {"numberPhases": more.pop("phases")} if "phases" in more else {}
    schedule = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": s, "limit": limit, **phases} for s, limit in periods],
    }
    if start is not None:
        schedule["startSchedule"] = at(start)
    for name in ("duration", "minChargingRate"):
        if name in more:
            schedule[name] = more.pop(name)
    kind = more.pop("kind", "Absolute")
    for name in ("validFrom", "validTo"):
        if name in more:
            more[name] = at(more[name])
    return {
        "chargingProfileId": id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
        **more,
    }


def at(seconds):
    return (BASE + timedelta(seconds=seconds)).isoformat()


def steps(store, connector=1, transactions=None, duration=400, unit="A", start=NOW):
    schedule = store.composite_schedule(connector, transactions or {}, start, duration, unit)
    return [(p["startPeriod"], p["limit"]) for p in schedule["chargingSchedulePeriod"]]


def charging(id=7, start=NOW):
    return {1: RunningTransaction(id, start)}


# --- brute force: written from the specification's text alone, on payloads, one second at a time --------------------


def seconds_of(text):
    return datetime.fromisoformat(text).timestamp()


def brute_limit(payload, received, t, transaction_start):
    """(limit, phases) of one profile at t, or None."""
    schedule = payload["chargingSchedule"]
    if "validFrom" in payload and t < seconds_of(payload["validFrom"]):
        return None
    if "validTo" in payload and t >= seconds_of(payload["validTo"]):
        return None
    if payload["chargingProfileKind"] == "Relative" or "startSchedule" not in schedule:
        is_max = payload["chargingProfilePurpose"] == "ChargePointMaxProfile"
        elapsed = t - (math.floor(received) if is_max else transaction_start)
    else:
        elapsed = t - seconds_of(schedule["startSchedule"])
    if elapsed < 0:
        return None
    if payload["chargingProfileKind"] == "Recurring":
        elapsed %= {"Daily": 24 * 3600, "Weekly": 7 * 24 * 3600}[payload["recurrencyKind"]]
    if "duration" in schedule and elapsed >= schedule["duration"]:
        return None
    found = None
    for period in schedule["chargingSchedulePeriod"]:
        if period["startPeriod"] <= elapsed:
            found = period["limit"], period.get("numberPhases", 3)
    return found


def converted(limit, phases, unit, to):
    if unit == to:
        return limit
    return limit * 230 * phases if to == "W" else limit / (230 * phases)


def brute(profiles, connector, transactions, t, unit, asked_at):
    """The limit of a connector at t; `profiles` are (connector, payload, received)."""
    if connector == 0:
        parts = [sum(brute(profiles, c, transactions, t, unit, asked_at) for c in (1, 2))]
        purposes = [("ChargePointMaxProfile", [0])]
        start = asked_at
    else:
        parts = [32 if unit == "A" else 32 * 690]
        transaction = transactions.get(connector)
        start = math.floor(transaction.start) if transaction else asked_at
        overruled = transaction and any(
            p["chargingProfilePurpose"] == "TxProfile"
            and c == connector
            and ("validFrom" not in p or seconds_of(p["validFrom"]) <= t)
            and ("validTo" not in p or t < seconds_of(p["validTo"]))
            for c, p, _ in profiles
        )
        purposes = [
            ("ChargePointMaxProfile", [0]),
            ("TxProfile", [connector]) if overruled else ("TxDefaultProfile", [connector, 0]),
        ]
    for purpose, places in purposes:
        best = None
        for level in range(4):
            for place in places:
                here = [
                    (p, received)
                    for c, p, received in profiles
                    if c == place and p["chargingProfilePurpose"] == purpose and p["stackLevel"] == level
                ]
                if here:
                    (payload, received), *more = here
                    assert not more, "two profiles of the same purpose and level"
                    found = brute_limit(payload, received, t, start)
                    if found:
                        best = converted(*found, payload["chargingSchedule"]["chargingRateUnit"], unit)
                    break  # the connector's own profile replaces the one of connector 0
        if best is not None:
            parts.append(best)
    return min(parts)


@st.composite
def placed_profiles(draw, id):
    purpose = draw(st.sampled_from(["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]))
    connector = 0 if purpose == "ChargePointMaxProfile" else draw(st.integers(purpose == "TxProfile", 2))
    starts = draw(st.lists(st.integers(1, 50), max_size=4, unique=True).map(sorted))
    unit = draw(st.sampled_from("AW"))
    limit = st.integers(0, 400).map(lambda tenths: tenths / 10 if unit == "A" else tenths * 60.0)
    more = {}
    kind = draw(st.sampled_from(["Absolute", "Relative", "Recurring", "Absolute"]))
    day = 86400
    offset = draw(st.integers(-60, 60)) + draw(st.sampled_from([0, 0, 0.5]))
    if kind == "Recurring":
        more["recurrencyKind"] = draw(st.sampled_from(["Daily", "Weekly"]))
        offset -= day * draw(st.sampled_from([0, 1, 6, 7, 14]))
    start = offset if kind == "Recurring" or draw(st.booleans()) else None
    if draw(st.booleans()):
        more["duration"] = draw(st.integers(1, 60) | st.sampled_from([day - 20, day + 20]))
    if draw(st.booleans()):
        more["validFrom"] = draw(st.integers(-30, 50))
    if draw(st.booleans()):
        more["validTo"] = draw(st.integers(51, 90))
    if draw(st.booleans()):
        more["phases"] = draw(st.integers(1, 3))
    periods = [(s, draw(limit)) for s in [0, *starts]]
    level = draw(st.integers(0, 3))
    return connector, profile(id, purpose, level, periods, start, unit, kind=kind, **more)


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    number=st.integers(0, 6),
    transactions=st.dictionaries(
        st.integers(1, 2), st.floats(-100, 20).map(lambda s: RunningTransaction(5, NOW + s))
    ),
    connector=st.integers(0, 2),
    unit=st.sampled_from("AW"),
)
def test_composite_schedule_equals_brute_force(data, number, transactions, connector, unit):
    store = ChargingProfiles(SUPPLY)
    installed = []
    for id in range(number):
        place, payload = data.draw(placed_profiles(id))
        received = NOW - data.draw(st.integers(0, 40))
        refused = store.install(payload, place, transactions.get(place), received)
        if refused:
            assert payload["chargingProfilePurpose"] == "TxProfile"
            assert place not in transactions
            continue
        key = (place, payload["chargingProfilePurpose"], payload["stackLevel"])
        installed = [
            i for i in installed if (i[0], i[1]["chargingProfilePurpose"], i[1]["stackLevel"]) != key
        ]
        installed.append((place, payload, received))
    duration = 100
    schedule = store.composite_schedule(connector, transactions, NOW, duration, unit)
    periods = schedule["chargingSchedulePeriod"]
    assert schedule["duration"] == duration
    assert schedule["chargingRateUnit"] == unit
    assert periods[0]["startPeriod"] == 0
    assert all(0 <= p["startPeriod"] < duration for p in periods)
    for second in range(duration):
        expected = brute(installed, connector, transactions, NOW + second, unit, NOW)
        reported = [p["limit"] for p in periods if p["startPeriod"] <= second][-1]
        assert reported == pytest.approx(expected, abs=0.051), f"at second {second}"
        exact, _ = store.limit_at(connector, transactions, NOW + second, unit, NOW)
        assert exact == pytest.approx(expected)


@settings(deadline=None)
@given(data=st.data(), number=st.integers(0, 6))
def test_dump_and_restore(data, number):
    transactions = {1: RunningTransaction(5, NOW), 2: RunningTransaction(6, NOW)}
    store, other = ChargingProfiles(SUPPLY), ChargingProfiles(SUPPLY)
    for id in range(number):
        place, payload = data.draw(placed_profiles(id))
        assert store.install(payload, place, transactions[place or 1], NOW) is None
    other.restore(store.dump())
    assert other.profiles == store.profiles


# --- the catalogue's own examples -----------------------------------------------------------------------------------


def test_purposes_combined_as_in_tc_066():
    store = ChargingProfiles(SUPPLY)
    now = charging()
    validity = {"validFrom": 0, "validTo": 401}
    assert (
        store.install(profile(1, "ChargePointMaxProfile", 0, [(0, 10)], duration=86400), 0, None, NOW) is None
    )
    default = [(0, 6), (60, 10), (120, 8), (180, 15), (260, 8)]
    assert store.install(profile(2, periods=default, duration=300, **validity), 1, now[1], NOW) is None
    own = [(0, 8), (50, 11), (140, 16), (200, 6), (240, 12)]
    assert store.install(profile(3, "TxProfile", 0, own, duration=260, **validity), 1, now[1], NOW) is None
    assert steps(store, 1, now) == [(0, 8), (50, 10), (200, 6), (240, 10)]


def test_clearing_step_by_step_as_in_tc_067():
    store = ChargingProfiles(SUPPLY)
    validity = {"validFrom": 0, "validTo": 401}
    store.install(profile(1, level=1, periods=[(0, 6), (60, 8), (200, 10)], duration=400), 1, None, NOW)
    store.install(profile(2, level=0, periods=[(0, 7), (100, 9)], duration=400, **validity), 1, None, NOW)
    maximum = profile(3, "ChargePointMaxProfile", 0, [(0, 11), (200, 12)], duration=86400, **validity)
    store.install(maximum, 0, None, NOW)
    assert steps(store, duration=350) == [(0, 6), (60, 8), (200, 10)]
    store.remove(store.matching(id=1))
    assert steps(store, duration=350) == [(0, 7), (100, 9)]
    store.remove(store.matching(purpose="TxDefaultProfile", stack_level=0))
    assert steps(store, duration=350) == [(0, 11), (200, 12)]
    store.remove(store.matching())
    assert steps(store, duration=350) == [(0, 32)]


def test_stack_levels_as_in_tc_072():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, level=0, periods=[(0, 6), (100, 8), (200, 10)], duration=400), 1, None, NOW)
    store.install(profile(2, level=1, periods=[(0, 7), (100, 9)], duration=150), 1, None, NOW)
    assert steps(store, duration=350) == [(0, 7), (100, 9), (150, 8), (200, 10)]


def test_which_profiles_a_clearing_means():
    store = ChargingProfiles(SUPPLY)
    places = [
        (1, 0, "ChargePointMaxProfile", 0),
        (2, 0, "TxDefaultProfile", 0),
        (3, 1, "TxDefaultProfile", 0),
    ]
    for id, connector, purpose, level in [*places, (4, 1, "TxDefaultProfile", 1)]:
        assert store.install(profile(id, purpose, level), connector, None, NOW) is None

    def ids(**criteria):
        return [found.id for found in store.matching(**criteria)]

    assert ids() == [1, 2, 3, 4]
    assert ids(id=3, connector=2, purpose="TxProfile", stack_level=9) == [3]
    assert ids(id=9) == []
    assert ids(connector=0) == [1, 2]
    assert ids(purpose="TxDefaultProfile", stack_level=0) == [2, 3]
    assert ids(connector=1, stack_level=1) == [4]
    assert ids(connector=2) == []


# --- installing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connector", "payload", "transaction"),
    [
        (1, profile(1, "ChargePointMaxProfile"), None),
        (1, profile(1, "TxProfile"), None),
        (0, profile(1, "TxProfile"), RunningTransaction(7, NOW)),
        (1, profile(1, "TxProfile", transactionId=8), RunningTransaction(7, NOW)),
        (1, profile(1, "TxProfile", transactionId=8), RunningTransaction(None, NOW)),
        (1, profile(1, level=4), None),
        (1, profile(1, periods=[(n, 6) for n in range(6)]), None),
        (1, profile(1, unit="W"), None),
        (1, profile(1, periods=[(1, 6)]), None),
        (1, profile(1, periods=[(0, 6), (20, 7), (10, 8)]), None),
        (1, profile(1, periods=[(0, -1)]), None),
        (1, profile(1, periods=[(0, 10**400)]), None),
        (1, profile(1, periods=[(0, 6)], phases=4), None),
        (1, profile(1, periods=[]), None),
        (1, profile(1, duration=0), None),
        (1, profile(1, duration=10**400), None),
        (1, profile(1, kind="Recurring"), None),
        (1, profile(1, kind="Recurring", start=None, recurrencyKind="Daily"), None),
        (1, profile(1, validFrom=10, validTo=10), None),
        (1, {**profile(1), "validTo": "tomorrow"}, None),
    ],
)
def test_refused_profiles_leave_the_store_unchanged(connector, payload, transaction):
    store = ChargingProfiles(SUPPLY, Limits(max_stack_level=3, max_periods=5, rate_units=("A",)))
    assert store.install(payload, connector, transaction, NOW)
    assert store.profiles == []


def test_at_most_so_many_profiles_but_replacing_is_always_possible():
    store = ChargingProfiles(SUPPLY, Limits(max_profiles=2))
    assert store.install(profile(1, level=0), 1, None, NOW) is None
    assert store.install(profile(2, level=1), 1, None, NOW) is None
    assert store.install(profile(3, level=2), 1, None, NOW)
    assert store.install(profile(3, level=1), 1, None, NOW) is None
    assert store.install(profile(1, level=2), 1, None, NOW) is None
    assert sorted(p.id for p in store.profiles) == [1, 3]


def test_a_default_profile_of_a_connector_replaces_that_of_connector_0_there_only():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, periods=[(0, 10)]), 0, None, NOW)
    store.install(profile(2, periods=[(0, 20)]), 1, None, NOW)
    assert steps(store, 1) == [(0, 20)]
    assert steps(store, 2) == [(0, 10)]
    assert steps(store, 0) == [(0, 30)]


def test_the_replaced_default_profile_of_connector_0_does_not_shine_through():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, periods=[(0, 10)]), 0, None, NOW)
    store.install(profile(2, periods=[(0, 20)], duration=60), 1, None, NOW)
    assert steps(store, 1) == [(0, 20), (60, 32)]
    store.install(profile(3, level=1, periods=[(0, 5)], duration=30), 0, None, NOW)
    assert steps(store, 1) == [(0, 5), (30, 20), (60, 32)]


def test_a_daily_profile_falls_back_between_its_runs():
    store = ChargingProfiles(SUPPLY)
    daily = {"kind": "Recurring", "recurrencyKind": "Daily", "duration": 3600}
    store.install(profile(1, level=1, periods=[(0, 6), (1800, 8), (7200, 9)], **daily), 1, None, NOW)
    store.install(profile(2, level=0, periods=[(0, 20)]), 1, None, NOW)
    day = [(0, 6), (1800, 8), (3600, 20)]
    assert steps(store, duration=2 * 86400) == day + [(s + 86400, limit) for s, limit in day]


def test_relative_default_profiles_count_from_each_transaction():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, kind="Relative", start=None, periods=[(0, 10), (60, 20)]), 0, None, NOW)
    running = {2: RunningTransaction(7, NOW - 40.5)}
    assert steps(store, 2, running) == [(0, 10), (19, 20)]
    assert steps(store, 1, running) == [(0, 10), (60, 20)]
    assert steps(store, 0, running) == [(0, 20), (19, 30), (60, 40)]


def test_a_change_in_the_last_second_is_reported_one_after_it_is_not():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, periods=[(0, 6), (399, 8), (400, 10)]), 1, None, NOW)
    assert steps(store, duration=400) == [(0, 6), (399, 8)]
    store.install(profile(1, start=-0.5, periods=[(0, 6), (400, 8)]), 1, None, NOW)
    assert steps(store, duration=400) == [(0, 6)]
    assert steps(store, duration=401) == [(0, 6), (400, 8)]


def test_a_transaction_profile_overrules_until_the_transaction_ends():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, periods=[(0, 10)]), 1, None, NOW)
    store.install(profile(2, "TxProfile", periods=[(0, 20)]), 1, charging()[1], NOW)
    assert steps(store, 1, charging()) == [(0, 20)]
    store.end_transaction(1)
    assert [p.id for p in store.profiles] == [1]
    assert steps(store, 1, charging()) == [(0, 10)]


def test_units_are_converted_with_the_phases_in_use():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, unit="W", periods=[(0, 4600)], phases=1), 1, None, NOW)
    assert steps(store, 1, unit="W") == [(0, 4600)]
    assert steps(store, 1, unit="A") == [(0, 20)]
    one_phase = ChargingProfiles(Supply(phases=1))
    one_phase.install(profile(1, unit="A", periods=[(0, 16)], phases=3), 1, None, NOW)
    assert steps(one_phase, 1, unit="A") == [(0, 16)]
    assert steps(one_phase, 1, unit="W") == [(0, 16 * 230)]


@pytest.mark.parametrize(("duration", "unit"), [(0, "A"), (-5, "A"), (60, "W"), (10**12, "A")])
def test_what_cannot_be_reported(duration, unit):
    store = ChargingProfiles(SUPPLY, Limits(rate_units=("A",)))
    daily = profile(1, kind="Recurring", recurrencyKind="Daily", periods=[(0, 6), (3600, 10)])
    store.install(daily, 1, None, NOW)
    assert store.composite_schedule(1, {}, NOW, duration, unit) is None


# --- what the connectors draw together ------------------------------------------------------------------------------


def test_connectors_share_the_limit_of_the_station():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, "ChargePointMaxProfile", periods=[(0, 20)]), 0, None, NOW)
    store.install(profile(2, periods=[(0, 6)]), 1, None, NOW)
    both = {1: RunningTransaction(1, NOW), 2: RunningTransaction(2, NOW)}
    assert store.shared(both, NOW) == {1: (6, 3), 2: (14, 3)}
    assert store.shared({2: both[2]}, NOW) == {2: (20, 3)}


def test_a_connector_below_its_minimum_charging_rate_waits():
    store = ChargingProfiles(SUPPLY)
    store.install(profile(1, "ChargePointMaxProfile", periods=[(0, 10)]), 0, None, NOW)
    store.install(profile(2, periods=[(0, 16)], minChargingRate=6), 0, None, NOW)
    both = {1: RunningTransaction(1, NOW), 2: RunningTransaction(2, NOW)}
    assert store.shared(both, NOW) == {1: (10, 3), 2: (0, 3)}


@given(st.floats(0, 200), st.dictionaries(st.integers(1, 5), st.floats(0, 64), max_size=5))
def test_an_even_share(pool, wanted):
    share = evenly(pool, wanted)
    assert set(share) == set(wanted)
    assert sum(share.values()) == pytest.approx(min(pool, sum(wanted.values())))
    for one in wanted:
        assert 0 <= share[one] <= wanted[one]
        for other in wanted:
            assert share[one] >= min(share[other], wanted[one]) - 1e-9
