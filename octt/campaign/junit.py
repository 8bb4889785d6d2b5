"""junit.xml of a campaign: what each run says of itself, under its own name; a run that is missing is an error."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from octt.campaign.outcome import Outcome
from octt.report.text import visible

_COUNTED = ("tests", "failures", "errors", "skipped")


def render(folder: Path, found: list[Outcome], name: str) -> bytes:
    """JUnit XML in UTF-8, from the junit.xml of the runs below `folder`."""
    root = ElementTree.Element("testsuites", {"name": visible(f"octt {name}", 200)})
    for one in found:
        suites = _suites(folder, one)
        for suite in suites:
            suite.set("name", f"{one.run.name}: {suite.get('name')}")
            for case in suite.iter("testcase"):
                case.set("classname", f"{one.run.name}.{case.get('classname')}")
            root.append(suite)
        if one.why or not suites:
            root.append(_missing(one))
    for key in _COUNTED[:3]:  # Jenkins' schema has "skipped" for a testsuite only
        root.set(key, str(sum(int(suite.get(key) or 0) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time') or 0) for suite in root):.3f}")
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suites(folder: Path, one: Outcome) -> list[ElementTree.Element]:
    if one.run.last is None:
        return []
    try:
        return list(ElementTree.fromstring((folder / one.run.last.folder / "junit.xml").read_bytes()))
    except (OSError, ElementTree.ParseError):
        return []


def _missing(one: Outcome) -> ElementTree.Element:
    """The run as a test of its own: who counts errors and failures alone must find one."""
    why = visible(one.why or "its report is missing", 500)
    numbers = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0.000"}
    suite = ElementTree.Element("testsuite", {"name": f"{one.run.name}: the run", **numbers})
    of = {"classname": f"{one.run.name}.octt.the run", "name": "carried out", "time": "0.000"}
    case = ElementTree.SubElement(suite, "testcase", of)
    ElementTree.SubElement(case, "error", {"message": why, "type": "NOT CARRIED OUT"})
    return suite
