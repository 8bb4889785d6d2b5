"""What is made of a session: fuzz.json, fuzz.html, junit-fuzz.xml, and text for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from octt.fuzz.dangers import DANGERS
from octt.fuzz.fuzzing import Fuzzed
from octt.fuzz.story import Finding
from octt.report.html.page import environment
from octt.report.text import seconds
from octt.suite.machine import tool
from octt.text import one_line, visible

LONGEST = 60_000
"""Characters of the longest text of an output."""


def write(result: Fuzzed) -> None:
    """Writes all of it into the session's folder. Raises OSError."""
    for name, text in (
        ("fuzz.json", json.dumps(as_dict(result), indent=1, ensure_ascii=False)),
        ("fuzz.html", page(result)),
        ("junit-fuzz.xml", junit(result)),
    ):
        _place(result.out / name).write_text(text, encoding="utf-8", errors="replace")


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def as_dict(result: Fuzzed) -> dict[str, Any]:
    """As fuzz.json has it."""
    return {
        "kind": "fuzz",
        "notice": "Nothing here is a verdict of the certification.",
        "tool": tool(),
        "station": result.station,
        "started": result.started,
        "seed": result.seed,
        "allowed": list(result.allowed),
        "left_alone": {name: one.why for name, one in DANGERS.items() if name not in result.allowed},
        "examples": result.examples,
        "parts": result.by_part,
        "seconds": round(result.seconds, 3),
        "examples_per_second": round(result.rate, 1),
        "gone": result.gone,
        "not_put_back": result.left,
        "findings": [_finding(one) for one in result.findings],
        "advice": [_finding(one) for one in result.advice],
    }


def _finding(one: Finding) -> dict[str, Any]:
    trouble = one.trouble
    return {
        "severity": str(trouble.severity),
        "fault": trouble.fault,
        "detail": trouble.detail,
        "section": trouble.cite,
        "count": one.count,
        "examples": one.examples,
        "tries": one.tries,
        "blows": [blow.told for blow in one.story.blows],
        "charging": one.story.charging,
        "frames": one.frames,
        "lines": [one.first, one.last],
        "script": one.script,
    }


def page(result: Fuzzed) -> str:
    """One self-contained HTML page. Every text of a station is escaped."""
    template = environment().get_template("fuzz.html.j2")
    return template.render(result=result, dangers=DANGERS, seconds=seconds)


def junit(result: Fuzzed) -> str:
    """A suite of its own: every part that was carried out, and every finding as a failure."""
    suite = ElementTree.Element("testsuite", {"name": "octt fuzz", "errors": "1" if result.gone else "0"})
    for name, count in result.by_part.items():
        ElementTree.SubElement(suite, "testcase", {"classname": "octt.fuzz", "name": f"{name}: {count}"})
    for one in result.findings:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": "octt.fuzz.findings", "name": visible(one.trouble.fault, 300)}
        )
        told = {"message": visible(one.trouble.detail, 500), "type": str(one.trouble.severity)}
        failure = ElementTree.SubElement(case, "failure", told)
        failure.text = visible("\n".join([f"see: {one.trouble.cite}", *one.frames]), LONGEST)
    if result.gone:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "octt.fuzz", "name": "to its end"})
        ElementTree.SubElement(case, "error", {"message": visible(result.gone, 500)})
    suite.set("tests", str(len(list(suite.iter("testcase")))))
    suite.set("failures", str(len(result.findings)))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def told(result: Fuzzed) -> Iterator[str]:
    """For the terminal, a line each."""
    for one in result.findings:
        trouble = one.trouble
        yield f"{trouble.severity:<10}  {trouble.fault}"
        yield f"            {trouble.detail} [{trouble.cite or 'no section'}]"
        yield from (f"            {blow.told}" for blow in one.story.blows)
        yield f"            octt fuzz --replay {result.out / one.script}" if one.script else ""
    for one in result.advice:
        yield f"{one.trouble.severity:<10}  {one.trouble.fault} ({one.count} times)"
    if result.gone:
        yield f"not carried out to its end: {result.gone}"
    for what in result.left:
        yield f"left at the station: {what}"
    counted = f"{len(result.findings)} finding{'' if len(result.findings) == 1 else 's'}"
    yield f"{counted} in {result.examples} examples, {result.rate:.0f} a second; {result.out / 'fuzz.html'}"


def lines(result: Fuzzed) -> list[str]:
    """As `told`, in lines that nothing of a station can break."""
    return [one_line(line, 500) for line in told(result) if line]
