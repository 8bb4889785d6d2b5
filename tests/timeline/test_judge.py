"""Expectations judged in virtual time: what is met, wrong, late and pending, and what none of it depends on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.timeline import order
from octt.timeline.entry import NOTHING
from octt.timeline.expectation import Expectation, Link, Wanted, Window
from octt.timeline.judge import Late, Met, Wrong, judge
from tests.timeline.virtual import START, Stage, at, status

FIRMWARE = "FirmwareStatusNotification"
START_TX = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}
STOP_TX = {"transactionId": 1, "meterStop": 1, "timestamp": "2024-01-01T00:00:00Z"}


def expect(*wanted, limit=2.0, start=0, **more):
    window = Window(START, limit, **{k: more.pop(k) for k in ("after", "early") if k in more})
    return Expectation(tuple(wanted), window, start, **more)


def preparing(**more):
    return Wanted("StatusNotification", {"connectorId": 1, "status": "Preparing", **more})


def played(*frames):
    """The entries of (seconds, action, payload)."""
    stage = Stage()
    for seconds, action, payload in frames:
        stage.later(seconds, action, **payload)
    stage.clock.sleep(100)
    return stage.timeline.since(0)


def test_the_first_fitting_request_meets_it():
    entries = played(
        (0.1, "Heartbeat", {}),
        (0.2, "StatusNotification", status(2, "Preparing")),
        (0.3, "StatusNotification", status(1, "Preparing")),
        (0.4, "StatusNotification", status(1, "Preparing")),
    )
    assert judge(entries, expect(preparing()), 0) == Met(entries[2], preparing())


def test_it_is_pending_until_the_time_is_up_and_then_late():
    entries = played((0.1, "StatusNotification", status(1, "Charging")))
    assert judge(entries, expect(preparing()), at(2) - 1) is None
    assert judge(entries, expect(preparing()), at(2)) == Late(entries[0])


def test_a_frame_after_the_deadline_does_not_count_but_is_the_nearest():
    entries = played((2.001, "StatusNotification", status(1, "Preparing")))
    assert judge(entries, expect(preparing()), at(3)) == Late(entries[0])
    assert isinstance(judge(entries, expect(preparing(), limit=2.001), at(3)), Met)


def test_each_of_several_alternatives_has_the_same_limit():
    entries = played((0.8, "StopTransaction", STOP_TX))
    either = expect(preparing(), Wanted("StopTransaction", {"transactionId": 1}), limit=0.4)
    assert isinstance(judge(entries, either, at(1)), Late)


def test_a_misspelt_field_of_any_alternative_is_our_error():
    with pytest.raises(ValueError, match="did you mean 'transactionId'"):
        expect(preparing(), Wanted("StopTransaction", {"transactionID": 1}))
    with pytest.raises(ValueError, match="no action"):
        Wanted("StatusNotificaton")


def test_what_is_due_later_must_not_come_early():
    entries = played((1.0, "Heartbeat", {}))
    due = expect(Wanted("Heartbeat"), after=1.5, early=0.3, limit=1)
    assert judge(entries, due, 0) == Wrong(entries[0], too_early=True)
    assert isinstance(judge(entries, expect(Wanted("Heartbeat"), after=1.2, early=0.3), 0), Met)


def test_what_must_never_come():
    entries = played((1.0, "Authorize", {"idTag": "A"}), (1.5, "Authorize", {"idTag": "B"}))
    never = expect(Wanted("Authorize", {"idTag": "B"}), never=True)
    assert judge(entries, never, 0) == Wrong(entries[1])
    assert judge(entries[:1], never, at(1.9)) is None
    assert judge(entries[:1], never, at(2)) == Met(None)
    assert judge(entries, expect(Wanted("Authorize", {"idTag": "B"}), never=True, limit=1.4), at(2)) == Met(
        None
    )


def test_a_transaction_message_decides_right_or_wrong():
    entries = played(
        (0.5, "StartTransaction", {**START_TX, "idTag": "B"}), (0.6, "StartTransaction", START_TX)
    )
    wanted = Wanted("StartTransaction", {"connectorId": 1, "idTag": "A"})
    assert judge(entries, expect(wanted), 0) == Wrong(entries[0])
    other = Wanted("StartTransaction", {"connectorId": 2})
    assert judge(entries, expect(other), 0) is None


def test_a_message_decides_only_when_it_leaves_no_alternative():
    entries = played(
        (0.5, "StopTransaction", {**STOP_TX, "reason": "Local"}),
        (0.6, "StatusNotification", status(1, "Preparing")),
    )
    either = expect(Wanted("StopTransaction", {"transactionId": 1, "reason": "Remote"}), preparing())
    assert judge(entries, either, 0) == Met(entries[1], preparing())


def test_a_connection_is_expected_like_a_frame():
    stage = Stage()
    stage.link("connect", 1)
    stage.link("disconnect", 1)
    entries = stage.timeline.since(0)
    assert judge(entries, expect(Link("disconnect")), 0) == Met(entries[1])
    assert judge([], expect(Link("connect")), at(5)) == Late(None)


def test_start_and_charging_may_be_reversed_and_others_not():
    start, charging = Wanted("StartTransaction"), Wanted("StatusNotification", {"status": {"Charging"}})
    assert order.may_be_reversed(start, charging)
    assert order.may_be_reversed(charging, start)
    assert not order.may_be_reversed(start, preparing())
    assert not order.may_be_reversed(Wanted("Authorize"), start)


@pytest.mark.parametrize(
    ("expected", "came", "decides"),
    [
        ("Downloading", "Downloaded", True),
        ("Downloaded", "Downloading", False),
        ("Downloaded", "DownloadFailed", True),
        ("DownloadFailed", "Downloading", False),
        ("DownloadFailed", "Downloaded", True),
        ("Installed", "Installing", False),
        ("Installed", "InstallationFailed", True),
        ({"Downloading", "DownloadFailed"}, "Installing", True),
        ("Idle", "Downloading", False),
        ("Downloading", ["Downloaded"], False),
    ],
)
def test_no_status_comes_back(expected, came, decides):
    entry = Stage().call(FIRMWARE, status=came)
    assert order.decides(Wanted(FIRMWARE, {"status": expected}), entry) is decides


# -- whatever comes -----------------------------------------------------------------------------------------------

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=6,
)
ACTION = st.sampled_from(["StatusNotification", "StartTransaction", "StopTransaction", FIRMWARE, "Authorize"])
FIELDS = st.dictionaries(
    st.sampled_from(["connectorId", "status", "idTag", "transactionId", "errorCode"]), ANY_JSON, max_size=4
)
FRAMES = st.lists(st.tuples(st.floats(0, 4), ACTION, FIELDS), max_size=8)
WANTED = st.sampled_from(
    [
        preparing(),
        Wanted("StopTransaction", {"transactionId": 1, "reason": "Local"}),
        Wanted("StartTransaction", {"connectorId": 1, "idTag": "A"}),
        Wanted(FIRMWARE, {"status": {"Installed"}}),
        Wanted("Authorize"),
    ]
)


@given(FRAMES, st.lists(WANTED, min_size=1, max_size=3), st.booleans(), st.floats(0.1, 4))
def test_looking_at_every_new_entry_decides_what_looking_once_decides(frames, wanted, never, limit):
    """Whatever comes, and however it is cut into looks, the same entries give the same outcome."""
    stage = Stage()
    for seconds, action, payload in frames:
        stage.clock.plan(seconds, lambda a=action, p=payload: stage.frame([2, "x", a, p]))
    expectation = expect(*wanted, never=never, limit=limit)
    looked = 0

    def look():
        nonlocal looked
        entries = stage.timeline.since(looked)
        looked += len(entries)
        return judge(entries, expectation, 0)

    live = stage.timeline.wait(look, expectation.window.deadline)
    entries = stage.timeline.since(0)
    live = live or judge(entries, expectation, expectation.window.deadline)
    stage.clock.sleep(10)
    later = judge(stage.timeline.since(0), expectation, at(20))
    assert type(live) is type(later)
    assert getattr(live, "entry", NOTHING) == getattr(later, "entry", NOTHING)


@given(ANY_JSON)
def test_no_payload_can_raise(anything):
    stage = Stage()
    for action in ("StatusNotification", "StartTransaction", "StopTransaction", FIRMWARE):
        for wanted in (
            preparing(),
            Wanted("StopTransaction", {"transactionId": 1}),
            Wanted(FIRMWARE, {"status": "x"}),
        ):
            entry = stage.frame(
                json.dumps(
                    [2, "i", action, {"status": anything, "connectorId": anything, "transactionId": anything}]
                )
            )
            assert judge([entry], expect(wanted), at(9)) is not None
