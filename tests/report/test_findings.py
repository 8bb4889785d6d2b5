"""Findings: one cause is one, its title is the fault, what is ours stands apart, and what to mend first comes first."""

from __future__ import annotations

import pytest

from octt.report.model.findings.faults import fault, same
from octt.report.model.result import build
from octt.report.ticket import reproduce, ticket
from tests.report.synthetic import Synthetic, failing_run


def findings(run, group=None):
    run.end()
    return [finding for finding in build(run.events).findings if group in (None, finding.group)]


def told(run, group="station"):
    return [(finding.title, finding.cases) for finding in findings(run, group)]


@pytest.mark.parametrize(
    ("what", "actual", "title"),
    [
        (
            "StopTransaction.req with transactionId = 1956907562, reason = Remote",
            "StopTransaction came, but reason is 'Local', should be Remote",
            "StopTransaction.req: reason is 'Local', should be Remote",
        ),
        (
            "StatusNotification.req with connectorId = 1, status = Available or Finishing",
            "it did not come within 2.5 s; instead came Heartbeat.req()",
            "StatusNotification.req (connectorId 1, status Available or Finishing) does not come",
        ),
        (
            "StopTransaction.req with transactionId = 7 or StatusNotification.req with connectorId = 1",
            "it did not come within 2 s; nothing else came",
            "StopTransaction.req or StatusNotification.req (connectorId 1) does not come",
        ),
        (
            "StatusNotification.req with connectorId = 1, status = Faulted",
            "it did not come within 2 s; nearest was: StatusNotification came, but connectorId is 0, should be 1",
            "StatusNotification.req (connectorId 1, status Faulted) does not come",
        ),
        (
            "a reply to UnlockConnector",
            "no reply within 2 s; SendLocalList.conf() came",
            "UnlockConnector.req is not answered in time",
        ),
        (
            "a reply to Reset",
            "the connection ended 0.013 s after the request, before a reply",
            "the connection ends before Reset.req is answered",
        ),
        (
            "no Authorize and no StopTransaction",
            "the station sent StopTransaction.req(meterStop=1000, reason=Local)",
            "StopTransaction comes and must not",
        ),
        (
            "no StatusNotification with connectorId = 1, status = anything but Unavailable",
            "the station sent StatusNotification.req(connectorId=1, errorCode=NoError, status=Available)",
            "StatusNotification Available comes and must not",
        ),
        ("no Authorize.req", "it came", "Authorize.req comes and must not"),
        (
            "no StartTransaction that the scenario does not bring about",
            "the station sent StartTransaction.req(connectorId=1)",
            "a StartTransaction that the scenario does not bring about",
        ),
        (
            "BootNotification.req after 1 s",
            "it came after 0.32 s, 1 s were due",
            "BootNotification.req comes too early",
        ),
        (
            "Heartbeat.req",
            "it came after 3.0 s, allowed are 2 s",
            "Heartbeat.req comes too late",
        ),
        (
            "StopTransaction.req with reason = Local",
            "it came before its turn: StopTransaction.req(reason=Local)",
            "StopTransaction.req (reason Local) comes before its turn",
        ),
        (
            "ClearCache.conf with status = Accepted",
            "status is 'Rejected', should be Accepted",
            "ClearCache.conf: status is 'Rejected', should be Accepted",
        ),
        (
            "DataTransfer.conf with status = Rejected or UnknownVendorId",
            "the station answered CALLERROR InternalError",
            "DataTransfer.conf: CALLERROR InternalError instead",
        ),
        (
            "the station to connect",
            "it did not within 6 s (no attempt was seen)",
            "the station does not connect",
        ),
        (
            "readonly as the specification says",
            "ConnectionTimeOut is read-only",
            "ConnectionTimeOut is read-only; expected: readonly as the specification says",
        ),
        (
            "meterValue.timestamp 2 s after the one before",
            "2026-11-26T11:38:24.813Z is 6 s after 2026-11-26T11:38:18.813Z",
            "not so: meterValue.timestamp 2 s after the one before",
        ),
        ("it works", "", "not so: it works"),
    ],
)
def test_the_title_is_the_fault(what, actual, title):
    assert fault(what, actual) == title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("meterStop 900 Wh is below 1000 Wh (line 126)", "meterStop 903.5 Wh is below 1003 Wh (line 687)"),
        ("a time 2026-01-01T10:00:00 has no zone", "a time 2026-01-01T10:00:01.250 has no zone"),
        ("certificate 5c4d2e91 is wrong", "certificate 83ab43aa0f is wrong"),
        ("late: Heartbeat.req(at=1)", "late: Heartbeat.req(at=2, more=x)"),
    ],
)
def test_numbers_times_and_ids_make_no_other_fault(one, other):
    assert same(one) == same(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("reason is 'Local', should be Remote", "reason is 'Other', should be Remote"),
        (
            "unasked: StatusNotification.req(status=Charging)",
            "unasked: StatusNotification.req(status=Faulted)",
        ),
    ],
)
def test_another_word_makes_another_fault(one, other):
    assert same(one) != same(other)


def test_the_same_failure_in_several_cases_is_one_finding():
    run = Synthetic()
    run.start("A", "B", "C")
    for case, what in (("A", "first"), ("B", "second"), ("C", "second")):
        with run.case(case, "FAIL"):
            run.step(what, "fail", actual="nothing came")
    found = findings(run, "station")
    assert [(finding.title, finding.cases, finding.count) for finding in found] == [
        ("nothing came; expected: second", ("B", "C"), 2),
        ("nothing came; expected: first", ("A",), 1),
    ]


def test_ids_and_times_do_not_make_one_failure_many():
    run = Synthetic()
    run.start("A", "B", "C", "D")
    for number, case in enumerate("ABCD"):
        reason = "Other" if case == "D" else "Local"
        what = f"StopTransaction.req with transactionId = {number}, reason = {reason}"
        actual = f"it did not come within {number}.5 s; instead came Heartbeat.req(at={number})"
        with run.case(case, "FAIL"):
            run.step(what, "fail", step=str(number), actual=actual, cite=f"test-case document 2.{number}")
    found = findings(run, "station")
    assert [(finding.cases, finding.step) for finding in found] == [(("A", "B", "C"), ""), (("D",), "3")]
    assert found[0].title == "StopTransaction.req (reason Local) does not come"
    assert [place.step for place in found[0].places] == ["0", "1", "2"]


def test_a_fault_is_one_whatever_verdict_it_led_to():
    run = Synthetic()
    run.start("A", "B")
    step = {"actual": "status is 'Rejected', should be Accepted", "step": "2"}
    with run.case("A", "INCONCLUSIVE", blame="station"):
        run.step("ClearCache.conf with status = Accepted", "fail", phase="setup", **step)
    with run.case("B", "FAIL"):
        run.step("ClearCache.conf with status = Accepted", "fail", **step)
    [found] = findings(run, "station")
    assert (found.kind, found.cases) == ("fail", ("A", "B"))


def failing_with_status(*wanted):
    run = Synthetic()
    run.start(*(f"C{index}" for index in range(len(wanted))))
    for index, statuses in enumerate(wanted):
        with run.case(f"C{index}", "FAIL"):
            what = f"StatusNotification.req with connectorId = 1, status = {statuses}"
            run.step(what, "fail", actual="it did not come within 2 s; nothing else came")
    return run


def test_a_status_that_does_not_come_is_one_fault_also_where_another_would_do():
    found = told(failing_with_status("Available or Finishing", "Finishing", "Finishing or Preparing"))
    assert found == [
        ("StatusNotification.req (connectorId 1, status Finishing) does not come", ("C1", "C0", "C2"))
    ]


def test_where_either_of_two_could_be_the_missing_one_nothing_is_guessed():
    found = told(failing_with_status("Available", "Finishing", "Available or Finishing"))
    assert [cases for _, cases in found] == [("C0",), ("C1",), ("C2",)]


def test_a_rule_and_a_step_that_saw_the_same_frame_are_one_finding():
    run = Synthetic()
    run.start("A", "B")
    problem = "status is 'Off', which is no status"
    for case in "AB":
        with run.case(case, "FAIL"):
            line = run.request("StatusNotification", {"connectorId": 1}, {})
            if case == "A":
                run.step("StatusNotification.req", "fail", actual=f"{problem}; x is missing", closest=line)
            breach = {"fault": "StatusNotification.req breaks its schema", "frame": line, "cite": "6"}
            text = f"StatusNotification.req breaks its schema: {problem}"
            run.add("remark", by="monitor", severity="violation", text=text, **breach)
    [found] = findings(run, "station")
    assert (found.title, found.cases) == ("StatusNotification.req breaks its schema", ("A", "B"))


def test_a_monitors_violation_is_the_finding_of_a_case_whose_steps_passed():
    run = Synthetic()
    run.start("A", "B")
    with run.case("A", "FAIL", reason="the steps passed, but the meter ran backwards"):
        run.step("it works")
        meter = {"text": "the meter ran backwards", "frame": 2, "cite": "4.7"}
        run.add("remark", by="monitor", severity="violation", **meter)
    with run.case("B", "FAIL"):
        run.step("it works", "fail", actual="no")
        run.add("remark", text="the clock is wrong", by="monitor", severity="violation")
    assert [(finding.kind, finding.title, finding.cases) for finding in findings(run, "station")] == [
        ("fail", "the meter ran backwards", ("A",)),
        ("fail", "no; expected: it works", ("B",)),
        ("station", "the clock is wrong", ("B",)),
    ]


def test_a_remark_in_every_frame_is_one_finding_that_counts():
    run = Synthetic()
    run.start("A", "B")
    for case in "AB":
        with run.case(case):
            for second in range(20):
                told = f"a time without zone: 2026-01-01T10:00:{second:02}"
                run.add("remark", text=told, fault="a time without zone", by="monitor", severity="remark")
    [found] = findings(run)
    assert (found.title, found.count, found.cases) == ("a time without zone", 40, ("A", "B"))


def test_what_only_follows_from_a_failed_step_is_no_finding_of_its_own():
    run = Synthetic()
    run.start("A", "B")
    with run.case("A", "FAIL"):
        good = run.request("Heartbeat", {}, {})
        run.step("Heartbeat.req", frame=good)
        wrong = run.request("StopTransaction", {}, {})
        after = run.request("StatusNotification", {}, {})
        run.step("StopTransaction.req", "fail", actual="StopTransaction came, but no", closest=wrong)
        for line in (wrong, after):
            run.add("remark", text="not asked for by any step: x", frame=line, by="script")
    with run.case("B", "FAIL"):
        early = run.request("Heartbeat", {}, {})
        run.step("Heartbeat.req", frame=run.request("Heartbeat", {}, {}))
        run.step("it works", "fail", actual="no")
        run.add("remark", text="not asked for by any step: early", frame=early, by="script")
    assert told(run, "remark") == [("not asked for by any step: early", ("B",))]


def test_a_silent_call_is_told_once():
    run = Synthetic()
    run.start("A")
    with run.case("A", "FAIL"):
        run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
        run.step("a reply to Reset", "fail", actual="no reply within 2 s", wait=3)
    run.frame("out", [2, "y", "ClearCache", {}], "ClearCache")
    run.add("prompt", text="wait", answer="done", seconds=3, wait=3)
    found = findings(run)
    assert [(finding.title, finding.detail) for finding in found if finding.kind != "time"] == [
        ("Reset.req is not answered in time", "no reply within 2 s"),
        ("Calls of the Central System were not answered", "ClearCache 1×"),
    ]


def test_what_is_ours_stands_apart_and_is_ours_to_mend():
    run = Synthetic()
    run.start("A", "B", "C", "D")
    with run.case("A"):
        run.add("changed", what="certificate", name="root", before=None, after="CN=Lab", restored=False)
        run.add("changed", what="firmware", name="firmwareVersion", before="1.0", after="1.0", restored=False)
        run.add("remark", text="not restored when the case ended: the list", by="tool")
    with run.case("B", "INCONCLUSIVE", blame="operator", reason="the card was not presented"):
        run.step("a card is presented", "fail", phase="setup", actual="cannot")
    with run.case("C", "ERROR", blame="tool", reason="KeyError: 'x'"):
        run.step("it works")
    run.add("remark", text="left at the station: the password", by="tool")
    found = findings(run)
    assert {finding.group for finding in found} == {"ours"}
    assert [(finding.kind, finding.title, finding.blame) for finding in found] == [
        ("error", "KeyError: 'x'", "tool"),
        ("inconclusive", "cannot; expected: a card is presented", "operator"),
        ("not run", "Applicable cases were not run", ""),
        ("tool", "the certificate root is not as it was before", "tool"),
        ("tool", "not restored when the case ended: the list", "tool"),
        ("tool", "to be put back: the password", "tool"),
    ]


def test_what_stays_at_the_station_is_told_once_with_the_cases_that_left_it():
    run = Synthetic()
    run.start("A", "B")
    config = [{"key": "Interval", "value": "60", "readonly": False}]
    run.add("config", when="before", keys=config, unknown=[])
    with run.case("A"):
        for what, name, after in (
            ("configuration", "Interval", "10"),
            ("configuration", "Interval2", "7"),
            ("cable", "connector 1", "in"),
        ):
            run.add("changed", what=what, name=name, before=None, after=after, restored=False)
        run.add("remark", text="not restored when the case ended: Interval = 60: no reply", by="tool")
        run.add(
            "remark", text="not restored when the case ended: the cable of connector 1: nobody", by="tool"
        )
    with run.case("B"):
        run.add("remark", text="not restored when the case ended: Interval = 60: no reply", by="tool")
    run.add("remark", text="not restored at the end of the run: Interval = 60: no reply", by="tool")
    for undo, why in (("Interval = 60", "no reply"), ("the cable of connector 1", "nobody (there)")):
        told = f"left at the station: {undo}"
        run.add("remark", text=f"{told} ({why})", fault=told, by="tool")
    run.add("config", when="after", keys=[{**config[0], "value": "10"}], unknown=[])
    assert [(one.title, one.detail, one.cases) for one in findings(run, "ours")] == [
        ("to be put back: Interval = 60", "no reply", ("A", "B")),
        ("to be put back: the cable of connector 1", "nobody (there)", ("A",)),
        ("the configuration key Interval2 is not as it was before", "before: nothing, now: 7", ("A",)),
    ]


def test_a_failure_while_restoring_decides_nothing():
    run = Synthetic()
    run.start("A")
    with run.case("A", "INCONCLUSIVE", blame="network", reason="the connection was lost"):
        run.step("SendLocalList.conf", "fail", phase="restore", actual="no reply within 2 s")
    [found] = findings(run)
    assert (found.title, found.group) == ("the connection was lost", "ours")


def test_what_to_mend_first_is_what_fails_most_cases_and_core_before_the_rest():
    run = Synthetic()
    plan = [("A", "Reservation"), ("B", "Core"), ("C", "Reservation"), ("D", "Reservation")]
    run.start(*({"case": case, "name": "", "profile": profile, "applicable": True} for case, profile in plan))
    for case, what in (("A", "one"), ("B", "two"), ("C", "three"), ("D", "three")):
        with run.case(case, "FAIL"):
            run.step(what, "fail", actual="no")
    run.add("pics", item="C-08", answer="Yes", result="contradicted", why="no local stop", line=7)
    assert [finding.title.partition("expected: ")[2] for finding in findings(run)[:3]] == [
        "three",
        "two",
        "one",
    ]


def test_many_contradicted_keys_are_one_finding():
    run = Synthetic()
    run.start("A")
    for number in range(5):
        item = f"configuration_keys.Key{number}"
        run.add("pics", item=item, answer="1", result="contradicted", why=f"Key{number} is 2", line=2)
    [found] = [finding for finding in findings(run) if finding.kind == "pics"]
    assert found.title == "The declaration is contradicted: 5 configuration keys are not as declared"
    assert "Key0 is 2; Key1 is 2" in found.detail


def test_a_fault_has_the_same_name_in_every_run():
    names = []
    for transaction in (7, 8):
        run = Synthetic()
        run.start("A")
        with run.case("A", "FAIL"):
            what = f"StopTransaction.req with transactionId = {transaction}"
            run.step(what, "fail", actual=f"it did not come within {transaction} s")
        names.append(findings(run, "station")[0].name)
    assert names[0] == names[1]
    assert len(names[0]) == 10


def test_a_ticket_says_all_that_its_reader_needs():
    result = build(failing_run().events)
    finding = result.findings[0]
    text = ticket(finding, result)
    for part in (
        finding.title[:20],
        "Station: Vendor Model-1, software 1.2.0",
        "Serial number: SN-0001",
        "Expected: the station reports Preparing",
        "Required by OCPP 1.6 § 4.9 (Status notification): Each change",
        "Seen: TC_003_CS step 3",
        "Frame from the station at 10:00:",
        '"StatusNotification"',
        "octt run --bench BENCH.toml --pics PICS.toml --case TC_003_CS",
        "Found with octt 0.1.0",
    ):
        assert part.replace("<script>", "") in text, part
    assert "\x1b" not in text


def test_nobody_is_told_to_run_again_what_is_not_the_stations():
    result = build(failing_run().events)
    assert [bool(reproduce(finding)) for finding in result.findings if finding.cases] == [
        finding.group == "station" and finding.kind != "pics" for finding in result.findings if finding.cases
    ]
