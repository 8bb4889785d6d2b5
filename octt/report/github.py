"""GitHub's annotations of a job: a line for each case that did not pass, in the form of workflow commands."""

from __future__ import annotations

from octt.record.words import Verdict
from octt.report.model.case import Case
from octt.report.model.findings.causes import cause, title_of
from octt.report.model.parts import Result
from octt.report.text import visible

MOST = 40  # GitHub shows ten of each kind for a step; the report has them all


def commands(result: Result) -> list[str]:
    """`::error` for what failed, `::warning` for what is open, and one for a report that may not be filed."""
    lines = [
        _line(case) for case in result.cases if case.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    ]
    if not result.issuable:
        lines.append(_command("warning", "May not be filed", result.not_issuable[0]))
    return lines[:MOST]


def _line(case: Case) -> str:
    kind = "error" if case.verdict is Verdict.FAIL else "warning"
    found = cause(case.last) if case.last is not None else None
    told = title_of(found) if found is not None else case.reason or case.verdict
    return _command(kind, f"{case.id} {case.verdict}", told)


def _command(kind: str, title: str, message: str) -> str:
    """One workflow command; what would end it or begin another is written as its number."""
    told = visible(message, 400).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    name = visible(title, 100).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} title={name.replace(':', '%3A').replace(',', '%2C')}::{told}"
