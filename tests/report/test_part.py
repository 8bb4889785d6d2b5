"""A part of a test is never a pass: on no output, whatever makes it a part; verdicts in words nobody misreads."""

from __future__ import annotations

from xml.etree import ElementTree

import orjson
import pytest

from octt.report import json_out, junit, summary
from octt.report.certificate.certificate import certificate
from octt.report.github import commands
from octt.report.html import page as html
from octt.report.model.headline import headline
from octt.report.model.result import build
from octt.report.pdf.document import document
from tests.report.certified import flat
from tests.report.synthetic import Synthetic, failing_run, passing_run


def run_of(*verdicts, not_chosen=(), examined=True, end=True, **start):
    """Cases of Core with these verdicts; None: not run."""
    run = Synthetic()
    names = [f"TC_{number:03}_CS" for number in range(1, len(verdicts) + 1)]
    others = [{"case": case, "name": "", "profile": "Core", "applicable": True} for case in not_chosen]
    run.start(*names, not_chosen=others, **start)
    for name, verdict in zip(names, verdicts, strict=True):
        if verdict is not None:
            with run.case(name, verdict):
                run.step("Heartbeat", "fail" if verdict == "FAIL" else "ok")
    run._examined = not examined or run._examined
    if end:
        run.end()
    return build(run.events)


PARTS = {
    "chosen cases": (
        lambda: run_of("PASS", not_chosen=["TC_003_CS", "TC_010_CS"]),
        "Only a part: 1 of 3 test cases",
        "incomplete: 1 of 3",
    ),
    "an unexamined declaration": (
        lambda: run_of("PASS", "PASS", examined=False),
        "Not complete, so no verdict: may not be filed",
        "all 2 passed, no verdict: the declaration was not examined",
    ),
    "no declaration": (
        lambda: run_of("PASS", pics={}, examined=False),
        "Not complete, so no verdict: may not be filed",
        "all 1 passed, no verdict: nothing is declared",
    ),
    "an applicable case that was not tested": (
        lambda: run_of("PASS", None),
        "Not complete, so no verdict: may not be filed",
        "incomplete: 1 of 2",
    ),
    "a case that stays open": (
        lambda: run_of("PASS", "INCONCLUSIVE"),
        "Not complete, so no verdict: may not be filed",
        "incomplete: 1 of 2",
    ),
}


@pytest.fixture(params=PARTS, scope="module")
def part(request):
    make, words, core = PARTS[request.param]
    return make(), words, core


def test_no_profile_and_no_run_passes(part):
    result, words, core = part
    assert headline(result) == words
    assert [(one.verdict, one.words) for one in result.profiles] == [("INCONCLUSIVE", core)]
    data = orjson.loads(json_out.render(result))
    assert (data["verdict"], data["issuable"], data["headline"]) == ("INCONCLUSIVE", False, words)
    assert [(one["verdict"], one["words"]) for one in data["profiles"]] == [("INCONCLUSIVE", core)]


def test_the_cover_and_the_profiles_row_say_it(part):
    result, words, core = part
    page = html.render(result)
    cover = page[page.index("<main") : page.index('id="findings"')]
    assert words in cover
    assert "may not be filed, because" in cover
    assert core in cover
    assert "Passed" not in cover
    first = document(result, "2025", evidence=False)
    assert first["headline"] == words
    assert first["reasons"]
    assert first["profiles"]["rows"][0][1] == core


@pytest.mark.parametrize("layout", ["2025", "2024"])
def test_the_form_does_not_pass_it(part, layout):
    result, _, _ = part
    text = flat(certificate(result, layout))
    assert "Core | Pass" not in text
    assert "May not be filed" in text


def test_programs_and_the_page_of_a_job_are_told(part):
    result, words, core = part
    suite = ElementTree.fromstring(junit.render(result)).find("testsuite")
    told = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert (told["verdict"], told["result"], told["run"]) == ("INCONCLUSIVE", core, words)
    assert told["issuable"] == "false"
    assert told["not_issuable"]
    assert int(suite.get("skipped")) == len(result.left_out)
    page = summary.render(result).decode()
    assert page.startswith(f"## ⚠️ {words}\n")
    assert f"| Core | ⚠️ {core} |" in page
    assert "✅" not in page
    assert commands(result)[-1].startswith("::warning title=May not be filed::")
    assert summary.last_words(result)[0] == words


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: build(passing_run().events), "Passed, and complete: may be filed"),
        (lambda: run_of("PASS", "FAIL"), "Failed, and complete: may be filed"),
        (lambda: run_of("FAIL", None), "Failed, and not complete: may not be filed"),
        (lambda: run_of("FAIL", end=False), "Failed, and not complete: may not be filed"),
        (
            lambda: run_of("FAIL", not_chosen=["TC_003_CS"]),
            "Failed, in a part of the test (1 of 2 test cases): not to be filed",
        ),
        (lambda: contradicted("PASS"), "Every test case passed, but the report may not be filed"),
        (lambda: contradicted("FAIL"), "Failed, and the report may not be filed"),
        (lambda: build(failing_run().events), "Failed, and not complete: may not be filed"),
        (lambda: build([]), "Not complete, so no verdict: may not be filed"),
    ],
)
def test_a_verdict_is_told_with_what_may_be_done_with_it(make, words):
    result = make()
    assert headline(result) == words
    assert result.issuable == words.endswith(": may be filed")


def contradicted(verdict):
    run = Synthetic()
    run.start("TC_001_CS")
    with run.case("TC_001_CS", verdict):
        run.step("Heartbeat", "fail" if verdict == "FAIL" else "ok")
    run.add("pics", item="C-08", answer=True, result="contradicted", why="no local stop was possible", line=5)
    run.end()
    return build(run.events)
