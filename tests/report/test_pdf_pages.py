"""The PDF as paper: what the first page says, what comes before what, what stands together, room for pen and stamp."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from octt.report.certificate.form import LAYOUTS
from octt.report.model.result import build
from octt.report.pdf.document import document, render
from tests.report.certified import certified
from tests.report.synthetic import failing_run, passing_run
from tests.report.test_pdf import pages

MILLIMETRE = 72 / 25.4


def words(content):
    """Every word with its page and its place in points: (page, left, top, text)."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) is not installed; the other tests look at the document's data")
    found = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=content, capture_output=True, check=True)
    page, told = 0, []
    for line in found.stdout.decode().splitlines():
        page += "<page " in line
        if match := re.search(r'<word xMin="([\d.]+)" yMin="([\d.]+)".*>(.*)</word>', line):
            told.append((page, float(match[1]), float(match[2]), match[3]))
    return told


@pytest.fixture(scope="module", params=LAYOUTS)
def passed(request):
    result = certified(request.param)
    return result, pages(render(result, request.param)), request.param


def test_the_first_page_is_what_is_passed_on(passed):
    result, found, _ = passed
    station, laboratory = result.station.declared, result.laboratory
    for part in (
        station["designation"],
        station["vendor"],
        "Passed, and complete: may be filed",
        laboratory.name,
        laboratory.report_number,
        station["software_version"],
        "Certification profiles",
        "an independent tool, not the OCTT of the Open Charge Alliance",
    ):
        assert part in " ".join(found[0].split())
    for profile in result.profiles:
        assert re.search(rf"{profile.words}\s+{profile.tested} of {profile.applicable}\n", found[0])
    assert "Contents" not in found[0]


def test_a_failure_names_on_the_first_page_what_to_mend_first_and_what_is_missing():
    result = build(failing_run().events)
    first = " ".join(pages(render(result))[0].split())
    assert "Failed, and not complete: may not be filed" in first
    assert "TC_026_CS applies and was not run." in first
    assert "failed; incomplete: 3 of 5" in first
    assert "To mend first 1." in first
    assert "3. OCPP response time above the declared maximum" in first


@pytest.mark.parametrize("layout", LAYOUTS)
def test_findings_come_before_signatures_and_signatures_before_lists(layout):
    titles = [
        section["title"]
        for section in document(build(failing_run().events), layout, evidence=False)["sections"]
        if section["level"] == 1
    ]
    assert titles[0] == "Findings"
    assert titles.index("Statement of Approval") < titles.index("Results by case")


def test_there_is_room_for_pen_and_stamp(passed):
    result, _, layout = passed
    found = words(render(result, layout))
    fields = [(page, left, top) for page, left, top, text in found if text == "Signature"]
    assert len(fields) == 2
    page, left, first = fields[0]
    assert {page} == {other for other, *_ in fields}  # both sides sign on one page
    column = sorted((top, text) for other, x, top, text in found if other == page and x > left - 1)
    below = [top for top, _ in column if top > first + 3 * MILLIMETRE]
    assert below[0] - first > 35 * MILLIMETRE  # the stamp
    dates = [top for top, text in column if text == "Date"]
    assert all(
        field - date > 8 * MILLIMETRE for date, (*_, field) in zip(dates, fields, strict=True)
    )  # the pen


def test_tables_that_belong_together_are_on_one_page(passed):
    _, found, layout = passed
    first, last = {
        "2025": ("Hardware Feature Set", "Cable Type"),
        "2024": ("Hardware feature set", "RFID readers"),
    }[layout]
    [page] = [
        number for number, text in enumerate(found) if re.search(rf"^\s*{first}$", text, re.M) and number > 2
    ]
    assert last in found[page]
    assert sum("Statement of Approval" in text for text in found[2:]) == 1


def test_nothing_is_listed_only_to_be_denied(passed):
    """Nobody of the Open Charge Alliance signs here, so that nobody is named who does not."""
    _, found, _ = passed
    text = " ".join(" ".join(found).split()).lower()
    for denied in ("chairman", "does not apply", "not signed", "no override", "none was overruled"):
        assert denied not in text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_times_have_the_unit_that_says_something(layout):
    text = "\n".join(pages(render(build(passing_run().events), layout)))
    assert not re.search(r"\b0\.0+[1-9]\d* s(?:econds)?\b|\b0:00:00\b", text)
    told = r"(?:\s+[\d.]+){3}\s+milliseconds" if layout == "2025" else r"\s+2 seconds\s+200 ms"
    assert re.search(rf"OCPP response time(?:out)?{told}", text)
