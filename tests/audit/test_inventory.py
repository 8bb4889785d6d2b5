"""The inventory of what is measured: it is current, and it and the catalogue say the same of every case."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from octt import paths
from octt.audit.inventory import items, kinds_of, marked, page, plain
from octt.record.events import Acted, AnswerArmed, FrameSeen, StepDecided
from octt.record.words import ActionPhase, Outcome, Phase
from octt.suite.catalogue import load_catalogue
from tests import inventory
from tests.campaign import SAME

PAGE = paths.TESTCASES / "inventory.md"
DOCUMENTED = re.compile(r"(\w+\.)?\d+|result|implied")
"""How the document numbers a step; behind a "/" stands a state's step, or one of several things of the same kind."""

ELSEWHERE = {("TC_032_2_CS", "7"): "judged in step 3 where the status comes before StopTransaction"}
UNUSED = {"TC_032_2_CS": {"present_id_tag"}}
"""What only another station than the simulated one makes necessary: here one that resumes the transaction."""

TIDYING = {"unplug", "clear_fault", "free_lock", "repair_list_storage", "power_on"}


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == inventory.text(inventory.inventory(6)), "make inventory"


@pytest.fixture(scope="module")
def rows():
    """The committed page: (phase, step, what) of each case."""
    found = defaultdict(list)
    for block in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        for line in block.splitlines():
            if line.startswith("| ") and not line.startswith("| phase"):
                found[block.split()[0]].append([cell.strip() for cell in line.split("|")[1:4]])
    return found


def labels(rows, *, phase=None):
    return {step for of, step, what in rows if step and not what.startswith("*") and phase in (None, of)}


CASES = pytest.mark.parametrize("case", load_catalogue().values(), ids=lambda case: case.id)


@CASES
def test_every_check_of_the_catalogue_is_judged(case, rows):
    judged = labels(rows[case.id])
    for check in case.checks:
        label = check.partition(": ")[0]
        label = SAME.get((case.id, label), label)
        assert (case.id, label) in ELSEWHERE or any(
            one == label or one.startswith(f"{label}/") for one in judged
        )


@CASES
def test_every_step_that_is_judged_is_one_of_the_document(case, rows):
    for label in labels(rows[case.id], phase="test"):
        assert DOCUMENTED.fullmatch(label.partition("/")[0])


@CASES
def test_the_driver_does_what_the_catalogue_says_that_a_case_needs(case, rows):
    done = {what[len("*driver: ") : -1] for *_, what in rows[case.id] if what.startswith("*driver: ")}
    assert done <= set(case.needs)
    assert set(case.needs) - done <= TIDYING | UNUSED.get(case.id, set())


def test_a_limit_is_told_by_the_kinds_it_is_made_of():
    marks = marked(("reply", "boot", "install"), seconds=3)
    assert kinds_of(marks["boot"], marks) == "boot"
    assert kinds_of(marks["boot"] + marks["install"], marks) == "boot + install"
    assert kinds_of(5 + marks["reply"], marks) == "interval + reply"
    assert kinds_of(5, marks) == "interval"


def step(what, label="1", outcome=Outcome.OK, phase=Phase.TEST, **more):
    return StepDecided(step=label, what=what, outcome=outcome, phase=phase, **more)


def test_a_case_is_told_in_its_order_without_what_another_run_says_otherwise():
    def plug_in(phase):
        return Acted(action="plug_in", params={"connector": 1}, driver="simulated", phase=phase)

    invalid = {"idTagInfo": {"status": "Invalid"}}
    events = [
        AnswerArmed(action="Authorize", times=2, when={"idTag": "A"}, payload=invalid),
        plug_in(ActionPhase.ASKED),
        plug_in(ActionPhase.DONE),
        step("we send RemoteStopTransaction.req", "", Outcome.INFO),
        step("StopTransaction.req with transactionId = 4711, reason = Remote", any_order=True),
        step("perhaps BootNotification.req", "3", Outcome.SKIPPED, cite="OCPP 1.6 5.14"),
        step("Heartbeat.req", "5"),
        step("Heartbeat.req", "5"),
        step("0.7 s pass: watching", "", Outcome.INFO),
        step("the connectors are free", "", phase=Phase.RESTORE),
        step("never reached", "9"),
    ]
    found = [(i.label, i.what, i.how, i.cite, i.judged, i.times) for i in items(events, {}, "2.5")]
    armed = "from now on we answer Authorize with idTagInfo = (status = Invalid), where idTag = A, 2 times"
    stop = "StopTransaction.req with transactionId = …, reason = Remote"
    assert found == [
        ("", armed, "", "", False, 1),
        ("", "driver: plug_in", "", "", False, 1),
        ("", "we send RemoteStopTransaction.req", "", "", False, 1),
        ("1", stop, "in any order", "document 2.5", True, 1),
        ("3", "BootNotification.req", "optional", "OCPP 1.6 5.14", True, 1),
        ("5", "Heartbeat.req", "", "document 2.5", True, 2),
        ("", "… s pass: watching", "", "", False, 1),
    ]


def test_what_all_cases_begin_with_is_told_once():
    first = items([step("the station connects", ""), step("A.req"), step("B.req", "2")], {})
    second = items([step("the station connects", ""), step("C.req")], {})
    text = page({"TC_1": ("One", first), "TC_2": ("Two", second)})
    assert text.count("the station connects") == 1
    assert "\n## TC_1 One\n\n| phase" in text
    assert text.index("the station connects") < text.index("## TC_1 One") < text.index("A.req")


def test_numbers_that_belong_to_what_is_asked_stay():
    assert plain("connectorId = 2, value = 86400 | x") == "connectorId = 2, value = 86400 / x"
    assert plain("reservationId = 12") == "reservationId = …"


def test_an_event_of_another_kind_is_no_item():
    frame = FrameSeen(connection=1, dir="in", type="CALL", id="1", action="Heartbeat", problems=[], raw="[]")
    assert items([frame], {}) == []
