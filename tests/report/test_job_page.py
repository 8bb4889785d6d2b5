"""What a continuous-integration job shows: summary.md, GitHub's annotations, and the last words in the terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.commands.front import _tell_github
from octt.report import summary
from octt.report.github import MOST, commands
from octt.report.model.result import build
from octt.report.write import write_all
from tests.report.synthetic import HOSTILE, Synthetic, failing_run, passing_run


def failed(*faults, reason=""):
    """A case of its own fails by each of these faults."""
    run = Synthetic()
    names = [f"TC_{number:03}_CS" for number in range(1, len(faults) + 1)]
    run.start(*names)
    run.connect()
    for name, fault in zip(names, faults, strict=True):
        with run.case(name, "FAIL", reason=reason):
            run.step("Reset.conf with status = Accepted", "fail", actual=fault, cite="OCPP 1.6 5.14")
    run.end()
    return build(run.events)


def test_a_pass_is_one_headline_and_its_profiles():
    page = summary.render(build(passing_run().events)).decode()
    assert page.startswith(
        "## ✅ Passed, and complete: may be filed\n\n**Vendor Model-1 1.2.0** · 2 test cases apply"
    )
    assert "| Core | ✅ passed | 2 of 2 |" in page
    assert "Mend first" not in page
    assert "May not be filed" not in page


def test_the_first_three_faults_are_named_and_the_rest_counted():
    faults = [
        f"status is '{word}', should be Accepted" for word in ("Rejected", "Odd", "None", "Else", "Other")
    ]
    page = summary.render(failed(*faults)).decode()
    assert page.startswith("## ❌ Failed, and complete: may be filed\n")
    assert "1. **Reset.conf: status is 'Rejected', should be Accepted** (TC_001_CS)" in page
    assert "3. **Reset.conf: status is 'None', should be Accepted** (TC_003_CS)" in page
    assert "and 2 more in report.html" in page
    assert summary.last_words(failed(*faults)) == [
        "Failed, and complete: may be filed",
        "Mend first: 1. Reset.conf: status is 'Rejected', should be Accepted (TC_001_CS)",
        "            2. Reset.conf: status is 'Odd', should be Accepted (TC_002_CS)",
        "            3. Reset.conf: status is 'None', should be Accepted (TC_003_CS)",
        "            and 2 more",
    ]


def test_remarks_are_counted_at_the_end_of_a_run():
    assert summary.last_words(build(failing_run().events))[-1] == "3 remarks"


def test_why_it_may_not_be_filed():
    page = summary.render(build(failing_run().events)).decode()
    assert "### May not be filed, because" in page
    assert "- TC\\_026\\_CS applies and was not run." in page


def test_an_annotation_for_each_case_that_did_not_pass():
    assert commands(build(failing_run().events))[1:] == [
        "::warning title=TC_010_CS INCONCLUSIVE::the card was not presented",
        "::warning title=TC_026_CS NOT RUN::not run",
        "::warning title=May not be filed::TC_010_CS applies and is INCONCLUSIVE: the card was not presented.",
    ]
    assert commands(failed("status is '50%', should be Accepted")) == [
        "::error title=TC_001_CS FAIL::Reset.conf: status is '50%25', should be Accepted"
    ]
    assert commands(build(passing_run().events)) == []
    assert len(commands(failed(*(["no"] * (MOST + 5))))) == MOST


@given(st.text(max_size=60) | st.just(HOSTILE) | st.just("x\n::set-env name=A::b\r::error::y"))
def test_no_text_of_a_station_is_a_command_or_markup_of_its_own(text):
    result = failed(text, reason=text)
    for line in commands(result):
        assert re.fullmatch(r"::(error|warning) title=[^:,\n\r]+::[^\n\r]*", line)
    page = summary.render(result).decode()
    assert not re.search(r"(?<!\\)[<>`]", page.rpartition("record `")[0])
    assert len([line for line in page.splitlines() if line.startswith("#")]) == 2


@pytest.mark.parametrize("github", [True, False])
def test_only_a_job_of_github_is_told(tmp_path, monkeypatch, capsys, github):
    page = tmp_path / "page.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.setenv("GITHUB_ACTIONS", "true" if github else "")
    failing_run().write(tmp_path / "record.jsonl")
    result = write_all(tmp_path)
    _tell_github(result, tmp_path)
    assert ("::error title=TC_003_CS FAIL::" in capsys.readouterr().out) is github
    assert (page.is_file() and page.read_bytes() == (tmp_path / "summary.md").read_bytes()) is github
