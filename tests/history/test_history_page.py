"""The page of a history in a real browser: it fits a phone, keeps to itself, and its cells can be followed."""

from __future__ import annotations

import pytest

from octt.history import page as history
from octt.report.html import page as html
from octt.report.model.result import load
from tests.history.test_history import history_of, record
from tests.report.synthetic import HOSTILE


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A product with many runs, one with hostile names, and a folder that cannot be used."""
    root = tmp_path_factory.mktemp("runs")
    cases = {f"TC_{number:03}_CS": "PASS" for number in range(1, 30)}
    for day in range(30):
        verdicts = {**cases, "TC_007_CS": "FAIL" if day % 2 else "PASS"}
        record(root / f"{day:02}", verdicts, firmware=f"1.{day // 10}", day=day, response=0.1 + day % 7)
    record(root / "odd", {HOSTILE: "FAIL", "x" * 90: "PASS"}, firmware=HOSTILE, chargePointModel=HOSTILE * 9)
    (root / ("n" * 100)).mkdir()
    (root / ("n" * 100) / "record.jsonl").write_text("nothing")
    report = root / "01/report.html"
    report.write_text(html.render(load(root / "01/record.jsonl")))
    file = root / "octt-history.html"
    file.write_text(history.page(history_of(root), root, file))
    return file.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_keeps_to_itself(page, address, width, scheme):
    page.seen.clear()
    page.open(address, width, scheme)
    assert page.tell("document.documentElement.scrollWidth") <= width
    wide = page.tell(
        "[...document.querySelectorAll('main *')].filter(n => n.checkVisibility() && !n.closest('.scroll')"
        f" && n.getBoundingClientRect().right > {width + 1}).map(n => n.outerHTML.slice(0, 80))"
    )
    assert wide == []
    asked = [
        m["params"]["request"]["url"] for m in page.seen if m.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []
    assert [m for m in page.seen if m.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")] == []


def test_the_name_of_a_case_stays_in_sight_when_the_matrix_is_scrolled(page, address):
    page.open(address, 390)
    scroll = "document.querySelector('.matrix').closest('.scroll')"
    page.tell(f"{scroll}.scrollLeft = 400")
    assert page.tell(f"{scroll}.scrollLeft") > 0
    assert page.tell("document.querySelector('.matrix .case').getBoundingClientRect().left") >= 0


def test_a_cell_leads_to_its_case_in_the_report_of_its_run(page, address):
    page.open(address, 1280)
    page.tell("location.href = document.querySelector('td.v-fail a').href")
    for _ in range(1000):
        if page.tell("document.readyState === 'complete' && location.pathname.endsWith('report.html')"):
            break
    assert page.tell("location.hash") == "#tc-007-cs"
    assert page.tell("document.querySelector('#tc-007-cs').open")


def test_light_and_dark_differ(page, address):
    colours = set()
    for scheme in ("light", "dark"):
        page.open(address, 1280, scheme)
        colours.add(page.tell("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_hostile_texts_stay_texts(page, address):
    page.open(address, 1280)
    assert page.tell("document.querySelectorAll('script').length") == 0
    assert "alert('x')" in page.tell("document.body.textContent")
