"""junit.xml: the result for continuous-integration servers, a testsuite for each certification profile.

FAIL is a failure; INCONCLUSIVE, ERROR and an applicable case that was not run are errors; NOT APPLICABLE and what was
not chosen for this run are skipped. A run that was cut off has an error of its own, whatever its cases are. Where each
connector is tested, a case is a testcase for each. Properties say what a reader of the file alone must know: that a
part is a part.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from octt.record.words import Outcome, Verdict
from octt.report.json_out import iso
from octt.report.model.case import Case, Step
from octt.report.model.headline import headline
from octt.report.model.parts import ProfileResult, Result
from octt.report.text import visible

ERRORS = (Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_RUN)
REASONS = 10  # why a report may not be issued: as many as are told
TEXT_LIMIT = 4000  # characters of one text: CI servers show them in a browser


def render(result: Result) -> bytes:
    """The result as JUnit XML in UTF-8. Characters that XML cannot hold are written as their number."""
    cut_off = _cut_off(result)
    every = [part for case in result.cases for part in case.parts]
    numbers = _numbers(every, result.left_out)
    if cut_off:
        numbers |= {name: str(int(numbers[name]) + 1) for name in ("tests", "errors")}
    root = ElementTree.Element("testsuites", {"name": "octt", **numbers})
    del root.attrib["skipped"]  # Jenkins' schema has it for a testsuite only, and refuses the file
    for profile in result.profiles:
        cases = [case for case in every if case.profile == profile.name]
        others = [case for case in result.left_out if case.profile == profile.name]
        name = visible(profile.name) or "no profile"
        suite = ElementTree.SubElement(root, "testsuite", {"name": name, **_numbers(cases, others)})
        suite.set("timestamp", (iso(result.run.started) or "1970-01-01T00:00:00")[:19])
        suite.set("hostname", visible(result.station.identity, 200) or "station")
        properties = ElementTree.SubElement(suite, "properties")
        for key, value in _properties(result, profile):
            ElementTree.SubElement(properties, "property", {"name": key, "value": visible(value, TEXT_LIMIT)})
        for case in cases:
            _testcase(suite, case, name)
        for case in others:
            _not_chosen(suite, case, name)
    if cut_off:
        _broken_run(root, cut_off)
    ElementTree.indent(root)
    xml = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return bytes(xml) + b"\n"


def _cut_off(result: Result) -> str:
    """Why not even cases that all passed are a pass; nothing for a run that was carried out and is on record whole."""
    if not result.run.complete:
        return f"The run is incomplete: {result.run.why_incomplete}."
    return "The record is damaged." if result.run.damages else ""


def _broken_run(root: ElementTree.Element, why: str) -> None:
    """The run as a test of its own: who counts errors and failures alone must find one."""
    numbers = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0.000"}
    suite = ElementTree.SubElement(root, "testsuite", {"name": "the run", **numbers})
    case = {"classname": "octt.the run", "name": "carried out to its end", "time": "0.000"}
    testcase = ElementTree.SubElement(suite, "testcase", case)
    ElementTree.SubElement(testcase, "error", {"message": visible(why, 500), "type": "INCOMPLETE"})


def _numbers(cases: list[Case], others: list[Case]) -> dict[str, str]:
    verdicts = [case.verdict for case in cases]
    return {
        "tests": str(len(cases) + len(others)),
        "failures": str(verdicts.count(Verdict.FAIL)),
        "errors": str(sum(verdict in ERRORS for verdict in verdicts)),
        "skipped": str(verdicts.count(Verdict.NOT_APPLICABLE) + len(others)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _properties(result: Result, profile: ProfileResult) -> Iterator[tuple[str, str]]:
    yield "verdict", profile.verdict
    yield "result", profile.words
    yield "tested", f"{profile.tested} of {profile.applicable}"
    yield "run", headline(result)
    yield "issuable", "true" if result.issuable else "false"
    if not result.issuable:
        yield "not_issuable", " ".join(result.not_issuable[:REASONS])
    yield "station.vendor", result.station.vendor
    yield "station.model", result.station.model
    yield "station.firmware", result.station.firmware
    yield "tool.version", str(result.run.tool.get("version", ""))
    yield "record", result.run.last_hash


def _testcase(suite: ElementTree.Element, case: Case, classname: str) -> None:
    name = visible(f"{case.id} {case.name}".strip(), 300)
    attributes = {"classname": f"octt.{classname}", "name": name, "time": f"{case.seconds:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", attributes)
    message = visible(case.reason or case.verdict, 500)
    if case.verdict == Verdict.NOT_APPLICABLE:
        ElementTree.SubElement(element, "skipped", {"message": message})
    elif case.verdict == Verdict.FAIL or case.verdict in ERRORS:
        tag = "failure" if case.verdict == Verdict.FAIL else "error"
        kind = f"{case.verdict} ({case.blame})" if case.blame else case.verdict
        outcome = ElementTree.SubElement(element, tag, {"message": message, "type": visible(kind, 100)})
        failed = [_failed(step) for step in case.steps if step.outcome is Outcome.FAIL]
        outcome.text = visible("\n".join(failed) or case.reason, TEXT_LIMIT)
    lines = [_line(step) for step in case.steps]
    lines += [
        f"remark: {remark.text}" + (f" ({remark.count} times)" if remark.count > 1 else "")
        for remark in case.remarks
    ]
    if len(case.attempts) > 1:
        lines += [
            f"attempt {attempt.number}: {attempt.verdict} {attempt.reason}" for attempt in case.attempts
        ]
    if case.override is not None:
        lines.append(f"measured verdict: {case.measured_verdict}; {case.reason}")
    if lines:
        ElementTree.SubElement(element, "system-out").text = "\n".join(
            visible(line, TEXT_LIMIT) for line in lines
        )


def _not_chosen(suite: ElementTree.Element, case: Case, classname: str) -> None:
    name = visible(f"{case.id} {case.name}".strip(), 300)
    attributes = {"classname": f"octt.{classname}", "name": name, "time": "0.000"}
    element = ElementTree.SubElement(suite, "testcase", attributes)
    ElementTree.SubElement(element, "skipped", {"message": "not chosen for this run"})


def _failed(step: Step) -> str:
    parts = [f"expected: {step.what}", f"actual: {step.actual or 'nothing'}"]
    if step.limit is not None:
        parts.append(
            f"limit: {step.limit:g} s" + (f", took {step.seconds:.3f} s" if step.seconds is not None else "")
        )
    if step.cite:
        parts.append(f"see: {step.cite}")
    line = step.frame if step.frame is not None else step.closest
    parts.append(f"record: line {line if line is not None else step.n}")
    return "\n".join(parts)


def _line(step: Step) -> str:
    took = f" [{step.seconds:.3f} s of {step.limit:g} s]" if step.margin is not None else ""
    actual = f" - {step.actual}" if step.actual else ""
    return f"{step.outcome}: {step.step + ' ' if step.step else ''}{step.what}{took}{actual}"
