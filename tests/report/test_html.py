"""The HTML report: everything is in it, nothing a station sends can act in it, and large runs stay readable."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.report.html import page as html
from octt.report.html.frames import Budget, Gap, chosen
from octt.report.model.result import build, load
from octt.report.model.verdict import EXPLANATION
from tests.report.certified import FACTS, certified, first_missing
from tests.report.synthetic import HOSTILE, Synthetic, failing_run, large_run, passing_run


class Page(HTMLParser):
    """What a browser makes of the page: elements with their attributes, the visible text, unclosed elements."""

    VOID = ("meta", "link", "br", "hr", "img", "input", "col")

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.parts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join("\n".join(self.parts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> set[str | None]:
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}


@pytest.fixture(scope="module")
def failing() -> Page:
    return Page(html.render(build(failing_run().events)))


def test_every_part_is_there(failing):
    parts = {"summary", "findings", "certificate", "rules", "cases", "attempts", "timeline"}
    parts |= {"performance", "pics", "configuration", "transfers", "connections", "tool"}
    assert failing.ids() >= parts
    assert all(text in failing.text for _, text in EXPLANATION)
    assert "no certificate of the Open Charge Alliance" in failing.text


def test_the_page_is_well_formed_and_self_contained(failing):
    assert (failing.wrong, failing.open) == ([], [])
    links = [attributes.get("href") or "" for tag, attributes in failing.elements if tag in ("a", "link")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not [attributes for _, attributes in failing.elements if "src" in attributes]
    assert not any(name.startswith("on") for _, attributes in failing.elements for name in attributes)
    assert len(failing.all("script")) == 1


def test_every_link_leads_somewhere(failing):
    ids = failing.ids()
    assert [a["href"] for a in failing.all("a") if (a["href"] or "")[1:] not in ids] == []


def test_only_our_script_may_run(failing):
    policy = next(m["content"] for m in failing.all("meta") if m.get("http-equiv"))
    assert f"script-src 'sha256-{html.script_hash()}'" in policy
    assert "default-src 'none'" in policy


def test_hostile_text_is_shown_not_obeyed():
    page = html.render(build(failing_run().events))
    assert "<script>alert" not in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
    text = Page(page).text
    assert "<script>alert('x')</script>" in text
    assert "‹U+202E›" in text
    assert "‹U+0000›" in text


@settings(max_examples=25, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["id", "name", "profile", "reason", "remark", "value", "action"])
)
def test_any_text_in_any_place_keeps_the_page_whole(text, place):
    given_case = {"case": "TC_1", "name": "n", "profile": "Core", "applicable": True, "reason": "r"}
    given_case |= {"id": {"case": text}, "name": {"name": text}, "profile": {"profile": text}}.get(place, {})
    run = Synthetic()
    run.start(given_case)
    run.connect()
    with run.case(str(given_case["case"]), "FAIL", reason=text if place == "reason" else "r"):
        line = run.request(text if place == "action" else "DataTransfer", {"vendorId": text}, {})
        run.step(
            text if place == "value" else "w", "fail", actual=text, closest=line, cite=text, data={text: text}
        )
        run.add("remark", text=text if place == "remark" else "r", by="script")
        run.add("changed", what=text, name=text, before=text, after={"a": text})
    run.end()
    page = Page(html.render(build(run.events)))
    assert (page.wrong, page.open) == ([], [])
    assert len(page.all("script")) == 1


def test_a_finding_leads_to_the_frame(failing):
    assert "the frame" in failing.text
    frames = {a["href"] for a in failing.all("a") if re.fullmatch(r"#f\d+", a["href"] or "")}
    assert frames
    assert {frame[1:] for frame in frames if frame} <= failing.ids()


def test_expected_stands_beside_actual_with_time_limit_and_citation(failing):
    assert "Heartbeat within the interval" in failing.text
    assert re.search(r"nothing came.*12\.5 s of 10 s.*over", failing.text)
    assert "OCPP 1.6 § 4.9" in failing.text


def test_every_attempt_and_override_is_listed(failing):
    section = failing.text[failing.text.index("Attempts and operator overrides") :]
    assert re.search(r"TC_001_CS 1 .*? FAIL no heartbeat TC_001_CS 2 .*? PASS", section)
    assert re.search(r"TC_023_CS FAIL PASS operator the cable was loose", section)


def test_a_report_that_may_not_be_issued_says_why(failing):
    result = build(failing_run().events)
    assert result.not_issuable
    assert all(reason in failing.text for reason in result.not_issuable)
    assert "Passed, and complete: may be filed" in Page(html.render(build(passing_run().events))).text


def test_the_schedule_is_drawn_with_its_difference():
    run = Synthetic()
    run.start("TC_056_CS")
    with run.case("TC_056_CS", "FAIL"):
        schedule = {"expected": [[0, 16], [60, 8]], "returned": [[0, 16]], "unit": "A", "duration": 120}
        run.step("the composite schedule", "fail", data={"schedule": schedule})
    run.end()
    page = html.render(build(run.events))
    assert 'class="expected"' in page
    assert 'class="returned"' in page
    assert 'class="difference"' in page


@pytest.mark.parametrize(
    "schedule",
    [
        {"expected": "x", "returned": None},
        {"expected": [[0, None], ["a", 1], [1], 7], "returned": [[0, 16]]},
        {"expected": [[0, 1e300]], "returned": [[-5, -1]], "duration": "long", "unit": HOSTILE},
        {"expected": [], "returned": [[0, 0]], "duration": -1},
    ],
)
def test_a_schedule_of_any_shape_gives_a_page(schedule):
    run = Synthetic()
    run.start("TC_056_CS")
    with run.case("TC_056_CS"):
        run.step("the composite schedule", "info", data={"schedule": schedule})
    run.end()
    page = Page(html.render(build(run.events)))
    assert "the composite schedule" in page.text
    assert page.wrong == []


def test_a_hostile_connection_does_not_break_the_page():
    run = Synthetic()
    run.start("TC_001_CS", tool={}, bench={"laboratory": {"logo": "javascript:alert(1)", "name": HOSTILE}})
    tls = {"version": None, "cipher": ["x"], "client_cert": {"subject": HOSTILE}}
    run.connect(tls=tls, user=HOSTILE, path=HOSTILE, remote=None, subprotocol=None)
    run.frame("in", HOSTILE * 500, binary=True, truncated=10_000_000, problems=[HOSTILE])
    page = Page(html.render(build(run.events)))
    assert (page.wrong, page.open) == ([], [])
    assert page.all("img") == []


@pytest.mark.parametrize("layout", ["2025", "2024"])
def test_the_page_has_the_whole_certificate(layout):
    page = Page(html.render(certified(layout)))
    assert (
        first_missing(page.text[page.text.index("Test report in the arrangement of") :], FACTS[layout])
        is None
    )


def test_a_frame_that_did_not_leave_is_called_that():
    run = Synthetic()
    run.start("A")
    run.connect()
    with run.case("A"):
        run.frame("out", [2, "1", "ClearCache", {}], "ClearCache")
        frame = run.frame("out", [2, "2", "Reset", {"type": "Hard"}], "Reset")
        run.add("unsent", frame=frame.n)
    run.end()
    page = html.render(build(run.events))
    assert page.count("did not leave, the connection was gone") == 1
    assert page.index("Reset.req") < page.index("did not leave")


def test_an_empty_record_gives_a_page():
    page = Page(html.render(build([])))
    assert "No case was carried out" in page.text


def test_a_large_run_is_summarised_and_says_so(tmp_path):
    path = large_run(tmp_path / "record.jsonl", 12_000, cases=5)
    result = load(path)
    page = html.render(result)
    assert len(page) < 3_000_000
    assert page.count('class="frame"') <= 5 * 2 * 200
    assert "frames left out here" in page
    result.frames.close()


def test_frames_that_decide_are_never_left_out(tmp_path):
    result = load(large_run(tmp_path / "record.jsonl", 3_000, cases=2))
    frames = result.cases[0].frames
    wanted = frames[len(frames) // 2].n
    shown = chosen(frames, [wanted], 30)
    assert wanted in {frame.n for frame in shown if not isinstance(frame, Gap)}
    assert sum(entry.count if isinstance(entry, Gap) else 1 for entry in shown) == len(frames)
    result.frames.close()


def test_the_budget_of_characters_is_kept():
    budget = Budget(characters=100)
    assert budget.take(5000) == 6000
    assert budget.take(5000) == 200


def test_the_same_record_gives_the_same_page():
    assert html.render(build(failing_run().events)) == html.render(build(failing_run().events))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A user's cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    html.environment.cache_clear()
    yield tmp_path / "cache"
    html.environment.cache_clear()


def test_templates_are_compiled_once_and_a_damaged_cache_does_no_harm(cache):
    result = build(passing_run().events)
    page = html.render(result)
    compiled = list((cache / "octt" / "templates").iterdir())
    assert len(compiled) == 4  # the page, its findings, its cases, the document
    for file in compiled:
        file.write_bytes(file.read_bytes()[:100])
    html.environment.cache_clear()
    assert html.render(result) == page


@pytest.mark.parametrize("obstacle", ["a file in its place", "a folder in the place of each file"])
def test_a_report_needs_no_cache(cache, obstacle):
    result = build(passing_run().events)
    if obstacle == "a file in its place":
        cache.write_text("")
    else:
        html.render(result)
        for file in list((cache / "octt" / "templates").iterdir()):
            file.unlink()
            file.mkdir()
        html.environment.cache_clear()
    assert html.render(result).startswith("<!doctype html>")


def test_a_remark_that_only_follows_from_the_failure_is_called_that():
    run = Synthetic()
    run.start("A")
    with run.case("A", "FAIL"):
        line = run.request("StopTransaction", {"reason": "Local"}, {})
        run.step("StopTransaction.req with reason = Remote", "fail", actual="reason is 'Local'", closest=line)
        run.add("remark", text="not asked for by any step: StopTransaction.req(reason=Local)", frame=line)
        run.add("remark", text="the card was read twice")
    run.end()
    page = html.render(build(run.events))
    assert page.count("follows from the failure") == 1
    assert "the card was read twice" in page


def test_an_action_is_drawn_before_its_effect():
    """Its effect comes before anybody says that it is done."""
    run = Synthetic()
    run.start("A")
    with run.case("A"):
        common = {"action": "plug_in", "params": {"connector": 1}, "driver": "manual", "who": "operator"}
        run.add("action", phase="asked", **common)
        line = run.request("StatusNotification", {"connectorId": 1, "status": "Preparing"}, {})
        run.add("action", wait=2, phase="done", seconds=2.0, detail="", **common)
        run.step("StatusNotification.req", frame=line)
    run.end()
    page = html.render(build(run.events))
    drawing = page[page.index('class="sequence"') :]
    assert drawing.index("plug_in 1") < drawing.index("StatusNotification.req")


def test_a_long_list_of_cases_that_were_not_chosen_is_folded():
    run = Synthetic()
    others = [
        {"case": f"B{number}", "name": "", "profile": "Core", "applicable": True} for number in range(90)
    ]
    run.start("A", not_chosen=others)
    with run.case("A"):
        run.step("it works")
    run.end()
    folded = re.search(
        r"<details class=\"fold\"><summary>Not chosen for this run: 90 more that apply",
        html.render(build(run.events)),
    )
    assert folded


def test_what_is_ours_says_what_was_changed_in_plain_words():
    run = Synthetic()
    run.start("A")
    with run.case("A"):
        for what, name, before, after in (
            ("configuration", "SecurityProfile", "2", "3"),
            ("firmware", "firmwareVersion", "1.0", "1.1"),
            ("certificate", "the station's own", None, "serial number 7"),
            ("certificate", "CentralSystemRootCertificate CN=Lab", None, "installed"),
            ("availability", "connector 1", "Operative", "Inoperative"),
            ("profile", "charging profile 4", None, "TxProfile"),
        ):
            run.add("changed", what=what, name=name, before=before, after=after, restored=False)
    run.end()
    titles = [finding.title for finding in build(run.events).findings if finding.group == "ours"]
    assert titles == [
        "the configuration key SecurityProfile is not as it was before",
        "the firmware is not as it was before",
        "the station's own certificate is not as it was before",
        "the certificate CentralSystemRootCertificate CN=Lab is not as it was before",
        "the availability of connector 1 is not as it was before",
        "charging profile 4 is not as it was before",
    ]


@pytest.mark.parametrize(
    ("certificate", "told"),
    [({"subject": "CN=WB1,O=Vendor", "pem": "-----"}, "CN=WB1,O=Vendor"), ("CN=WB2", "CN=WB2"), (7, "7")],
)
def test_a_connection_names_its_client_certificate_and_who_ended_it(certificate, told):
    run = Synthetic()
    run.start("A")
    run.connect(tls={"version": "TLSv1.3", "cipher": "X", "client_cert": certificate})
    run.add("disconnect", connection=1, code=1006, reason="", by="csms")
    run.end()
    page = html.render(build(run.events))
    row = page[page.index('id="connection-1"') :].partition("</tr>")[0]
    assert f"client certificate {told}</span>" in " ".join(row.split())
    assert "-----" not in row
    assert "by the Central System, code 1006" in row
