"""The PDF: complete, the same bytes for the same result, and a station's text is never read as markup."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.report.certificate.form import LAYOUTS, NOTICE
from octt.report.model.result import build
from octt.report.pdf import document as pdf
from tests.report.certified import FACTS, certified, first_missing
from tests.report.synthetic import Synthetic, failing_run, passing_run

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def pages(content: bytes) -> list[str]:
    """The text of each page, as another program reads it."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (poppler) is not installed; the other tests look at the document's data")
    text = subprocess.run(
        [program, "-layout", "-", "-"], input=content, capture_output=True, check=True
    ).stdout
    return text.decode().replace("\u200b", "").split("\f")[:-1]


def told(document: dict) -> str:
    """All text the template is given, in order."""
    lines = []
    for section in document["sections"]:
        lines.append(section["title"])
        for block in section["blocks"]:
            match block["kind"]:
                case "paragraph":
                    rows = [[block["text"]]]
                case "signing":
                    rows = [[block["side"]], *block["rows"], ["Date and place", block["date"]], ["Signature"]]
                case "item":
                    rows = [[block["number"], block["title"]], *([line] for line in block["lines"])]
                case _:
                    rows = [block["header"], *block["rows"]]
            lines += [" | ".join(row) for row in rows]
    return "\n".join(lines)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_whole_certificate_is_in_it(layout):
    assert first_missing(told(pdf.document(certified(layout), layout, evidence=False)), FACTS[layout]) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_page_says_what_it_is_and_its_number(layout):
    found = pages(pdf.render(certified(layout), layout))
    assert len(found) > 4
    for number, page in enumerate(found, 1):
        assert NOTICE in page
        assert f"Page {number} of {len(found)}" in page


def test_the_text_can_be_read_back_in_order():
    text = "\n".join(pages(pdf.render(certified("2024"), "2024")))
    rows = [line for line in FACTS["2024"] if line.count("|") == 1 and len(line) < 40]
    assert len(rows) > 30
    assert [row for row in rows if first_missing(text, [row]) is not None] == []


def test_the_same_result_gives_the_same_bytes():
    first = pdf.render(build(failing_run().events), evidence=True)
    assert first.startswith(b"%PDF")
    assert first == pdf.render(build(failing_run().events), evidence=True)


def test_the_evidence_is_appended_on_request():
    result = build(failing_run().events)
    assert "Evidence by case" not in told(pdf.document(result, "2025", evidence=False))
    evidence = told(pdf.document(result, "2025", evidence=True))
    assert "nothing came" in evidence
    assert "12.5 s of 10 s" in evidence
    assert "NOT RESTORED" in evidence
    assert len(pdf.render(result, evidence=True)) > len(pdf.render(result))


def test_attempts_overrides_and_reasons_are_always_there():
    result = build(failing_run().events)
    text = told(pdf.document(result, "2025", evidence=False))
    assert "TC_001_CS | 1 | " in text
    assert "TC_023_CS | FAIL | PASS | operator | the cable was loose" in text
    assert all(reason in text for reason in result.not_issuable)


def test_an_examined_answer_stands_with_its_question_and_one_unit():
    run = Synthetic()
    run.start("A")
    for item, answer in (
        ("HFS-4", "No"),
        ("response_timeout", "10 seconds"),
        ("configuration_keys.ResetRetries", "3 (RW)"),
    ):
        run.add("pics", item=item, answer=answer, result="confirmed", why="seen", line=3)
    run.end()
    text = told(pdf.document(build(run.events), "2025", False))
    assert "HFS-4 Has DC support | No | confirmed | seen (line 3)" in text
    assert "OCPP response timeout | 10 seconds | confirmed" in text
    assert "ResetRetries | 3 (RW) | confirmed" in text


def test_the_fingerprint_of_the_record_is_there():
    result = build(passing_run().events)
    result.run.last_hash = "ab" * 32
    assert "ab" * 32 in told(pdf.document(result, "2025", evidence=False))
    assert "ab" * 32 in "".join("\n".join(pages(pdf.render(result))).split())


def test_hostile_text_is_set_as_text():
    """Typst's own markup in a name of a case: neither run nor read."""
    text = "\n".join(pages(pdf.render(build(failing_run().events))))
    assert '#letx=read("f")' in "".join(text.split())


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_set(text):
    run = Synthetic()
    run.start({"case": text, "name": text, "profile": text, "applicable": True, "reason": text})
    product = {"designation": text, "vendor": text}
    run.change(0, pics={"product": product, "answers": {"SEC-4": [text, text * 3]}})
    with run.case(text, "FAIL", reason=text):
        run.step(text, "fail", actual=text, cite=text, step=text)
    run.end()
    assert pdf.render(build(run.events), evidence=True).startswith(b"%PDF")


def test_the_laboratory_s_logo_is_set():
    result = build(passing_run().events)
    plain = pdf.render(result)
    run = passing_run()
    run.change(0, bench={"laboratory": {"logo": f"data:image/png;base64,{PIXEL}"}})
    assert pdf.document(build(run.events), "2025", evidence=False)["logo"] == list(base64.b64decode(PIXEL))
    assert pdf.render(build(run.events)) != plain


@pytest.mark.parametrize(
    "logo", ["logo.png", "data:image/png;base64,%%%", "data:image/png;base64,AAAA", "data:text/html,x"]
)
def test_a_logo_that_is_none_is_left_out(logo):
    run = passing_run()
    run.change(0, bench={"laboratory": {"logo": logo}})
    assert pdf.render(build(run.events)).startswith(b"%PDF")


def test_an_empty_record_gives_a_pdf():
    assert pdf.render(build([])).startswith(b"%PDF")


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="2025, 2024"):
        pdf.render(build([]), "2023")  # type: ignore[arg-type]
