"""One effect, one frame: what shows an action, what shows a slip, and that nothing else shows anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.station.actions import ACTIONS
from octt.station.effects import NOTHING, Seen, Slipped, effect, look, was_pulled_out
from tests.station.idle import IDLE, OTHER_TAG, TAG, Station

ONE = {"connector": 1}
CARD = {"connector": 1, "id_tag": TAG}


def asked(station, action, params=None, cables=()):
    """What is to be looked for from now on, and what shows so far."""
    before, place = station.timeline.newest.state, station.timeline.end
    wanted = effect(action, ONE if params is None else params, before, cables)
    return wanted, lambda: look(station.timeline.since(place), wanted, before)


def seen(sight):
    assert isinstance(sight, Seen), sight
    return sight.entry


def slipped(sight):
    assert isinstance(sight, Slipped), sight
    return sight


# -- what shows it ------------------------------------------------------------------------------------------------

DONE = [
    ("plug_in", "free", ONE, lambda s: s.become("Preparing")),
    ("plug_in", "free", ONE, lambda s: s.become("SuspendedEVSE")),
    ("plug_in", "card", ONE, lambda s: s.start(TAG)),
    ("plug_in", "card", ONE, lambda s: s.become("Charging")),
    ("plug_in", "reserved", ONE, lambda s: s.become("Preparing")),
    ("plug_in_halfway", "card", ONE, lambda s: s.become("Faulted", errorCode="ConnectorLockFailure")),
    ("unplug", "finishing", ONE, lambda s: s.become("Available")),
    ("unplug", "finishing", ONE, lambda s: s.become("Unavailable")),
    ("unplug", "cable", ONE, lambda s: s.become("Available")),
    ("unplug", "faulted", ONE, lambda s: s.become("Available")),
    ("unplug_ev", "charging", ONE, lambda s: s.stop(reason="EVDisconnected")),
    ("unplug_ev", "charging", ONE, lambda s: s.become("SuspendedEV", info="EV side disconnected")),
    ("unplug_ev", "charging", ONE, lambda s: s.become("Available")),
    ("present_id_tag", "free", CARD, lambda s: s.call("Authorize", idTag=TAG.lower())),
    ("present_id_tag", "cable", CARD, lambda s: s.start(TAG)),
    ("present_id_tag", "charging", CARD, lambda s: s.stop(idTag=TAG)),
    ("present_id_tag", "charging", CARD, lambda s: s.stop()),
    ("press_stop", "charging", ONE, lambda s: s.stop(reason="Local")),
    ("power_off", "charging", {}, lambda s: s.stop(reason="PowerLoss")),
    ("fault", "free", ONE, lambda s: s.become("Faulted")),
    ("fault", "free", ONE, lambda s: s.become("Faulted", connector=0)),
    ("fault", "free", {"connector": 0}, lambda s: s.become("Faulted", connector=2)),
    ("clear_fault", "faulted", ONE, lambda s: s.become("Available")),
    ("ev_suspend", "charging", ONE, lambda s: s.become("SuspendedEV")),
]
ids = [f"{action}-{position}-{number}" for number, (action, position, *_) in enumerate(DONE)]
idle = st.lists(
    st.sampled_from([name for name in IDLE if name in ("repeat", "neighbours", "chatter", "boot_again")])
)


@pytest.mark.parametrize(("action", "position", "params", "hand"), DONE, ids=ids)
@settings(max_examples=20)
@given(before=idle, after=idle)
def test_the_hand_is_seen_by_its_own_frame(action, position, params, hand, before, after):
    station = Station(position)
    wanted, sight = asked(station, action, params, {1} if position == "cable" else ())
    for move in before:
        getattr(station, move)()
        assert sight() is None
    entry = hand(station)
    for move in after:
        getattr(station, move)()
    assert seen(sight()).n == entry.n
    assert wanted.tells


def test_the_way_to_the_effect_may_lead_through_what_comes_by_itself():
    station = Station("charging")
    _, sight = asked(station, "unplug")
    station.stop_remotely()
    assert sight() is None
    assert seen(sight_after(station, sight)).payload["status"] == "Available"


def sight_after(station, sight):
    station.become("Available")
    return sight()


def test_a_boot_on_another_connection_shows_that_the_power_was_gone():
    for action in ("power_cycle", "power_on"):
        station = Station("free")
        wanted, sight = asked(station, action, {})
        station.boot_again()
        station.reconnect()
        assert sight() is None
        station.boot_again()
        assert seen(sight()).action == "BootNotification"
        assert (wanted.sure, wanted.within) == (True, "boot")


def test_a_station_that_was_away_shows_its_return():
    station = Station("free")
    station.stage.link("disconnect", 1)
    boots, connects = asked(station, "power_on", {})[1], asked(station, "reachable", {})[1]
    station.stage.link("connect", 1)
    assert seen(connects()).kind == "connect"
    assert boots() is None
    station.boot_again()
    assert seen(boots()).action == "BootNotification"


# -- what shows nothing -------------------------------------------------------------------------------------------

PLACES = {
    "plug_in": ("free", "card", "reserved", "faulted", "unavailable"),
    "plug_in_halfway": ("card", "free"),
    "unplug": ("cable", "charging", "finishing", "faulted", "free", "unavailable"),
    "unplug_ev": ("charging", "cable", "finishing"),
    "present_id_tag": tuple(Station.STATUS),
    "power_off": tuple(Station.STATUS),
    "power_cycle": tuple(Station.STATUS),
    "fault": ("free", "card", "cable", "charging"),
    "clear_fault": ("faulted", "free"),
    **dict.fromkeys(
        ("jam_lock", "free_lock", "break_list_storage", "repair_list_storage"), ("free", "charging")
    ),
}
"""Where an action is asked for. Not among them: press_stop, which is for a transaction to end, however it does."""
moves = st.lists(st.sampled_from(IDLE), max_size=12)


@given(
    st.sampled_from([(action, position) for action, places in PLACES.items() for position in places]), moves
)
def test_what_a_station_sends_by_itself_shows_no_action(what, idle_moves):
    action, position = what
    station = Station(position)
    if action == "power_cycle" and "boot_again" in idle_moves:
        idle_moves = [
            move for move in idle_moves if move != "reconnect"
        ]  # the two together are a power cycle
    in_place = {1} if position in ("cable", "charging", "finishing") else ()
    _, sight = asked(station, action, CARD if action == "present_id_tag" else ONE, in_place)
    for move in idle_moves:
        getattr(station, move)()
        assert not isinstance(sight(), Seen)


@pytest.mark.parametrize("action", ["jam_lock", "free_lock", "break_list_storage", "repair_list_storage"])
def test_what_no_message_can_show_waits_for_a_word(action):
    assert asked(Station("free"), action)[0] == NOTHING


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"power_on", "power_cycle", "reachable"}))
def test_a_station_that_is_away_shows_nothing(action):
    station = Station("charging")
    station.stage.link("disconnect", 1)
    assert asked(station, action, CARD)[0] == NOTHING


@pytest.mark.parametrize(
    ("action", "position"),
    [("plug_in", "faulted"), ("plug_in", "unavailable"), ("plug_in", "charging"), ("unplug", "free")],
)
def test_from_some_states_nothing_shows_it(action, position):
    assert asked(Station(position), action)[0] == NOTHING


# -- slips --------------------------------------------------------------------------------------------------------


def test_a_wrong_card_is_told_and_the_right_one_still_counts():
    station = Station("free")
    _, sight = asked(station, "present_id_tag", CARD)
    station.call("Authorize", idTag=OTHER_TAG)
    slip = slipped(sight())
    assert slip.says == f"the station read the card {OTHER_TAG}; asked for was {TAG}"
    assert not slip.over
    station.call("Authorize", idTag=TAG)
    assert seen(sight()).payload["idTag"] == TAG


@pytest.mark.parametrize(
    ("position", "deed", "says"),
    [
        ("cable", lambda s: s.start(OTHER_TAG), "the station read the card OCTTVALID2 and starts"),
        (
            "charging",
            lambda s: s.stop(idTag=OTHER_TAG),
            "the station read the card OCTTVALID2 and ends the transaction",
        ),
        ("charging", lambda s: s.stop(reason="EVDisconnected"), r"before the card .* \(EVDisconnected\)"),
        ("reserved", lambda s: s.time_out(), "the reservation ran out"),
    ],
)
def test_what_cannot_be_made_good_with_the_right_card(position, deed, says):
    station = Station(position)
    _, sight = asked(station, "present_id_tag", CARD, {1} if position == "cable" else ())
    deed(station)
    station.call("Authorize", idTag=TAG)
    slip = slipped(sight())
    assert re.search(says, slip.says)
    assert slip.over


def test_a_cable_in_the_wrong_connector():
    station = Station("free")
    _, sight = asked(station, "plug_in")
    station.become("Preparing", connector=2)
    slip = slipped(sight())
    assert "Preparing of connector 2: it must be connector 1" in slip.says
    station.become("Available", connector=2)
    assert slipped(sight()) == slip
    station.become("Preparing")
    assert seen(sight()).payload["connectorId"] == 1


def test_a_cable_out_of_the_wrong_connector_or_in_again():
    station = Station("finishing")
    station.become("Preparing", connector=2)
    _, sight = asked(station, "unplug", cables={1, 2})
    station.become("Available", connector=2)
    assert "connector 2 as free" in slipped(sight()).says
    station.become("Preparing")
    assert "plugged in again" in slipped(sight()).says
    station.become("Available")
    assert seen(sight()).payload["connectorId"] == 1


@pytest.mark.parametrize("action", ["plug_in", "plug_in_halfway"])
def test_who_comes_after_the_connection_time_out_is_too_late(action):
    station = Station("card")
    wanted, sight = asked(station, action)
    station.time_out()
    assert "ConnectionTimeOut ran out" in slipped(sight()).says
    station.become("Preparing")  # the cable comes in now, and starts nothing
    assert isinstance(sight(), Slipped)
    assert wanted.key == "ConnectionTimeOut"


def test_with_one_reader_for_all_it_is_another_connector_that_waits():
    station = Station("free")
    station.become("Preparing", connector=2)
    _, sight = asked(station, "plug_in")
    station.become("Available", connector=2)
    assert "ConnectionTimeOut" in slipped(sight()).says
    station.become("Preparing")
    assert isinstance(sight(), Slipped)
    station.start(TAG)
    assert seen(sight()).action == "StartTransaction"


def test_a_connector_with_a_cable_in_waits_for_none():
    station = Station("free")
    station.become("Preparing", connector=2)
    _, sight = asked(station, "plug_in", cables={2})
    station.become("Preparing")
    assert seen(sight()).payload["connectorId"] == 1


def test_a_plug_that_was_all_the_way_in():
    station = Station("card")
    _, sight = asked(station, "plug_in_halfway")
    station.start(TAG)
    assert slipped(sight()).over


def test_the_ev_is_not_gone_when_the_transaction_ends_for_another_reason():
    station = Station("charging")
    _, sight = asked(station, "unplug_ev")
    station.become("SuspendedEV")
    assert sight() is None
    station.stop(reason="Local")
    slip = slipped(sight())
    assert (slip.over, "(Local)" in slip.says) == (True, True)


def test_a_fault_in_another_place():
    station = Station("free")
    _, sight = asked(station, "fault")
    station.become("Faulted", connector=2)
    assert "connector 2: it must be connector 1" in slipped(sight()).says


# -- cables -------------------------------------------------------------------------------------------------------


def test_a_cable_that_came_out_unasked_is_known_to_be_out():
    station = Station("free")
    place = station.timeline.end - 1
    station.become("Preparing")
    station.become("Charging")
    assert not was_pulled_out(1, station.timeline.since(place))
    station.become("Finishing")
    station.become("Available")
    station.repeat()
    assert was_pulled_out(1, station.timeline.since(place))
    station.become("Preparing")
    assert not was_pulled_out(1, station.timeline.since(place))


def test_after_a_boot_a_free_connector_says_nothing_about_its_cable():
    station = Station("free")
    place = station.timeline.end - 1
    station.become("Charging")
    station.reconnect()
    station.boot_again()
    station.become("Available")
    assert not was_pulled_out(1, station.timeline.since(place))


# -- whatever a station sends ---------------------------------------------------------------------------------------

ODD = (
    None,
    True,
    0,
    1,
    -1,
    2**70,
    1.5,
    "",
    "Available",
    "Preparing",
    TAG,
    "\x1b[2J",
    [],
    [1],
    {},
    {"a": [None]},
)
FIELDS = ("connectorId", "status", "idTag", "transactionId", "reason", "info")
payloads = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(ODD))
ACTIONS_SENT = ("StatusNotification", "StartTransaction", "StopTransaction", "Authorize", "BootNotification")


@given(
    st.sampled_from(sorted(ACTIONS)), st.lists(st.tuples(st.sampled_from(ACTIONS_SENT), payloads), max_size=5)
)
def test_no_payload_breaks_the_look(action, calls):
    station = Station("charging")
    _, sight = asked(station, action, CARD)
    for name, payload in calls:
        station.call(name, **payload)
    sight()
