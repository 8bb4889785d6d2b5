"""The verdict rules: what passes, and what keeps a report from being issued."""

import pytest
from synthetic import PICS, Synthetic

from octt.report.model.result import build


def result_of(*cases, plan=None, end="finished", pics=None, extra=None):
    """A run in which each (id, verdict) happened; `extra(run)` adds events before its end."""
    run = Synthetic()
    run.start(*(plan or [case for case, _ in cases]), pics=pics if pics is not None else PICS)
    run.connect()
    for case, verdict in cases:
        with run.case(case, verdict):
            run.step("something")
    if extra is not None:
        extra(run)
    if end:
        run.end(end)
    return build(run.events)


def test_all_passed_passes_and_may_be_issued():
    result = result_of(("A", "PASS"), ("B", "PASS"))
    assert (result.verdict, result.not_issuable, result.profiles[0].verdict) == ("PASS", [], "PASS")


def test_a_fail_fails_and_may_be_issued_as_such():
    result = result_of(("A", "PASS"), ("B", "FAIL"))
    assert (result.verdict, result.not_issuable) == ("FAIL", [])
    assert (result.profiles[0].verdict, result.profiles[0].reason) == ("FAIL", "B FAIL")
    assert result.profiles[0].counts == {"PASS": 1, "FAIL": 1}


@pytest.mark.parametrize("verdict", ["INCONCLUSIVE", "ERROR", "NOT APPLICABLE", "nonsense"])
def test_an_applicable_case_without_pass_or_fail_leaves_everything_open(verdict):
    result = result_of(("A", "PASS"), ("B", verdict))
    assert (result.verdict, result.profiles[0].verdict) == ("INCONCLUSIVE", "INCONCLUSIVE")
    assert result.not_issuable == [f"B applies and is {'ERROR' if verdict == 'nonsense' else verdict}."]


def test_an_applicable_case_that_was_not_run_leaves_everything_open():
    result = result_of(("A", "PASS"), plan=["A", "B"])
    assert (result.verdict, result.not_issuable) == ("INCONCLUSIVE", ["B applies and was not run."])


def test_a_fail_outweighs_what_is_open():
    assert result_of(("A", "FAIL"), ("B", "INCONCLUSIVE")).verdict == "FAIL"


def test_nothing_tested_is_no_pass():
    excluded = {"case": "A", "name": "a", "profile": "Core", "applicable": False, "reason": "no"}
    result = result_of(plan=[excluded])
    assert (result.verdict, result.profiles[0].verdict) == ("INCONCLUSIVE", "NOT APPLICABLE")
    assert result.not_issuable == ["No case was carried out."]


@pytest.mark.parametrize(
    ("end", "why"), [("interrupted", "it ended as interrupted"), ("", "without a run.end line")]
)
def test_an_incomplete_run_is_no_pass(end, why):
    result = result_of(("A", "PASS"), end=end)
    assert result.verdict == "INCONCLUSIVE"
    assert why in result.not_issuable[0]


def test_a_contradicted_answer_stops_the_report():
    def contradict(run):
        run.add("pics", item="C-04", answer=True, result="contradicted", why="no cache")

    result = result_of(("A", "PASS"), extra=contradict)
    assert (result.verdict, result.not_issuable) == ("PASS", ["PICS C-04 is contradicted: no cache."])


def test_a_declaration_that_was_not_examined_stops_the_report():
    run = Synthetic()
    run.start("A")
    with run.case("A"):
        run.step("something")
    run.add("run.end", reason="finished")
    assert build(run.events).not_issuable == ["The declaration was not cross-examined."]


def test_a_contradicted_maximum_is_said_once():
    def slow(run):
        run.call("GetConfiguration", {}, {}, seconds=3)
        run.add("pics", item="response_timeout", answer="2 seconds", result="contradicted", why="3 s", line=2)

    result = result_of(("A", "PASS"), extra=slow)
    assert result.not_issuable == ["OCPP response time: 3.000 s measured, 2 s declared at most."]
    assert [finding.kind for finding in result.findings] == ["time"]


@pytest.mark.parametrize(("seconds", "stopped"), [(1.9, False), (2.0, False), (2.1, True)])
def test_a_time_above_the_declared_maximum_stops_the_report(seconds, stopped):
    def slow(run):
        run.call("GetConfiguration", {}, {}, seconds=seconds)

    result = result_of(("A", "PASS"), extra=slow)
    expected = ["OCPP response time: 2.100 s measured, 2 s declared at most."] if stopped else []
    assert result.not_issuable == expected


def test_the_2024_forms_own_maximum_for_remote_start_counts():
    pics = {"performance": {"response_timeout": 10, "remote_start_response": 1}}

    def slow(run):
        run.call("RemoteStartTransaction", {"idTag": "T"}, {"status": "Rejected"}, seconds=3)

    result = result_of(("A", "PASS"), pics=pics, extra=slow)
    assert result.not_issuable == ["RemoteStartTransaction: 3.000 s measured, 1 s declared at most."]


def attempts(*numbers):
    run = Synthetic()
    run.start("A")
    for number in numbers:
        with run.case("A", "PASS", attempt=number):
            run.step("something")
    run.end()
    return build(run.events)


def test_attempts_on_record_are_disclosed_and_do_not_stop_the_report():
    assert attempts(1, 2, 3).not_issuable == []


@pytest.mark.parametrize(("numbers", "missing"), [((2,), "1"), ((1, 3), "2"), ((4,), "1, 2, 3")])
def test_attempts_missing_from_the_record_stop_the_report(numbers, missing):
    result = attempts(*numbers)
    assert result.not_issuable == [f"A: attempt {missing} is not on the record."]
    assert result.findings[0].kind == "evidence"


def test_a_resumed_run_that_counts_from_one_again_counts_on():
    result = attempts(1, 1)
    assert [attempt.number for attempt in result.cases[0].attempts] == [1, 2]
    assert result.not_issuable == []


def test_a_case_undecided_at_the_start_may_be_run():
    undecided = {"case": "A", "name": "a", "profile": "Core", "applicable": None, "reason": "key X"}
    assert result_of(("A", "PASS"), plan=[undecided]).not_issuable == []


def test_a_case_excluded_once_the_stations_keys_are_known_does_not_apply():
    def skip(run):
        run.add(
            "case.end", case="B", attempt=0, verdict="NOT APPLICABLE", reason="key X is missing", seconds=0
        )

    result = result_of(("A", "PASS"), plan=["A", "B"], extra=skip)
    assert (result.verdict, result.not_issuable) == ("PASS", [])
    case = result.cases[1]
    assert (case.verdict, case.applicable, case.reason, case.attempts) == (
        "NOT APPLICABLE",
        False,
        "key X is missing",
        [],
    )


def overruled(**fields):
    return result_of(("A", "FAIL"), extra=lambda run: run.add("override", case="A", **fields))


def test_an_override_counts_and_is_disclosed():
    result = overruled(verdict="PASS", by="operator", why="the cable was loose")
    assert (result.verdict, result.not_issuable) == ("PASS", [])
    [override] = result.overrides
    assert (override.case, override.before, override.verdict) == ("A", "FAIL", "PASS")
    assert [finding.kind for finding in result.findings] == ["override"]


@pytest.mark.parametrize("fields", [{"by": "", "why": "because"}, {"by": "operator", "why": " "}])
def test_an_override_without_name_or_reason_stops_the_report(fields):
    assert overruled(verdict="PASS", **fields).not_issuable == [
        "A was overruled to PASS without a name and a reason."
    ]


def test_an_override_does_not_outlive_the_next_attempt():
    def again(run):
        run.add("override", case="A", verdict="PASS", by="operator", why="the cable was loose")
        with run.case("A", "FAIL", attempt=2):
            run.step("something", "fail")

    result = result_of(("A", "FAIL"), extra=again)
    assert result.cases[0].verdict == "FAIL"
    assert len(result.overrides) == 1


def test_a_case_run_although_excluded_is_said():
    excluded = {"case": "A", "name": "a", "profile": "Core", "applicable": False, "reason": "no"}
    result = result_of(("A", "PASS"), plan=[excluded])
    assert result.not_issuable == ["A was carried out although the declaration excludes it."]


def test_a_breach_outside_any_case_stops_the_report_and_a_remark_does_not():
    def outside(run):
        for line in (3, 4):
            broken = {"fault": "a bad status,", "severity": "violation", "cite": "4.9"}
            run.add("remark", text=f"a bad status, {line}", by="monitor", **broken)
        run.add("remark", text="odd", by="monitor", severity="remark")

    result = result_of(("A", "PASS"), extra=outside)
    assert result.not_issuable == ["Outside any case the station broke the protocol: a bad status, 3."]
