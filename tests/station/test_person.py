"""The person at the station: asked where no driver can act, with the station's own signs, and never blamed on it."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

import pytest

from octt.csms.answers import Answers, Armed
from octt.record import Record, read
from octt.script.actions import Actions
from octt.script.case_run import CaseRun
from octt.script.person import NotDone, Person, Task
from octt.script.verdicts import AbortRun, Inconclusive, RepeatCase
from octt.station import operator as module
from octt.station.actions import ActionFailed, Driver, Hardware
from octt.station.drivers import ManualDriver
from octt.timeline.state import State
from tests.station.desk import Answering, Desk
from tests.station.idle import OTHER_TAG, TAG, Station


@pytest.fixture(autouse=True)
def no_dead_time(monkeypatch):
    monkeypatch.setattr(module, "DEAD_TIME", 0.0)


class System:
    """A Central System that only answers."""

    def __init__(self):
        self.answers, self.offline = Answers(), False


class Scene:
    """A case, a station in virtual time, and a person with a desk."""

    def __init__(self, position="free", *, operator=None, hardware=None, case="TC_003_CS", driver=None):
        self.station, self.system = Station(position), System()
        self._folder = tempfile.TemporaryDirectory()
        self.record = Record(Path(self._folder.name) / "record.jsonl")
        self.desk = None if operator else Desk()
        self.case = CaseRun(case, self.record, self.station.timeline)
        patience = {"function": 0.2, "start": 0.2, "boot": 0.2}
        self.person = Person(operator or self.desk.operator, hardware, self.system, patience)
        self.actions = Actions(self.case, driver or ManualDriver(), self.person)

    def events(self, kind):
        return [event for event in read(self.record.path) if event.kind == kind]

    def close(self):
        if self.desk:
            self.desk.close()
        self.record.close()
        self._folder.cleanup()


@pytest.fixture
def make():
    """Makes scenes, and ends them with the test."""
    made = []

    def scene(*given, **more):
        made.append(Scene(*given, **more))
        return made[-1]

    yield scene
    for one in made:
        one.close()


@pytest.fixture
def scene(make):
    return make()


def test_what_the_station_shows_is_on_the_record_with_its_frame(scene):
    shown = []
    scene.desk.at(("a abort the run", lambda: shown.append(scene.station.become("Preparing"))))
    scene.actions.plug_in(1, "a car is needed")
    (prompt,) = scene.events("prompt")
    assert prompt.answer == "seen"
    assert prompt.frame == shown[0].n
    asked, done = scene.events("action")
    assert (asked.phase, done.phase, done.who, done.detail) == (
        "asked",
        "done",
        "operator",
        "seen",
    )
    assert scene.actions.by_hand == ["Plug the cable into connector 1 and into the EV."]


def test_what_the_station_repeats_closes_nothing(scene):
    scene.station.become("Preparing")
    scene.station.become("Charging")
    scene.station.start(TAG)
    scene.desk.at(("a abort the run", lambda: (scene.station.repeat(), scene.desk.type("c\n"))))
    with pytest.raises(Inconclusive, match="the operator could not do it: Pull the cable") as undone:
        scene.actions.unplug_ev(1)
    assert undone.value.blame == "operator"


def test_the_finishing_after_a_stop_does_not_unplug(make):
    scene, available = make("charging"), []

    def end_and_leave():
        scene.station.stop_remotely()
        available.append(scene.station.become("Available"))

    scene.desk.at(("a abort the run", end_and_leave))
    scene.actions.unplug(1)
    assert scene.events("prompt")[0].frame == available[0].n


def test_a_wrong_card_is_refused_told_and_offered_again(scene):
    said = []

    def card(tag):
        said.append(scene.system.answers.answer("Authorize", {"idTag": tag}, State())["idTagInfo"]["status"])
        scene.station.call("Authorize", idTag=tag)

    scene.desk.at(
        ("a abort the run", lambda: card(OTHER_TAG)),
        (f"✗ the station read the card {OTHER_TAG}; asked for was {TAG}", lambda: card(TAG.lower())),
    )
    scene.actions.present_id_tag(1, TAG)
    assert said == ["Invalid", "Accepted"]
    assert scene.events("prompt")[0].answer == "seen"
    assert scene.system.answers.answer("Authorize", {"idTag": OTHER_TAG}, State())["idTagInfo"] == {
        "status": "Accepted"
    }


def test_what_the_case_armed_for_the_right_card_stays(scene):
    scene.system.answers.arm("Authorize", Armed({"idTagInfo": {"status": "Blocked"}}))
    said = []

    def card():
        said.append(scene.system.answers.answer("Authorize", {"idTag": TAG}, State())["idTagInfo"]["status"])
        scene.station.call("Authorize", idTag=TAG)

    scene.desk.at(("a abort the run", card))
    scene.actions.present_id_tag(1, TAG)
    assert said == ["Blocked"]


def test_who_is_too_late_may_repeat_the_case_which_says_why(make):
    scene = make("card")
    scene.desk.at(("a abort the run", scene.station.time_out), ("✗ ConnectionTimeOut ran out", "r\n"))
    with pytest.raises(RepeatCase, match="ConnectionTimeOut ran out before the cable was in"):
        scene.actions.plug_in(1)
    assert scene.events("prompt")[0].frame == scene.station.timeline.newest.n
    assert scene.person.cables.perhaps == {1}
    assert "be quick: the station waits only for a while (ConnectionTimeOut)" in scene.desk.screen


def test_who_insists_gets_the_station_judged(make):
    scene = make("card")
    scene.desk.at(("a abort the run", scene.station.time_out), ("✗ ConnectionTimeOut ran out", "y\n"))
    scene.actions.plug_in(1)
    assert scene.events("prompt")[0].answer == "insists"


def test_a_cable_in_the_wrong_connector_is_asked_back(scene):
    scene.desk.at(
        ("a abort the run", lambda: scene.station.become("Preparing", connector=2)),
        ("✗ the station reports Preparing of connector 2", lambda: scene.station.become("Preparing")),
    )
    scene.actions.plug_in(1)
    assert scene.person.cables.all == {1, 2}
    scene.desk.at(("Unplug the cable of connector 2", lambda: scene.station.become("Available", connector=2)))
    scene.actions.unplug(2)
    assert scene.person.cables.all == {1}


def test_offline_nothing_is_promised(scene):
    scene.system.offline = True  # the station has not noticed yet
    scene.desk.at(("⏎ press Enter when it is done", "\n"))
    scene.actions.plug_in(1)
    assert scene.events("prompt")[0].answer == "done"


def test_what_a_right_station_does_not_show_waits_for_enter(scene):
    scene.desk.at(("⏎ press Enter when it is done", "\n"))
    scene.actions.present_id_tag(1, TAG, "another card must not stop it", shown=False)
    assert "goes on by itself" not in scene.desk.screen


# -- cables that need no hand -------------------------------------------------------------------------------------


def test_a_cable_that_is_out_already_is_not_asked_for(make):
    operator = Answering("c")
    scene = make(operator=operator)
    scene.person.cables.moved(Task("plug_in", {"connector": 1}), scene.station.timeline.end - 1)
    scene.station.become("Preparing")
    scene.station.become("Available")
    scene.actions.unplug(1)
    assert operator.asked == []
    assert scene.person.cables.all == set()


def test_a_fixed_cable_that_left_the_ev_is_out(make):
    operator = Answering("")
    scene = make("charging", operator=operator, hardware=Hardware(fixed=lambda _connector: True))
    scene.station.start(TAG)
    scene.person.cables.moved(Task("plug_in", {"connector": 1}), 0)
    operator.answers = ["", "y"]
    scene.actions.unplug_ev(1)
    assert scene.person.cables.all == set()
    scene.station.become("Finishing")
    scene.station.become("Available")
    scene.actions.unplug(1)
    assert operator.asked == ["Pull the cable of connector 1 out of the EV."]


def test_of_a_loose_cable_the_other_half_is_asked_for(make):
    operator = Answering("y")
    scene = make("charging", operator=operator)
    scene.person.cables.moved(Task("plug_in", {"connector": 1}), 0)
    scene.person.cables.moved(Task("unplug_ev", {"connector": 1}), 0)
    scene.station.become("Finishing")
    operator.answers = ["", "y"]
    scene.actions.unplug(1)
    assert operator.asked == ["Take the cable out of connector 1 of the station."]


def test_a_cable_that_perhaps_is_in_is_asked_for_where_the_connector_is_not_free(make):
    operator = Answering("c")
    scene = make(operator=operator)
    with contextlib.suppress(Inconclusive):
        scene.actions.plug_in(1)
    scene.actions.unplug(1)
    assert len(operator.asked) == 1
    with contextlib.suppress(Inconclusive):
        scene.actions.plug_in(1)
    scene.station.become("Preparing")
    with pytest.raises(Inconclusive):
        scene.actions.unplug(1)
    assert len(operator.asked) == 3


def test_who_cannot_do_it_while_things_are_put_back_is_not_asked_again(make):
    """Until the connector's status is another, or something else was done: then it may be possible."""
    operator = Answering("c")
    scene = make("charging", operator=operator)
    scene.person.cables.moved(Task("plug_in", {"connector": 1}), 0)

    def unplug():
        with pytest.raises(NotDone, match="could not do it: Unplug") as undone:
            scene.actions.unplug(1)
        assert undone.value.blame == "operator"
        return len(operator.asked)

    with scene.case.during("restore"):
        assert [unplug() for _ in range(3)] == [1, 1, 1]
        scene.station.become("Finishing")
        assert [unplug() for _ in range(2)] == [2, 2]
        operator.answers = ["", "y", "c"]
        scene.actions.power_on()
        assert unplug() == 4
    assert unplug() == 5  # a case asks for what it needs


# -- drivers that cannot ------------------------------------------------------------------------------------------


class Broken(Driver):
    kind = "http"

    def act(self, name, params):
        raise ActionFailed("no answer from the rig")


def test_a_rig_that_fails_hands_over_to_the_person_who_is_told_why(make):
    scene = make(driver=Broken())
    scene.desk.at(
        ("why: a car is needed (no answer from the rig)", lambda: scene.station.become("Preparing"))
    )
    scene.actions.plug_in(1, "a car is needed")
    assert scene.events("action")[-1].who == "operator"


def test_without_a_person_a_broken_rig_is_the_tools_fault(make):
    scene = make(driver=Broken(), operator=Answering("c"))
    scene.actions.person = None
    with pytest.raises(Inconclusive, match="nobody could do plug_in: no answer from the rig") as undone:
        scene.actions.plug_in(1)
    assert undone.value.blame == "tool"
    assert scene.events("action")[-1].phase == "failed"


# -- what a person wants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [(("r", "r", "c"), Inconclusive), (("r", "a"), AbortRun), (("r", "r", None), Inconclusive)],
)
def test_outside_a_case_there_is_nothing_to_repeat_but_the_question(make, answers, outcome):
    operator = Answering(*answers)
    scene = make("finishing", operator=operator, case="")
    with pytest.raises(outcome):
        scene.actions.unplug(1, "the run begins with a free connector")
    assert len(operator.asked) == len(answers)


def test_while_things_are_put_back_a_repeat_is_only_of_the_question(make):
    operator = Answering("r", "y")
    scene = make("finishing", operator=operator)
    operator.answers = ["r", "", "y"]
    with scene.case.during("restore"):
        scene.actions.unplug(1)
    assert len(operator.asked) == 2
    assert scene.actions.by_hand == []


@pytest.mark.parametrize(("typed", "again"), [("y", False), ("r", True), (None, False)])
def test_a_failure_is_the_stations_only_if_all_was_done_as_asked(make, typed, again):
    operator = Answering(typed)
    scene = make(operator=operator)
    done = ["Plug the cable into connector 1 and into the EV."]
    assert scene.person.wants_again(scene.case, done, "FAIL", "step 3: it did not come") is again
    assert operator.asked == ["TC_003_CS  FAIL: step 3: it did not come"]
    assert scene.events("prompt")[0].answer == (typed or "timeout")
    assert done[0] in operator.console.file.getvalue()


def test_many_frames_are_looked_at_once_each(scene):
    """A person may be away for an hour while the station talks."""
    looked = []
    original = scene.station.timeline.since

    def since(index, until=None):
        found = original(index, until)
        looked.append(len(found))
        return found

    scene.station.timeline.since = since

    def talk():
        for _ in range(2000):
            scene.station.repeat()
        threading.Timer(0.5, scene.station.become, ("Preparing",)).start()

    scene.desk.at(("a abort the run", talk))
    scene.actions.plug_in(1)
    assert sum(looked) < 2100
