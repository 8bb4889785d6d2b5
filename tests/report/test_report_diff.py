"""Two runs compared: what is a regression, what moved, what is shown."""

import io
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from rich.console import Console
from synthetic import BOOT, HOSTILE, Synthetic, failing_run, passing_run

from octt.commands.report import diff as command
from octt.report.diff import terminal
from octt.report.diff.compare import as_json, compare
from octt.report.html.diff import page as page_of
from octt.report.model.result import build


def make(
    verdict="PASS", *, remark=None, seconds=1.0, heartbeat="300", response=0.1, firmware="1.2", cases=("A",)
):
    run = Synthetic()
    run.start(*cases)
    run.request("BootNotification", {**BOOT, "firmwareVersion": firmware}, {})
    run.add(
        "config", when="before", keys=[{"key": "HeartbeatInterval", "value": heartbeat, "readonly": False}]
    )
    for case in cases:
        with run.case(case, verdict):
            run.call("GetConfiguration", {}, {}, seconds=response)
            run.step("it answers", seconds=seconds, limit=5.0)
            if remark:
                run.add("remark", text=remark, by="script")
    run.end()
    return run


def difference(a, b, **options):
    return compare(build(a.events), build(b.events), **options)


def test_a_run_is_the_same_as_itself():
    for run in (passing_run(), failing_run()):
        found = difference(run, run)
        assert found.same
        assert found.regressions == []


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("PASS", "FAIL", "regression"),
        ("PASS", "INCONCLUSIVE", "regression"),
        ("PASS", "NOT APPLICABLE", "regression"),
        ("INCONCLUSIVE", "FAIL", "regression"),
        ("NOT APPLICABLE", "FAIL", "regression"),
        ("FAIL", "PASS", "improvement"),
        ("ERROR", "PASS", "improvement"),
        ("FAIL", "INCONCLUSIVE", "other"),
        ("INCONCLUSIVE", "ERROR", "other"),
    ],
)
def test_what_a_change_of_verdict_is(before, after, kind):
    [change] = difference(make(before), make(after)).verdicts
    assert (change.case, change.before, change.after, change.kind) == ("A", before, after, kind)


def test_what_only_one_run_is_about_is_listed_and_no_change():
    """A part beside a whole run: what was not chosen got neither worse nor better, and times are not comparable."""
    found = difference(make(cases=("A", "B")), make(cases=("A", "C"), response=1.9))
    assert (found.verdicts, found.regressions, found.times) == ([], [], [])
    assert (found.only_a, found.only_b, found.compared) == (["B"], ["C"], 1)
    data = orjson.loads(as_json(found))
    assert (data["regressions"], data["only_a"], data["only_b"]) == (0, ["B"], ["C"])
    assert "Tested in A only" in page_of(found)
    output = io.StringIO()
    terminal.show(found, Console(file=output, width=200))
    assert "tested in A only, not chosen in B: 1 (B)" in output.getvalue()


def test_a_failure_of_a_chosen_case_is_still_a_regression():
    found = difference(make(cases=("A", "B")), make("FAIL", cases=("A",)))
    assert [(change.case, change.kind) for change in found.verdicts] == [("A", "regression")]


def test_a_case_that_an_interrupted_run_did_not_come_to_is_no_regression():
    whole, interrupted = make(cases=("A", "B")), make(cases=("A",))
    interrupted.change(0, plan=whole.events[0].plan)
    [change] = difference(whole, interrupted).verdicts
    assert (change.case, change.after, change.kind) == ("B", "NOT RUN", "other")


def test_a_case_tested_in_neither_run_is_no_difference():
    less = make()
    more = Synthetic()
    excluded = {"case": "C", "name": "c", "profile": "Core", "applicable": False, "reason": "no"}
    more.start("A", "B", excluded)
    more.events += make().events[1:]
    assert difference(less, more).verdicts == difference(more, less).verdicts == []


def test_remarks_new_and_gone():
    found = difference(make(remark="old one"), make(remark="new one"))
    assert [(remark.text, remark.new) for remark in found.remarks] == [("new one", True), ("old one", False)]


@pytest.mark.parametrize(
    ("seconds", "threshold", "moved"), [(1.3, 20, True), (1.1, 20, False), (1.1, 5, True), (0.5, 20, True)]
)
def test_times_move_by_more_than_the_threshold(seconds, threshold, moved):
    found = difference(make(), make(seconds=seconds), percent=threshold)
    assert [(time.where, time.before, time.after) for time in found.times] == (
        [("A", 1.0, seconds)] if moved else []
    )
    assert len(found.slower) == (moved and seconds > 1)


def test_a_few_milliseconds_are_noise_and_a_broken_limit_is_said():
    assert difference(make(response=0.001), make(response=0.04)).times == []
    found = difference(make(), make(seconds=6.0, response=2.5))
    assert [(time.what, time.over_limit) for time in found.times] == [
        ("average", False),
        ("maximum", True),
        ("average", False),
        ("maximum", True),
        ("1 it answers", True),
    ]


def test_configuration_changes():
    [change] = difference(make(), make(heartbeat="60")).configuration
    assert (change.name, change.before, change.after) == ("HeartbeatInterval", "300", "60")


def test_the_views_say_it_and_let_nothing_through():
    found = difference(make(remark="old"), make("FAIL", remark=HOSTILE, firmware=HOSTILE, heartbeat=HOSTILE))
    page = page_of(found)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "1 regression" in page
    output = io.StringIO()
    terminal.show(found, Console(file=output, width=200))
    shown = output.getvalue()
    assert "1 regression; verdicts changed: 1 of 1" in shown
    assert "\x1b" not in shown
    assert "\x00" not in shown
    data = orjson.loads(as_json(found))
    assert (data["regressions"], data["b"]["firmware"]) == (1, HOSTILE)


def folders(root: Path, *runs):
    for name, run in zip("ab", runs, strict=True):
        (root / name).mkdir()
        run.write(root / name / "record.jsonl")
        yield root / name


@pytest.mark.parametrize(
    ("after", "fail_on", "code"),
    [
        (make("FAIL"), None, 0),
        (make("FAIL"), "regression", 1),
        (make(seconds=4.0), "regression", 0),
        (make(seconds=4.0), "slower", 1),
        (make(seconds=0.1), "slower", 0),
        (make(seconds=0.1), "any", 1),
        (make(), "any", 0),
    ],
)
def test_the_exit_code_is_a_gate(tmp_path, after, fail_on, code):
    a, b = folders(tmp_path, make(), after)
    page = tmp_path / "diff.html"
    arguments = [str(a), str(b), "--json", "--html", str(page)] + (["--fail-on", fail_on] if fail_on else [])
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == code
    assert orjson.loads(result.output)["a"]["folder"] == "a"
    assert page.read_text().startswith("<!doctype html>")


def test_a_folder_without_a_record_is_bad_usage(tmp_path):
    a, b = folders(tmp_path, make(), make())
    (b / "record.jsonl").unlink()
    result = CliRunner().invoke(command, [str(a), str(b)])
    assert result.exit_code == 2
    assert "give the folder of a run" in result.output
