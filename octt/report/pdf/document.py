"""The report on paper: a PDF set by typst, a wheel with its fonts; the same result gives the same bytes."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import typst

from octt import paths
from octt.record.words import Verdict
from octt.report.certificate.certificate import certificate
from octt.report.certificate.form import NOTICE, Layout, Paragraph, Section, Table, facts_table
from octt.report.model.parts import Result
from octt.report.pdf.annex import annexes
from octt.report.text import moment, seconds, visible

VERDICTS = {Verdict.PASS: "Passed", Verdict.FAIL: "Failed", Verdict.INCONCLUSIVE: "Inconclusive"}
# Scripts that the fonts within typst's wheel do not have; only then are the fonts of the machine looked for.
_OTHER_SCRIPTS = re.compile("[\u0590-\u1dff\u2c00-\ud7ff\uf900-\ufdff\ufe30-\uffef\U00010000-\U0010ffff]")


def render(result: Result, layout: Layout = "2025", evidence: bool = False) -> bytes:
    """The PDF in one of the two arrangements; with `evidence`, every step of every case is appended.

    Deterministic: the date in the file is the end of the run. ValueError for a layout there is none of.
    """
    data = document(result, layout, evidence)
    try:
        return _typeset(data, result.run.ended)
    except typst.TypstError:
        if data["logo"] is None:
            raise
        return _typeset(
            {**data, "logo": None}, result.run.ended
        )  # a picture that is none must not cost the report


def _typeset(data: dict[str, Any], ended: int) -> bytes:
    text = orjson.dumps(data).decode()
    compiler = _compiler(ignore_system_fonts=_OTHER_SCRIPTS.search(text) is None)
    stamp = datetime.fromtimestamp(min(max(ended // 10**9, 0), 253402300799), UTC)
    pdf = compiler.compile(format="pdf", sys_inputs={"data": text}, timestamp=stamp)
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no single file")
    return pdf


@lru_cache(maxsize=2)
def _compiler(ignore_system_fonts: bool) -> typst.Compiler:
    return typst.Compiler(paths.REPORTS / "report.typ", ignore_system_fonts=ignore_system_fonts)


def document(result: Result, layout: Layout, evidence: bool) -> dict[str, Any]:
    """What the template is given: text only, nothing that it would read as markup."""
    form = certificate(result, layout)
    laboratory, run = result.laboratory, result.run
    logo, logo_format = _logo(laboratory.logo)
    counts = result.counts()
    applicable = sum(counts.values()) - counts[Verdict.NOT_APPLICABLE]
    outcome = [
        f"{counts[Verdict.PASS]} of {applicable} applicable cases passed, {counts[Verdict.FAIL]} failed."
    ]
    if result.issuable:
        outcome.append("This report may be issued.")
    else:
        outcome.append(f"This report may not be issued: {visible(result.not_issuable[0], 200)}")
    facts = facts_table(
        [
            ("Report number", visible(laboratory.report_number)),
            (
                "Laboratory",
                visible(", ".join(part for part in (laboratory.name, laboratory.address) if part), 200),
            ),
            ("Serial number", visible(result.station.serial, 80)),
            (
                "Run",
                f"{moment(run.started)}, {seconds(run.seconds)}" + ("" if run.complete else ", incomplete"),
            ),
            ("Fingerprint", run.last_hash),
        ]
    )
    return {
        "notice": NOTICE,
        "title": form.title,
        "author": visible(laboratory.name, 120) or "octt",
        "number": visible(laboratory.report_number, 60),
        "footer": f"Record {run.last_hash[:16]}" if run.last_hash else "",
        "product": visible(form.product, 80) or "Station",
        "vendor": visible(result.station.declared.get("vendor") or result.station.vendor, 120),
        "logo": logo,
        "logo_format": logo_format,
        "verdict": result.verdict,
        "verdict_word": VERDICTS.get(result.verdict, result.verdict.capitalize()),
        "outcome": outcome,
        "facts": _block(facts),
        "sections": [_section(section) for section in (*form.sections, *annexes(result, evidence))],
    }


def _section(section: Section) -> dict[str, Any]:
    blocks = [_block(block) for block in section.blocks]
    return {"title": section.title, "level": section.level, "outlined": section.outlined, "blocks": blocks}


def _block(block: Paragraph | Table) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": visible(block.text), "strong": block.strong}
    columns = len(block.rows[0]) if block.rows else len(block.header)
    return {
        "kind": "table",
        "header": list(block.header),
        "rows": [[visible(cell) for cell in row] for row in block.rows],
        "widths": list(block.widths or [1] * columns),
        "numeric": block.numeric,
        "groups": sorted(block.groups),
        "tall": "Signature:" in (cell for row in block.rows for cell in row),
    }


def _logo(source: str) -> tuple[list[int] | None, str]:
    """The laboratory's logo from a data: URI (PNG, JPEG or GIF) as the template takes it; none for anything else."""
    found = re.match(r"data:image/(png|jpeg|jpg|gif);base64,", source)
    if found is None:
        return None, ""
    try:
        content = base64.b64decode(source[found.end() :], validate=True)
    except binascii.Error:
        return None, ""
    return list(content), {"jpeg": "jpg"}.get(found[1], found[1])
