"""The evaluator of charging profiles, against examples of the specification and a second-by-second brute force."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.script.charging.comparing import compare, returned_schedule
from octt.script.charging.composite import expected_schedule, installed, limit_at
from octt.script.charging.steps import Steps

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(second):
    return (NOON + timedelta(seconds=second)).isoformat()


def profile(
    periods,
    purpose="TxDefaultProfile",
    kind="Absolute",
    level=0,
    connector=1,
    ident=None,
    unit="A",
    start=0,
    duration=None,
    valid=(None, None),
    recurrency=None,
    phases=None,
):
    """A SetChargingProfile.req; times in seconds from noon, `ident` derived from the rest unless given."""
    schedule = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": begin, "limit": limit} | ({"numberPhases": phases} if phases else {})
            for begin, limit in periods
        ],
    }
    if start is not None:
        schedule["startSchedule"] = at(start)
    if duration is not None:
        schedule["duration"] = duration
    body = {
        "chargingProfileId": ident
        if ident is not None
        else 100 + 10 * level + connector + 1000 * len(purpose),
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    if recurrency:
        body["recurrencyKind"] = recurrency
    for field, second in zip(("validFrom", "validTo"), valid, strict=True):
        if second is not None:
            body[field] = at(second)
    return {"connectorId": connector, "csChargingProfiles": body}


def changes(profiles, connector=1, start=0, duration=400, unit="A", transaction=None, **options):
    moment = None if transaction is None else NOON + timedelta(seconds=transaction)
    begin = NOON + timedelta(seconds=start)
    return list(expected_schedule(profiles, connector, begin, duration, unit, moment, **options).changes)


# -- the cases of the document ------------------------------------------------------------------------------------

TC_066 = [
    profile([(0, 10)], "ChargePointMaxProfile", connector=0, duration=86400),
    profile([(0, 6), (60, 10), (120, 8), (180, 15), (260, 8)], duration=300, valid=(0, 401)),
    profile([(0, 8), (50, 11), (140, 16), (200, 6), (240, 12)], "TxProfile", duration=260, valid=(0, 401)),
]


def test_get_composite_schedule_of_tc_066():
    told = changes(TC_066, transaction=-30)
    assert told == [(0, 8), (50, 10), (200, 6), (240, 10)]


def test_tc_066_where_the_tx_profile_overrules_only_while_it_has_a_limit():
    told = changes(TC_066, transaction=-30, overruling="limiting")
    assert told == [(0, 8), (50, 10), (200, 6), (240, 10), (260, 8), (300, 10)]


def test_tc_066_without_transaction():
    assert changes(TC_066) == [(0, 6), (60, 10), (120, 8), (180, 10), (260, 8), (300, 10)]


def test_overruling_after_the_validity_of_the_tx_profile():
    profiles = [profile([(0, 6)]), profile([(0, 9)], "TxProfile", valid=(None, 100))]
    assert changes(profiles, transaction=0) == [(0, 9), (100, 6)]
    assert changes(profiles, transaction=0, overruling="limiting") == [(0, 9), (100, 6)]
    assert changes(profiles, transaction=0, overruling="installed") == [(0, 9), (100, None)]


TC_067 = [
    profile([(0, 6), (60, 8), (200, 10)], level=1, duration=400),
    profile([(0, 7), (100, 9)], level=0, duration=400, valid=(0, 401)),
    profile([(0, 11), (200, 12)], "ChargePointMaxProfile", connector=0, duration=86400, valid=(0, 401)),
]


def test_clear_charging_profile_of_tc_067():
    assert changes(TC_067, duration=350) == [(0, 6), (60, 8), (200, 10)]
    assert changes(TC_067[1:], duration=350) == [(0, 7), (100, 9)]
    assert changes(TC_067[2:], duration=350) == [(0, 11), (200, 12)]
    assert changes([], duration=350) == [(0, None)]


def test_stacking_of_tc_072():
    profiles = [
        profile([(0, 6), (100, 8), (200, 10)], level=0, duration=400, valid=(0, 401)),
        profile([(0, 7), (100, 9)], level=1, duration=150, valid=(0, 401)),
    ]
    assert changes(profiles, duration=350) == [(0, 7), (100, 9), (150, 8), (200, 10)]
    assert changes(profiles, start=30, duration=300) == [(0, 7), (70, 9), (120, 8), (170, 10)]


def test_daily_profile_of_section_3_13_7():
    daily = profile(
        [(0, 11000), (28800, 6000), (72000, 11000)],
        kind="Recurring",
        recurrency="Daily",
        unit="W",
        start=-12 * 3600 - 86400 * 7,
        duration=86400,
    )
    told = changes([daily], duration=86400, unit="W")
    assert told == [(0, 6000), (8 * 3600, 11000), (20 * 3600, 6000)]


# -- single rules -------------------------------------------------------------------------------------------------


def test_duration_ends_the_last_period_and_no_duration_does_not():
    assert changes([profile([(0, 6)], duration=100)]) == [(0, 6), (100, None)]
    assert changes([profile([(0, 6)])]) == [(0, 6)]
    assert changes([profile([(0, 6), (200, 7)], duration=100)]) == [(0, 6), (100, None)]


def test_validity_and_start_in_the_future():
    assert changes([profile([(0, 6)], valid=(50, 90))]) == [(0, None), (50, 6), (90, None)]
    assert changes([profile([(0, 6)], start=120)]) == [(0, None), (120, 6)]


def test_recurring_falls_back_after_its_duration_and_stops_at_the_period():
    profiles = [
        profile([(0, 4)], level=0, start=-100),
        profile([(0, 6), (90_000, 9)], level=1, kind="Recurring", recurrency="Daily", duration=3600),
    ]
    told = changes(profiles, start=-10, duration=86_400 * 2)
    assert told == [(0, 4), (10, 6), (3610, 4), (86_410, 6), (90_010, 4)]
    endless = profile([(0, 6), (80_000, 8), (90_000, 9)], kind="Recurring", recurrency="Daily")
    assert changes([endless], duration=100_000) == [(0, 6), (80_000, 8), (86_400, 6)]


def test_weekly():
    weekly = profile([(0, 6), (600_000, 7)], kind="Recurring", recurrency="Weekly", start=-604_800 * 3 - 100)
    assert changes([weekly], duration=604_800) == [(0, 6), (599_900, 7), (604_700, 6)]


def test_relative_counts_from_the_start_of_the_transaction():
    relative = profile([(0, 6), (60, 8)], kind="Relative", start=None, duration=100)
    assert changes([relative], transaction=-40) == [(0, 6), (20, 8), (60, None)]
    assert changes([relative]) == [(0, 6), (60, 8), (100, None)]
    without_start = profile([(0, 6), (60, 8)], start=None)
    assert changes([without_start], transaction=-40) == [(0, 6), (20, 8)]


def test_tx_profile_needs_a_transaction_on_its_connector():
    profiles = [profile([(0, 6)], "TxProfile", connector=1)]
    assert changes(profiles, connector=1, transaction=0) == [(0, 6)]
    assert changes(profiles, connector=2, transaction=0) == [(0, None)]
    assert changes(profiles, connector=1) == [(0, None)]
    assert changes(profiles, connector=1, transaction=100) == [(0, None), (100, 6)]


def test_profiles_of_connector_0():
    profiles = [profile([(0, 6)], connector=0), profile([(0, 9)], "ChargePointMaxProfile", connector=0)]
    assert changes(profiles, connector=2) == [(0, 6)]
    assert changes(profiles, connector=0) == [(0, 9)]
    own = profile([(0, 7)], connector=2)
    assert changes([*profiles, own], connector=2) == [(0, 7)]
    assert changes([*profiles, own], connector=1) == [(0, 6)]


def test_replacement():
    first, same_level = profile([(0, 6)], ident=1), profile([(0, 7)], ident=2)
    same_id = profile([(0, 8)], level=3, ident=1)
    assert installed([first, same_level]) == [same_level]
    assert installed([first, same_id]) == [same_id]
    other = profile([(0, 9)], connector=2, ident=3)
    assert installed([first, other]) == [first, other]


def test_units():
    amps, watts = profile([(0, 10)], phases=1), profile([(0, 6900)], unit="W")
    assert changes([amps], unit="W") == [(0, 2300)]
    assert changes([amps], unit="W", phases=3) == [(0, 6900)]
    assert changes([watts]) == [(0, 10)]
    assert changes([watts], voltage=115) == [(0, 20)]
    both = [profile([(0, 5000)], "ChargePointMaxProfile", connector=0, unit="W"), profile([(0, 10)])]
    assert changes(both, unit="W") == [(0, 5000)]


def test_times_with_zones_and_without():
    schedule = profile([(0, 6), (60, 7)])
    schedule["csChargingProfiles"]["chargingSchedule"]["startSchedule"] = "2026-03-01T13:00:00+01:00"
    assert changes([schedule]) == [(0, 6), (60, 7)]
    schedule["csChargingProfiles"]["chargingSchedule"]["startSchedule"] = "2026-03-01T12:00:00"
    assert changes([schedule]) == [(0, 6), (60, 7)]


# -- brute force --------------------------------------------------------------------------------------------------

limits = st.sampled_from([0, 6, 7.5, 10, 16, 32])
small = st.integers(-120, 120)


@st.composite
def any_profile(draw):
    purpose = draw(st.sampled_from(["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]))
    kind = draw(st.sampled_from(["Absolute", "Relative", "Recurring"]))
    starts = sorted(draw(st.sets(st.integers(1, 120), max_size=3)))
    return profile(
        [(start, draw(limits)) for start in [0, *starts]],
        purpose,
        kind,
        level=draw(st.integers(0, 2)),
        connector={"ChargePointMaxProfile": 0, "TxProfile": draw(st.sampled_from([1, 2]))}.get(
            purpose, draw(st.sampled_from([0, 1, 2]))
        ),
        ident=draw(st.integers(1, 6)),
        start=draw(small) - (86_400 * draw(st.integers(0, 2)) if kind == "Recurring" else 0),
        duration=draw(st.none() | st.integers(1, 150)),
        valid=(draw(st.none() | small), draw(st.none() | small)),
        recurrency="Daily" if kind == "Recurring" else None,
    )


def brute_force(profiles, connector, second, start, transaction):
    """The limit at a second after noon, worked out the long way, in whole seconds."""
    known = []
    for new in profiles:
        for old in list(known):
            a, b = old["csChargingProfiles"], new["csChargingProfiles"]
            same_id = a["chargingProfileId"] == b["chargingProfileId"]
            same_place = old["connectorId"] == new["connectorId"] and all(
                a[field] == b[field] for field in ("chargingProfilePurpose", "stackLevel")
            )
            if same_id or same_place:
                known.remove(old)
        known.append(new)

    def seconds(written):
        return round((datetime.fromisoformat(written) - NOON).total_seconds())

    def valid(body):
        begun = "validFrom" not in body or seconds(body["validFrom"]) <= second
        return begun and ("validTo" not in body or second < seconds(body["validTo"]))

    def own(body):
        schedule, zero = body["chargingSchedule"], seconds(body["chargingSchedule"]["startSchedule"])
        if body["chargingProfileKind"] == "Relative":
            zero = start if transaction is None else transaction
        if second < zero:
            return None
        if body["chargingProfileKind"] == "Recurring":
            while second >= zero + 86_400:
                zero += 86_400
        if "duration" in schedule and second >= zero + schedule["duration"]:
            return None
        limit = None
        for period in schedule["chargingSchedulePeriod"]:
            if zero + period["startPeriod"] <= second:
                limit = period["limit"]
        return limit

    def purpose(name, places):
        best = {}
        for request in known:
            body = request["csChargingProfiles"]
            if body["chargingProfilePurpose"] == name and request["connectorId"] in places:
                best[body["stackLevel"]] = body
        for level in (2, 1, 0):
            if level in best and valid(best[level]) and own(best[level]) is not None:
                return own(best[level]), best
        return None, best

    result = [purpose("ChargePointMaxProfile", [0])[0]]
    if connector > 0:
        limit, bodies = purpose("TxProfile", [connector])
        running = transaction is not None and transaction <= second
        if running and any(valid(body) for body in bodies.values()):
            result.append(limit)
        else:
            result.append(purpose("TxDefaultProfile", [0, connector])[0])
    numbers = [limit for limit in result if limit is not None]
    return min(numbers) if numbers else None


@settings(deadline=None, max_examples=300)
@given(
    st.lists(any_profile(), max_size=6),
    st.integers(0, 2),
    st.integers(-60, 60),
    st.integers(1, 150),
    st.none() | small,
)
def test_every_second_is_what_brute_force_says(profiles, connector, start, duration, transaction):
    moment = None if transaction is None else NOON + timedelta(seconds=transaction)
    begin = NOON + timedelta(seconds=start)
    steps = expected_schedule(profiles, connector, begin, duration, "A", moment)
    for second in range(duration):
        wanted = brute_force(profiles, connector, start + second, start, transaction)
        assert steps.at(second) == wanted
        assert (
            limit_at(profiles, connector, begin + timedelta(seconds=second), "A", moment, reference=begin)
            == wanted
        )
    assert steps.at(-1) is None
    assert steps.at(duration) is None
    starts = [change for change, _ in steps.changes]
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert all(one[1] != other[1] for one, other in zip(steps.changes, steps.changes[1:], strict=False))


# -- comparison ---------------------------------------------------------------------------------------------------


def schedule(*periods, unit="A", duration=400):
    told = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
    }
    return told if duration is None else told | {"duration": duration}


EXPECTED = Steps(NOON, 400, ((0, 8.0), (50, 10.0), (200, 6.0), (240, 10.0)))


@pytest.mark.parametrize(
    "returned",
    [
        schedule((0, 8), (50, 10), (200, 6), (240, 10)),
        schedule((0, 8), (20, 8), (50, 10), (60, 10), (200, 6), (240, 10), (300, 10)),
        schedule((0, 8), (53, 10), (196, 6), (244, 10)),
        schedule((0, 8), (50, 10), (200, 6), (240, 10), duration=None),
        schedule((0, 8.05), (50, 9.95), (200, 6), (240, 10)),
        schedule((0, 8), (50, 10), (200, 6), (240, 10), duration=397),
    ],
)
def test_schedules_that_say_the_same(returned):
    comparison = compare(EXPECTED, returned, at(0), 5)
    assert comparison.ok, str(comparison)
    assert comparison.differences == ()
    assert str(comparison) == "as expected"


@pytest.mark.parametrize(
    ("returned", "begin", "end"),
    [
        (schedule((0, 8), (50, 10), (200, 6)), 245, 400),
        (schedule((0, 8), (60, 10), (200, 6), (240, 10)), 55, 60),
        (schedule((0, 7), (50, 10), (200, 6), (240, 10)), 0, 50),
        (schedule((0, 7.9), (50, 10), (200, 6), (240, 10)), 0, 50),
        (schedule((0, 8), (50, 10), (200, 6), (240, 10), duration=300), 300, 395),
        (schedule((10, 8), (50, 10), (200, 6), (240, 10)), 0, 10),
        (schedule((0, 8), (50, 10), (240, 10)), 205, 235),
    ],
)
def test_schedules_that_differ(returned, begin, end):
    comparison = compare(EXPECTED, returned, at(0), 5)
    assert not comparison.ok
    (difference,) = comparison.differences
    assert (difference.begin, difference.end) == (begin, end)
    assert f"{begin} s to {end} s" in str(comparison)


def test_schedule_start_of_another_clock_does_not_shift_absolute_profiles():
    for shift in (-4, 3):
        moved = [(0, 8), *((start - shift, limit) for start, limit in EXPECTED.changes[1:])]
        assert compare(EXPECTED, schedule(*moved), at(shift), 5).ok
    unmoved = schedule(*EXPECTED.changes)
    assert compare(EXPECTED, unmoved, at(4), 5).ok
    assert not compare(EXPECTED, unmoved, at(30), 5).ok
    assert compare(EXPECTED, unmoved, None, 0).ok
    assert compare(EXPECTED, unmoved, NOON, 0).ok


def test_other_unit():
    watts = schedule(*((start, limit * 690) for start, limit in EXPECTED.changes), unit="W")
    assert compare(EXPECTED, watts, at(0), 1).ok
    assert not compare(EXPECTED, watts, at(0), 1, voltage=115).ok
    in_watts = Steps(NOON, 400, ((0, 6000.0),), "W")
    assert compare(in_watts, schedule((0, 8.7)), at(0), 1).ok
    assert not compare(in_watts, schedule((0, 8.9)), at(0), 1).ok


def test_rounding_to_one_decimal():
    third = Steps(NOON, 100, ((0, 25 / 3),))
    for told, ok in ((8.3, True), (8.4, True), (8.2, False), (8.5, False)):
        assert compare(third, schedule((0, told)), at(0), 1).ok is ok


def test_local_limit():
    capped = schedule((0, 8), (50, 9), (200, 6), (240, 9))
    assert not compare(EXPECTED, capped, at(0), 5).ok
    assert compare(EXPECTED, capped, at(0), 5, local_limit=9).ok
    assert compare(EXPECTED, schedule(*EXPECTED.changes), at(0), 5, local_limit=9).ok
    assert not compare(EXPECTED, schedule((0, 9)), at(0), 5, local_limit=9).ok


def test_where_no_profile_applies_anything_may_be_returned():
    expected = Steps(NOON, 400, ((0, 8.0), (100, None)))
    for returned in (
        schedule((0, 8), (100, 32)),
        schedule((0, 8), (100, 16), (200, 8)),
        schedule((0, 8)),
        schedule((0, 8), duration=100),
    ):
        assert compare(expected, returned, at(0), 5).ok
    assert not compare(expected, schedule((0, 9), (100, 32)), at(0), 5).ok


def test_what_the_official_tool_expects_to_the_letter():
    late = schedule((0, 8), (60, 10), (210, 6), (250, 10))
    assert not compare(EXPECTED, late, at(0), 5).ok
    assert compare(EXPECTED.delayed(10), late, at(0), 5).ok


def test_points_for_the_plot():
    assert Steps(NOON, 9, ((0, None), (2, 6.0), (5, None))).points() == [[0, None], [2, 6.0], [5, None]]
    steps, problems = returned_schedule(schedule((0, 16), (5, 13)), at(0), EXPECTED)
    assert (steps.lowest(), problems) == (13, [])
    assert Steps(NOON, 9, ((0, None),)).lowest() is None


def on_phases(phases):
    limits = schedule((0, 8), (50, 10), (200, 6), (240, 10))
    for period in limits["chargingSchedulePeriod"]:
        period["numberPhases"] = phases
    return str(compare(EXPECTED, limits, at(0), 5))


def test_a_schedule_has_no_more_phases_than_there_are():
    """A station tells those that it can use (errata 3.34), or none for direct current."""
    assert {on_phases(phases) for phases in (0, 1, 2, 3)} == {"as expected"}
    assert on_phases(4) == "numberPhases is 4, and there are three"


@pytest.mark.parametrize(
    ("returned", "start"),
    [
        (None, at(0)),
        ({}, at(0)),
        (schedule(), at(0)),
        (schedule((0, 8), unit="VA"), at(0)),
        (schedule((0, 8), (50, "x")), at(0)),
        (schedule((0, 8), (50, None)), at(0)),
        (schedule((50, 8), (0, 9)), at(0)),
        (schedule((0, 8)), "noon"),
        (schedule((0, float("inf"))), at(0)),
        ({"chargingRateUnit": "A", "chargingSchedulePeriod": [5]}, at(0)),
    ],
)
def test_unreadable_schedules_are_a_problem_not_an_error(returned, start):
    comparison = compare(EXPECTED, returned, start, 5)
    assert not comparison.ok
    assert comparison.problems
    assert comparison.problems[0] in str(comparison)


plain = st.integers(-5, 500) | st.floats() | st.text(max_size=3) | st.none() | st.booleans()
shapes = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "chargingRateUnit",
                    "chargingSchedulePeriod",
                    "startPeriod",
                    "limit",
                    "duration",
                    "numberPhases",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(shapes, st.none() | st.text(max_size=25) | st.datetimes().map(datetime.isoformat))
def test_nothing_a_station_returns_raises(returned, start):
    assert isinstance(compare(EXPECTED, returned, start, 5).ok, bool)
    assert isinstance(
        compare(EXPECTED, {"chargingRateUnit": "W", "chargingSchedulePeriod": returned}, start, 5).ok, bool
    )


@st.composite
def steps_and_returned(draw):
    """An expected schedule and one that differs from it at will, both in whole seconds."""
    starts = [0, *sorted(draw(st.sets(st.integers(1, 79), max_size=5)))]
    expected = [(start, draw(st.sampled_from([None, 6.0, 8.0, 10.0]))) for start in starts]
    told = [(max(start + draw(st.integers(-6, 6)), 0), limit or 7.0) for start, limit in expected]
    told = [(0, told[0][1]), *told[1:]]
    if draw(st.booleans()):
        place = draw(st.integers(0, len(told) - 1))
        told[place] = (told[place][0], draw(st.sampled_from([6.0, 8.0, 9.0])))
    return Steps(NOON, 80, tuple(expected)), sorted(told, key=lambda period: period[0])


@settings(deadline=None, max_examples=300)
@given(steps_and_returned(), st.integers(0, 6), st.integers(-6, 6))
def test_comparison_is_what_brute_force_says(pair, tolerance, shift):
    """At each half second some limit expected nearby must be what was returned."""
    expected, told = pair
    comparison = compare(expected, schedule(*told, duration=80), at(shift), tolerance)

    def wanted(second):
        return [limit for start, limit in expected.changes if start <= second][-1]

    def returned(second):
        own = [limit for start, limit in told if start <= second - shift]
        return own[-1] if own and 0 <= second - shift < 80 else None

    wrong = []
    for second in (number + 0.5 for number in range(80)):
        limit = returned(second)
        near = {
            wanted(min(max(second + part / 2, 0), 79.5)) for part in range(-2 * tolerance, 2 * tolerance + 1)
        }
        if None in near or limit in near:
            continue
        if limit is None and (second < shift <= tolerance or second > 80 - tolerance):
            continue
        wrong.append(second)
    assert comparison.ok is not bool(wrong)
    for second in wrong:
        assert any(difference.begin < second < difference.end for difference in comparison.differences)
