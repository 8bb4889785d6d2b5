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
from octt.record.words import printed
from octt.report.certificate.certificate import certificate
from octt.report.certificate.form import (
    INDEPENDENT,
    NONE,
    NOTICE,
    SCOPE,
    Block,
    Item,
    Layout,
    Paragraph,
    Section,
    Signing,
    Table,
    facts_table,
)
from octt.report.model.headline import counted, headline
from octt.report.model.parts import Result
from octt.report.model.run import Run
from octt.report.pdf.annex import annexes, findings
from octt.report.text import limit, moment, seconds, visible

MEND_FIRST, REASONS = 3, 4  # findings and reasons on the first page
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
    mend = [finding.title for finding in result.findings if finding.group == "station"]
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
        "headline": headline(result),
        "counted": counted(result),
        "reasons": _few(result.not_issuable, REASONS),
        "mend": _few(mend, MEND_FIRST),
        "facts": _block(_facts(result)),
        "profiles": _block(_profiles(result)),
        "times": _block(_times(result)),
        "about": f"Made with octt, {INDEPENDENT}. {SCOPE}",
        "sections": [
            _section(section) for section in (*findings(result), *form.sections, *annexes(result, evidence))
        ],
    }


def _few(texts: list[str], most: int) -> list[str]:
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return [visible(text, 220) for text in texts[:most]] + more


def _facts(result: Result) -> Table:
    """What the first page says of the run; what nobody gave has no row."""
    laboratory, run = result.laboratory, result.run
    rows = [
        ("Report number", visible(laboratory.report_number)),
        (
            "Laboratory",
            visible(", ".join(part for part in (laboratory.name, laboratory.address) if part), 200),
        ),
        ("Software", visible(result.station.firmware, 80)),
        ("Serial number", visible(result.station.serial, 80)),
        ("Run", f"{moment(run.started)}, {seconds(run.seconds)}" + _how(run)),
        ("Fingerprint", run.last_hash),
    ]
    return facts_table([(label, value) for label, value in rows if value])


def _how(run: Run) -> str:
    """In how many sittings a run was carried out, and whether to its end."""
    sittings = f", in {len(run.sittings) + 1} sittings" if run.sittings else ""
    return sittings + ("" if run.complete else ", broken off")


def _profiles(result: Result) -> Table:
    """The certification profiles with their results."""
    rows = [
        (visible(printed(profile.name), 60), profile.words, f"{profile.tested} of {profile.applicable}")
        for profile in result.profiles
    ]
    return Table(rows or [(NONE, NONE, NONE)], ("Profile", "Result", "Tested"), (4, 4.4, 1.6))


def _times(result: Result) -> Table:
    """The longest of each time that the vendor declares a maximum for, where it was measured."""
    rows = [
        (one.name, ("> " if one.at_least else "") + seconds(one.maximum), limit(one.declared) or NONE)
        for one in result.performance.certified
        if one.maximum is not None
    ]
    return Table(rows, ("Measured", "Longest", "Declared at most"), (6.4, 1.8, 1.8))


def _section(section: Section) -> dict[str, Any]:
    blocks = [_block(block) for block in section.blocks]
    return {
        "title": section.title,
        "level": section.level,
        "outlined": section.outlined,
        "together": section.together,
        "blocks": blocks,
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": visible(block.text), "strong": block.strong}
        case Signing():
            rows = [[visible(cell) for cell in row] for row in block.rows]
            return {"kind": "signing", "side": block.side, "rows": rows, "date": visible(block.date)}
        case Item():
            return {"kind": "item", **vars(block)}
    columns = len(block.rows[0]) if block.rows else len(block.header)
    return {
        "kind": "table",
        "header": list(block.header),
        "rows": [[visible(cell) for cell in row] for row in block.rows],
        "widths": list(block.widths or [1] * columns),
        "numeric": block.numeric,
        "groups": sorted(block.groups),
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
