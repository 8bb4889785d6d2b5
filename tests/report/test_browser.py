"""The report in a real browser: it fits, its script runs, nothing leaves the page, hostile texts stay texts."""

from __future__ import annotations

import json

import pytest

from octt.record.events import CaseEnded
from octt.report.html import page as html
from octt.report.model.result import build
from tests.report.synthetic import Synthetic, failing_run


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    run = failing_run()
    for event in list(run.events):
        if isinstance(event, CaseEnded) and event.reason:
            reason = event.reason + "<img src=x onerror=\"document.title='taken'\">"
            run.change(run.events.index(event), reason=reason)
    result = build(run.events)
    result.run.last_hash = "ab" * 32  # the longest word there is
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html.render(result), encoding="utf-8")
    return file.as_uri()


def conversation(run, phase, statuses):
    """A status notification for each, and our answers; the line of the last request."""
    line = None
    for number, status in enumerate(statuses):
        payload = {"connectorId": 1, "status": status, "errorCode": "NoError"}
        message = f"{phase}{number}"
        line = run.frame(
            "in", [2, message, "StatusNotification", payload], "StatusNotification", phase=phase
        ).n
        run.frame("out", [3, message, {}], "StatusNotification", phase=phase)
    return line


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A case with 10 frames of preparation, 40 of a test that fails at the last one, and 4 of restoring."""
    run = Synthetic()
    run.start("TC_012_CS")
    run.connect()
    with run.case("TC_012_CS", "FAIL", reason="no"):
        run.action("plug_in", connector=1)
        conversation(run, "setup", ["Available", "Preparing"] * 2 + ["Charging"])
        run.step("the connector charges", phase="setup", step="Charging.13")
        line = conversation(run, "test", ["SuspendedEV", "Charging"] * 9 + ["SuspendedEV", "Finishing"])
        failure = {"actual": "StatusNotification came, but status is 'Finishing', should be Available"}
        run.step(
            "StatusNotification.req", "fail", **failure, closest=line, seconds=1.5, limit=2.0, cite="4.9"
        )
        conversation(run, "restore", ["Available", "Unavailable"])
        run.step("the station is free", phase="restore", step="")
    run.end()
    file = tmp_path_factory.mktemp("failed") / "report.html"
    file.write_text(html.render(build(run.events)), encoding="utf-8")
    return file.as_uri(), line


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_keeps_to_itself(page, report, width, scheme):
    page.seen.clear()
    page.open(report, width, scheme)
    assert page.tell("document.documentElement.scrollWidth") <= width
    asked = [
        m["params"]["request"]["url"] for m in page.seen if m.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []
    errors = [m for m in page.seen if m.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert errors == []


def test_light_and_dark_differ(page, report):
    colours = set()
    for scheme in ("light", "dark"):
        page.open(report, 1280, scheme)
        colours.add(page.tell("getComputedStyle(document.body).color"))
    assert len(colours) == 2


def test_hostile_texts_stay_texts(page, report):
    page.open(report, 1280)
    assert "taken" not in page.tell("document.title")
    assert page.tell("document.querySelectorAll('img[onerror]').length") == 0
    assert "onerror" in page.tell("document.body.textContent")


def test_the_filter_hides_and_shows_cases(page, report):
    page.open(report, 1280)
    every = page.tell("document.querySelectorAll('details.case').length")
    assert every > 1
    page.tell("document.querySelector('.filters button[value=FAIL]').click()")
    shown = page.tell(
        "[...document.querySelectorAll('details.case')].filter(r => !r.hidden).map(r => r.dataset.verdict)"
    )
    assert shown
    assert set(shown) == {"FAIL"}


def test_every_case_is_listed_once_and_can_be_searched_for(page, report):
    page.open(report, 1280)
    listed = "[...document.querySelectorAll('#cases details.case')].map(n => n.id)"
    every = page.tell(listed)
    assert len(every) == len(set(every)) == 6
    assert page.tell("document.querySelectorAll('details.case').length") == 6
    page.tell(
        "(field => { field.value = 'tc_010'; field.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('.filters input'))"
    )
    shown_ones = "[...document.querySelectorAll('details.case')].filter(n => !n.hidden).map(n => n.id)"
    assert page.tell(shown_ones) == ["tc-010-cs"]


def test_a_link_opens_the_frame_it_points_at(page, report):
    page.open(report, 1280)
    anchor = page.tell("[...document.querySelectorAll('a[href^=\"#f\"]')].map(a => a.hash)[0]")
    assert anchor
    page.open(report + anchor, 1280)
    target = f"document.getElementById('{anchor[1:]}')"
    assert page.tell(
        f"{target} !== null && [...(function*(n){{while(n){{yield n;n=n.parentElement}}}})({target})]"
        ".filter(n => n.tagName === 'DETAILS').every(n => n.open)"
    )


def top(page, selector):
    return page.tell(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().top")


def shown(page, selector):
    return page.tell(
        f"[...document.querySelectorAll({json.dumps(selector)})].filter(n => n.checkVisibility()).length"
    )


def test_a_failed_case_opens_at_its_failure(page, failed):
    page.open(failed[0], 1280)
    order = [top(page, selector) for selector in (".failure", ".frames[open]", ".step.fail", ".sequence")]
    assert order == sorted(order)
    card = page.tell("document.querySelector('.failure').innerText")
    for part in (
        "status is 'Finishing', should be Available",
        "1.50 s of 2 s allowed",
        "500 ms left",
        "OCPP 1.6 § 4.9, Status notification",
        "octt run --case TC_012_CS",
    ):
        assert part in card
    assert shown(page, ".frame") == 21  # the frame it failed by, and the twenty before it
    assert page.tell("document.querySelector('.frames[open] .frame:last-of-type').id") == f"f{failed[1]}"
    folded = page.tell(
        "[...document.querySelectorAll('details:not([open]) > summary')].map(n => n.innerText)"
    )
    assert "Preparation: 1 step, as expected" in folded
    assert "Preparation: 10" in folded
    assert "Restoring: 4" in folded


def test_an_arrow_leads_to_its_frame_and_back(page, failed):
    address, line = failed
    page.open(address, 1280)
    open_ones = f"document.querySelector('#f{line}').open"
    page.tell(f"document.querySelector('#a{line}').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    wait_for(page, open_ones)
    assert page.tell("location.hash") == f"#f{line}"
    page.tell(f"document.querySelector('#f{line}').open = false")
    page.tell(f"document.querySelector('#a{line}').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    wait_for(page, open_ones)  # the second time the address does not change
    page.tell(f"document.querySelector('#f{line} a[href=\"#a{line}\"]').click()")
    wait_for(page, f"location.hash === '#a{line}' && document.querySelector('#a{line}').matches(':target')")
    where = page.tell(f"document.querySelector('#a{line}').getBoundingClientRect().top")
    assert 0 < where < 900


def wait_for(page, condition):
    for _ in range(1000):
        if page.tell(condition):
            return
    raise AssertionError(condition)


def test_time_can_be_scrubbed(page, failed):
    page.open(failed[0], 1280)
    frames = page.tell("document.querySelectorAll('.frame[data-at]').length")
    assert page.tell("document.querySelector('.scrub input').max") == str(frames)

    def move(place):
        page.tell(
            "for (const s of document.querySelectorAll('.scrub input'))"
            f" {{ s.value = {place}; s.dispatchEvent(new Event('input')) }}"
        )
        return page.tell("document.querySelector('.scrub output').innerText")

    told = move(11)
    assert "StatusNotification.req" in told
    assert "connector 1: SuspendedEV" in told
    assert page.tell("document.querySelectorAll('.sequence a.later').length") == frames - 11
    assert page.tell("document.querySelectorAll('.sequence a.now').length") == 1
    assert move(0) == "before the first frame"
    move(frames)
    assert page.tell("document.querySelectorAll('.sequence a.later').length") == 0


def test_a_ticket_is_copied_by_a_button(page, failed):
    page.open(failed[0], 1280)
    page.tell("document.querySelector('button.copy').click()")
    wait_for(page, "document.querySelector('button.copy').textContent === 'Copied'")


def test_the_contents_mark_the_section_that_is_read(page, failed):
    page.open(failed[0], 1280)
    for section in ("pics", "summary"):
        page.tell(f"document.getElementById('{section}').scrollIntoView()")
        wait_for(page, f"document.querySelector('nav a[aria-current]')?.hash === '#{section}'")


def test_a_phone_scrolls_nothing_sideways_but_drawings(page, report, failed):
    for address in (report, failed[0]):
        page.open(address, 390)
        wide = page.tell(
            "[...document.querySelectorAll('section *:not(svg *)')].filter(n => n.checkVisibility()"
            " && n.getBoundingClientRect().right > 391 && !n.closest('svg')).map(n => n.className)"
        )
        assert wide == []
        assert page.tell("document.querySelector('svg.sequence')?.getBoundingClientRect().right ?? 0") <= 391


def test_every_section_finding_step_and_frame_can_be_linked_to(page, failed):
    address, line = failed
    for anchor in ("findings", "tc-012-cs", f"f{line}", f"a{line}", f"s{line + 2}"):
        page.open(f"{address}#{anchor}", 1280)
        found = f"document.getElementById('{anchor}')"
        assert page.tell(f"{found}.checkVisibility() && Math.abs({found}.getBoundingClientRect().top) < 900")
