"""Reservations of a connector and of the station."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.simulator.parts.reservations import Reservation, Reservations

FREE = {0: "Available", 1: "Available", 2: "Available"}
OCCUPIED = ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing")


def reservation(id=1, connector=1, id_tag="A", expires=100.0, parent=None):
    return Reservation(id, connector, expires, id_tag, parent)


@pytest.mark.parametrize(
    ("states", "connector", "status"),
    [
        *(({**FREE, 1: state}, 1, "Occupied") for state in OCCUPIED),
        ({**FREE, 1: "Faulted"}, 1, "Faulted"),
        ({**FREE, 1: "Unavailable"}, 1, "Unavailable"),
        ({**FREE, 0: "Faulted"}, 1, "Faulted"),
        ({**FREE, 0: "Unavailable"}, 1, "Unavailable"),
        ({**FREE, 1: "Faulted"}, 0, "Accepted"),
        ({0: "Available", 1: "Charging", 2: "Faulted"}, 0, "Occupied"),
        ({0: "Available", 1: "Faulted", 2: "Faulted"}, 0, "Faulted"),
        ({0: "Faulted", 1: "Faulted", 2: "Faulted"}, 0, "Faulted"),
        ({0: "Unavailable", 1: "Unavailable", 2: "Unavailable"}, 0, "Unavailable"),
        ({0: "Available", 1: "Unavailable", 2: "Faulted"}, 0, "Unavailable"),
        (FREE, 3, "Rejected"),
        (FREE, -1, "Rejected"),
    ],
)
def test_status_of_the_answer(states, connector, status):
    store = Reservations()
    assert store.reserve(reservation(connector=connector), states, 0) == status
    assert len(store.held) == (status == "Accepted")


def test_connector_0_only_where_supported_and_never_in_the_past():
    assert Reservations(connector_zero=False).reserve(reservation(connector=0), FREE, 0) == "Rejected"
    assert Reservations().reserve(reservation(expires=5), FREE, 5) == "Rejected"


def test_a_reserved_connector_is_occupied_for_any_other_reservation():
    store = Reservations()
    assert store.reserve(reservation(1, 1, "A"), FREE, 0) == "Accepted"
    states = {**FREE, 1: "Reserved"}
    assert store.reserve(reservation(2, 1, "A"), states, 0) == "Occupied"
    assert store.reserve(reservation(2, 0, "B"), states, 0) == "Accepted"
    assert store.reserve(reservation(3, 2, "C"), {**states, 2: "Reserved"}, 0) == "Occupied"
    assert store.reserve(reservation(3, 0, "C"), {**states, 2: "Reserved"}, 0) == "Occupied"


def test_the_same_id_replaces_and_a_failing_replacement_keeps_the_old_one():
    store = Reservations()
    store.reserve(reservation(1, 1, "A"), FREE, 0)
    states = {**FREE, 1: "Reserved"}
    assert store.reserve(reservation(1, 1, "B", 200), states, 0) == "Accepted"
    assert store.held == [reservation(1, 1, "B", 200)]
    assert store.reserve(reservation(1, 2, "B"), {**states, 2: "Charging"}, 0) == "Occupied"
    assert store.held == [reservation(1, 1, "B", 200)]
    assert store.reserve(reservation(1, 2, "B"), states, 0) == "Accepted"
    assert store.reserved(states) == {2}


def test_who_may_use_a_reserved_connector():
    store = Reservations()
    store.reserve(reservation(1, 1, "Tag", parent="Group"), FREE, 0)
    states = {**FREE, 1: "Reserved"}
    assert store.allows(1, "TAG", None, states)
    assert store.allows(1, "other", "group", states)
    assert not store.allows(1, "other", None, states)
    assert not store.allows(1, "other", "elsewhere", states)
    assert not store.allows(1, "Group", None, states)
    assert store.allows(2, "other", None, states)
    assert store.wants_parent(1, "other")
    assert not store.wants_parent(1, "tag")
    assert not store.wants_parent(2, "other")
    assert store.used_by(1, "other", "Group").id == 1
    assert store.used_by(2, "Tag", None) is None
    store.reserve(reservation(2, 2, "Tag"), states, 0)
    assert not store.wants_parent(2, "other")


def test_the_station_keeps_a_connector_for_a_reservation_of_connector_0():
    store = Reservations()
    assert store.reserve(reservation(1, 0, "A"), FREE, 0) == "Accepted"
    assert store.reserved(FREE) == set()
    assert store.allows(1, "other", None, FREE)
    one_left = {**FREE, 1: "Charging"}
    assert store.reserved(one_left) == {2}
    one_left[2] = "Reserved"
    assert not store.allows(2, "other", None, one_left)
    assert store.allows(2, "A", None, one_left)
    assert store.used_by(2, "A", None).id == 1


def test_how_reservations_end():
    store = Reservations()
    for id, connector in ((1, 1), (2, 0)):
        assert store.reserve(reservation(id, connector, expires=100.0 + id), FREE, 0) == "Accepted"
    assert store.next_expiry() == 101
    assert store.cancel(3) is None
    assert store.expire(100.9) == []
    assert [one.id for one in store.expire(101)] == [1]
    assert store.cancel(2).connector == 0
    assert store.held == []
    assert store.next_expiry() is None
    store.reserve(reservation(1, 1), FREE, 0)
    store.reserve(reservation(2, 0), FREE, 0)
    assert [one.id for one in store.release(1)] == [1]
    assert [one.id for one in store.release(0)] == [2]


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 3), st.sampled_from("ABC"), st.integers(1, 9)),
        max_size=12,
    ),
    st.lists(st.sampled_from(["Available", "Charging", "Faulted", "Unavailable"]), min_size=3, max_size=3),
)
def test_never_more_promised_than_there_is(requests, connectors):
    states = {0: "Available", **dict(enumerate(connectors, 1))}
    store = Reservations()
    for id, connector, id_tag, expires in requests:
        before = list(store.held)
        status = store.reserve(reservation(id, connector, id_tag, expires), states, 0)
        if status != "Accepted":
            assert store.held == before
        free = {c for c in (1, 2, 3) if states[c] == "Available"}
        particular = [one.connector for one in store.held if one.connector]
        assert len(particular) == len(set(particular))
        assert set(particular) <= free
        assert len(store.held) <= len(free)
        assert len({one.id for one in store.held}) == len(store.held)
        # whoever holds a reservation can start somewhere, and nobody else takes the place away
        for one in store.held:
            places = [one.connector] if one.connector else free - set(particular)
            assert any(store.used_by(place, one.id_tag, None) for place in places)
        for place in free:
            if store.allows(place, "X", None, states):
                zero = sum(one.connector == 0 for one in store.held)
                assert len(free - {place} - set(particular)) >= zero
    copy = Reservations()
    copy.restore(store.dump())
    assert copy.held == store.held
