"""A folder of runs as a history: found at any depth, firmwares in order, better and worse, doubtful, best, trends."""

from __future__ import annotations

import io
import os
import re
import shutil
import sqlite3
from xml.etree import ElementTree

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from octt.commands.history import history as command
from octt.history.index import FILE, HistoryError, Index
from octt.history.outputs import show
from octt.history.page import page
from octt.history.products import Firmware, Product, products, version_key
from octt.history.reading import CaseResult, RunResult, Time
from octt.history.trend import trend
from tests.report.synthetic import BOOT, HOSTILE, PICS, TOOL, Synthetic

DAY = 86_400_000_000_000


def record(
    folder, verdicts, *, firmware="1.0", day=0, not_chosen=(), tool="0.1.0", end=True, response=0.1, **more
):
    """A run: its cases by verdict; `more` are fields of BootNotification."""
    run = Synthetic()
    run.now = day * DAY
    others = [{"case": case, "name": "", "profile": "Core", "applicable": True} for case in not_chosen]
    run.start(*verdicts, not_chosen=others, tool={**TOOL, "version": tool}, pics=PICS)
    run.request("BootNotification", {**BOOT, "firmwareVersion": firmware, **more}, {})
    run.call("GetConfiguration", {}, {}, seconds=response)
    for case, verdict in verdicts.items():
        if verdict == "NOT RUN":
            continue
        with run.case(case, verdict):
            wrong = {"actual": "status is 'Rejected', should be Accepted"} if verdict == "FAIL" else {}
            run.step("Reset.conf with status = Accepted", "fail" if wrong else "ok", **wrong)
    if end:
        run.end()
    folder.mkdir(parents=True, exist_ok=True)
    return run.write(folder / "record.jsonl")


def history_of(root):
    index = Index(root)
    index.update()
    found = products(index.runs())
    index.close()
    return found


def test_runs_are_found_at_any_depth_and_ordered_by_firmware(tmp_path):
    record(tmp_path / "a", {"A": "PASS"}, firmware="1.10")
    record(tmp_path / "b/c/d", {"A": "PASS"}, firmware="1.9", day=1)
    record(tmp_path / "b/e", {"A": "PASS"}, firmware="1.9", day=2)
    record(tmp_path / "other", {"A": "PASS"}, chargePointModel="Another")
    found = history_of(tmp_path)
    assert [product.name for product in found] == ["Vendor Another", "Vendor Model-1"]
    assert [(one.version, [run.folder for run in one.runs]) for one in found[1].firmwares] == [
        ("1.9", ["b/c/d", "b/e"]),
        ("1.10", ["a"]),
    ]


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [("1.9", "1.10"), ("1.2.0", "1.2.0.1"), ("V2.1.9", "V2.1.29"), ("1.0-beta", "1.0-rc"), ("", "0.1")],
)
def test_versions_are_ordered_by_their_numbers(smaller, larger):
    assert version_key(smaller) < version_key(larger)


@given(st.text(), st.text())
def test_any_two_versions_can_be_ordered(one, other):
    assert (version_key(one) < version_key(other)) or (version_key(other) <= version_key(one))


def test_what_got_better_and_worse_from_one_firmware_to_the_next(tmp_path):
    before = {"A": "PASS", "B": "FAIL", "C": "PASS", "D": "FAIL", "E": "PASS"}
    after = {"A": "FAIL", "B": "PASS", "C": "INCONCLUSIVE", "D": "INCONCLUSIVE", "E": "PASS"}
    record(tmp_path / "a", before, firmware="1")
    record(tmp_path / "b", after, firmware="2", day=1)
    [(_, _, moves)] = history_of(tmp_path)[0].moves
    assert [(move.case, move.kind) for move in moves] == [
        ("A", "worse"),
        ("C", "worse"),
        ("D", "other"),
        ("B", "better"),
    ]
    assert moves[0].fault == "Reset.conf: status is 'Rejected', should be Accepted"


def test_a_run_of_chosen_cases_counts_for_what_it_carried_out_and_is_never_the_best(tmp_path):
    record(tmp_path / "a", {"A": "FAIL", "B": "PASS"}, firmware="2")
    record(tmp_path / "b", {"A": "PASS"}, firmware="2", day=1, not_chosen=["B"])
    [firmware] = history_of(tmp_path)[0].firmwares
    assert {case.id: case.verdict for case in firmware.verdicts.values()} == {"A": "PASS", "B": "PASS"}
    assert firmware.best.folder == "a"
    assert firmware.runs[1].part == "only chosen cases were run"


def test_the_best_complete_run_has_the_fewest_failures_and_nothing_open(tmp_path):
    record(tmp_path / "two", {"A": "FAIL", "B": "FAIL"})
    record(tmp_path / "one", {"A": "FAIL", "B": "PASS"}, day=1)
    record(tmp_path / "later", {"A": "PASS", "B": "FAIL"}, day=2)
    record(tmp_path / "open", {"A": "PASS", "B": "INCONCLUSIVE"}, day=3)
    record(tmp_path / "not run", {"A": "PASS", "B": "NOT RUN"}, day=4)
    record(tmp_path / "broken off", {"A": "PASS", "B": "PASS"}, day=5, end=False)
    record(tmp_path / "too slow", {"A": "PASS", "B": "FAIL"}, day=6, response=2.5)
    [firmware] = history_of(tmp_path)[0].firmwares
    assert firmware.best.folder == "later"


def test_a_run_that_was_broken_off_counts_for_what_it_carried_out(tmp_path):
    record(tmp_path / "a", {"A": "PASS", "B": "NOT RUN"}, end=False)
    [firmware] = history_of(tmp_path)[0].firmwares
    assert [case.id for case in firmware.verdicts.values()] == ["A"]
    assert firmware.best is None
    assert firmware.runs[0].part.startswith("broken off: ")


def test_other_folders_and_files_are_no_runs(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/record.txt").write_text("not ours")
    (tmp_path / "b/record.jsonl").mkdir(parents=True)
    assert [run.folder for run in history_of(tmp_path)[0].runs] == ["a"]


def test_a_case_that_changes_without_a_change_of_firmware_is_doubtful(tmp_path):
    record(tmp_path / "a", {"A": "PASS", "B": "PASS", "C": "NOT RUN"}, firmware="1")
    record(tmp_path / "b", {"A": "FAIL", "B": "PASS", "C": "PASS"}, firmware="1", day=1)
    record(tmp_path / "c", {"A": "PASS", "B": "FAIL", "C": "PASS"}, firmware="2", day=2)
    record(tmp_path / "d", {"A": "PASS", "B": "PASS", "C": "PASS"}, firmware="2", day=3, tool="0.2.0")
    doubts = history_of(tmp_path)[0].doubts
    assert [(doubt.case, doubt.firmware, doubt.other_tool) for doubt in doubts] == [
        ("A", "1", False),
        ("B", "2", True),
    ]
    assert doubts[0].verdicts == (("a", "PASS"), ("b", "FAIL"))


def test_only_what_changed_is_read_again_and_what_is_gone_is_forgotten(tmp_path):
    for name in ("a", "b", "c"):
        record(tmp_path / name, {"A": "PASS"}, day=ord(name))
    index = Index(tmp_path)
    assert (index.update(), index.update()) == (3, 0)
    os.utime(tmp_path / "a/record.jsonl", ns=(1, 1))
    shutil.rmtree(tmp_path / "b")
    assert index.update() == 1
    assert [run.folder for run in index.runs()] == ["a", "c"]
    index.rebuild()
    assert (index.update(), len(index.runs())) == (2, 2)
    index.close()


def test_the_index_says_nothing_that_the_records_do_not(tmp_path):
    record(tmp_path / "a", {"A": "FAIL"}, response=1.5)
    first = Index(tmp_path)
    first.update()
    one = first.runs()
    first.close()
    (tmp_path / FILE).unlink()
    second = Index(tmp_path)
    second.update()
    assert second.runs() == one
    second.close()


def test_a_copy_of_a_run_counts_once(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    assert [run.folder for run in history_of(tmp_path)[0].runs] == ["a"]


def test_many_records_are_read_by_many_processes(tmp_path):
    for day in range(20):
        record(tmp_path / str(day), {"A": "PASS"}, day=day)
    told = []
    index = Index(tmp_path)
    assert index.update(lambda done, every: told.append((done, every))) == 20
    assert told[-1] == (20, 20)
    assert len(index.runs()) == 20
    index.close()


@pytest.mark.parametrize(
    "damage", ["a line changed", "nothing", "no record", "hostile", "beyond every clock"]
)
def test_a_record_that_cannot_be_used_is_told_and_stops_nothing(tmp_path, damage):
    record(tmp_path / "good", {"A": "PASS"})
    path = record(tmp_path / "bad", {"A": "PASS"}, day=1)
    content = {
        "a line changed": path.read_bytes().replace(b"Heartbeat", b"heartbeat").replace(b'"PASS"', b'"FAIL"'),
        "nothing": b"",
        "no record": b"not JSON\n" * 10,
        "beyond every clock": b'{"n":1,"t":18446744073709551615,"m":1,"kind":"run.start","plan":[],"prev":""}\n',
        "hostile": b'{"n":1,"t":9223372036854775807,"m":1,"kind":"run.start","plan":[{"case":"\\ud800"}],"prev":""}\n',
    }[damage]
    path.write_bytes(content)
    found = history_of(tmp_path)
    assert [run.folder for product in found for run in product.runs] == ["good"]
    [unusable] = [run for product in found for run in product.unusable]
    assert (unusable.folder, bool(unusable.problem)) == ("bad", True)


@pytest.mark.parametrize("what", ["another version", "damaged", "not ours"])
def test_an_index_that_is_of_no_use_is_made_anew(tmp_path, what):
    record(tmp_path / "a", {"A": "PASS"})
    if what == "another version":
        with sqlite3.connect(tmp_path / FILE) as database:
            database.execute("pragma user_version = 99")
    else:
        (tmp_path / FILE).write_bytes(b"SQLite? no" * 100)
    assert len(history_of(tmp_path)) == 1


def test_where_nothing_can_be_written_the_index_is_in_memory(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    (tmp_path / FILE).mkdir()
    assert len(history_of(tmp_path)) == 1


def test_a_link_in_place_of_the_index_costs_nobody_his_file(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    mine = tmp_path / "mine.sqlite"
    mine.write_bytes(b"mine" * 500)
    (tmp_path / FILE).symlink_to(mine)
    assert len(history_of(tmp_path)) == 1
    assert mine.read_bytes() == b"mine" * 500


def test_a_folder_that_is_none_or_has_no_run_is_refused_and_stays_as_it_is(tmp_path):
    with pytest.raises(HistoryError, match="is no folder"):
        Index(tmp_path / "nothing")
    with pytest.raises(HistoryError, match="no run below it"):
        Index(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_into_a_runs_own_folder(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    made = run(tmp_path / "a")
    assert (made.exit_code, "Vendor Model-1" in made.output, "Page:" in made.output) == (0, True, False)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["record.jsonl"]
    made = run(tmp_path / "a", "--html", tmp_path / "page.html")
    assert (made.exit_code, (tmp_path / "page.html").is_file()) == (0, True)


def test_links_are_not_followed(tmp_path):
    record(tmp_path / "elsewhere/a", {"A": "PASS"})
    record(tmp_path / "runs/b", {"A": "PASS"}, day=1)
    (tmp_path / "runs/there").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "runs/round").symlink_to(tmp_path / "runs")
    assert [one.folder for one in history_of(tmp_path / "runs")[0].runs] == ["b"]


def test_an_index_that_is_damaged_inside_is_one_sentence_and_rebuilt_when_deleted(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    history_of(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("drop table result")
    made = run(tmp_path)
    assert (made.exit_code, "it is made anew when it is deleted" in made.output) == (2, True)
    (tmp_path / FILE).unlink()
    assert run(tmp_path).exit_code == 0


def test_two_at_once_do_not_disturb_each_other(tmp_path):
    for day in range(4):
        record(tmp_path / str(day), {"A": "PASS"}, day=day)
    one, other = Index(tmp_path), Index(tmp_path)
    assert one.update(lambda *_: other.update()) == 4
    assert [run.folder for run in one.runs()] == [run.folder for run in other.runs()] == ["0", "1", "2", "3"]
    one.close()
    other.close()


def test_what_was_interrupted_is_done_the_next_time(tmp_path):
    record(tmp_path / "a", {"A": "PASS"})
    index = Index(tmp_path)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.update(stop)
    assert index.runs() == []
    assert index.update() == 1
    index.close()


# -- outputs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def life(tmp_path):
    """Two firmwares, three runs, one doubtful case, one report."""
    record(tmp_path / "a", {"TC_001_CS": "FAIL", "TC_003_CS": "PASS"}, firmware="1.9", response=0.5)
    record(tmp_path / "b", {"TC_001_CS": "FAIL", "TC_003_CS": "FAIL"}, firmware="1.9", day=1, response=2.5)
    record(tmp_path / "c", {"TC_001_CS": "PASS", "TC_003_CS": "PASS"}, firmware="1.10", day=2)
    (tmp_path / "c/report.html").write_text("<!doctype html>")
    return tmp_path


def test_products_of_which_no_run_can_be_used_come_last(life):
    (life / "bad").mkdir()
    (life / "bad/record.jsonl").write_text("nothing")
    assert [product.name for product in history_of(life)] == ["Vendor Model-1", "unknown product"]


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_prints_and_writes_a_page(life):
    made = run(life)
    assert made.exit_code == 0
    for part in (
        "Vendor Model-1",
        "1.9 → 1.10: 2 better",
        "better TC_001_CS FAIL → PASS",
        "doubtful with 1.9: TC_003_CS PASS → FAIL",
        "Passed, and complete: may be filed",
        f"Page: {life / 'octt-history.html'}",
    ):
        assert part in made.output
    assert (life / "octt-history.html").read_text().startswith("<!doctype html>")


def test_the_command_gives_json(life):
    data = orjson.loads(run(life, "--json", "--html", life / "x.html").output)
    assert data["format"] == 1
    [product] = data["products"]
    assert [one["version"] for one in product["firmwares"]] == ["1.9", "1.10"]
    assert [one["best"] for one in product["firmwares"]] == ["a", "c"]
    assert product["firmwares"][0]["verdicts"] == {"TC_001_CS": "FAIL", "TC_003_CS": "FAIL"}
    assert [one["longest"] for one in product["firmwares"][0]["runs"][1]["times"]] == [2.5]
    assert product["changes"][0]["cases"][0]["kind"] == "better"
    assert product["doubtful"][0]["verdicts"] == [
        {"run": "a", "verdict": "PASS"},
        {"run": "b", "verdict": "FAIL"},
    ]


def test_bad_usage_is_one_sentence(tmp_path):
    nothing = run(tmp_path)
    assert (nothing.exit_code, "there is no run below it" in nothing.output) == (2, True)
    record(tmp_path / "a", {"A": "PASS"})
    for wrong in (tmp_path / "none", tmp_path / "a/record.jsonl"):
        refused = run(wrong)
        assert (refused.exit_code, "Traceback" in refused.output) == (2, False)
    nowhere = run(tmp_path, "--html", tmp_path / "no/where.html")
    assert (nowhere.exit_code, "Traceback" in nowhere.output) == (2, False)


def test_the_matrix_has_cases_against_runs_and_its_cells_lead_to_the_frames(life):
    written = page(history_of(life), life, life / "pages/history.html")
    assert written.index("1.9") < written.index("1.10")
    assert 'href="../c/report.html#tc-001-cs"' in written
    assert "../a/report.html" not in written  # there is none
    assert written.count('class="v v-fail') == 3 + 2  # the runs' cells, and what counts for 1.9
    assert "settled doubt" in written
    assert "<script" not in written


def test_of_many_runs_the_newest_have_columns(tmp_path):
    for day in range(70):
        record(tmp_path / f"{day:02}", {"A": "PASS"}, day=day)
    written = page(history_of(tmp_path), tmp_path, tmp_path / "history.html")
    assert "10 older not shown" in written
    assert written.count('class="v v-pass"') == 60


def test_hostile_texts_stay_texts(tmp_path):
    record(tmp_path / "a", {HOSTILE: "FAIL"}, firmware=HOSTILE, chargePointModel=HOSTILE)
    record(tmp_path / "b", {HOSTILE: "PASS"}, firmware=HOSTILE, chargePointModel=HOSTILE, day=1)
    found = history_of(tmp_path)
    written = page(found, tmp_path, tmp_path / "history.html")
    assert "<script>" not in written
    output = io.StringIO()
    show(found, Console(file=output, width=200))
    assert not set(output.getvalue()) & set("\x1b\x00\u202e")


def some_run(longest, declared=5.0, firmware="1"):
    time = Time("response", "OCPP response time", 1, longest / 2, longest, False, declared)
    return RunResult("r", 0, 0, firmware=firmware, times=[time]), time


def test_a_trend_marks_what_is_over_its_limit_and_where_a_firmware_begins():
    drawing = trend("OCPP response time", [some_run(1.0), some_run(6.0), some_run(2.0, firmware="2")])
    assert drawing.count('class="dot"') == 2
    assert drawing.count('class="dot bad"') == 1
    assert drawing.count('class="version"') == 1
    assert "declared 5 s" in drawing


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.none() | st.floats(0, 1e6), st.text(max_size=5)),
        min_size=1,
        max_size=8,
    )
)
def test_any_times_can_be_drawn(values):
    points = [some_run(longest, declared, firmware) for longest, declared, firmware in values]
    drawing = ElementTree.fromstring(trend("x", points))
    for part in drawing.iter():
        for name in ("cx", "cy", "x1", "x2", "y1", "y2", "x", "y"):
            assert -20 <= float(part.get(name, 0)) <= 740
        assert all(0 <= float(number) <= 740 for number in re.findall(r"[^ML ]+", part.get("d", "")))


def test_a_product_without_usable_runs_gives_a_page(tmp_path):
    empty = Product("", "", [], [RunResult("x", 0, 0, problem="no")])
    written = page([empty], tmp_path, tmp_path / "h.html")
    assert "unknown product" in written
    assert "x: no" in written
    assert "<table" not in written
    output = io.StringIO()
    show([empty], Console(file=output, width=200))
    assert "not usable: x: no" in output.getvalue()
    assert "firmware" not in output.getvalue()
    assert (
        Firmware("1", [RunResult("x", 0, 0, cases=[CaseResult("A", "", "", "NOT RUN", "")])]).verdicts == {}
    )
