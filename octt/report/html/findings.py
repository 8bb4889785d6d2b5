"""Findings as the HTML report shows them: the station's, what is not the station's, remarks."""

from __future__ import annotations

from typing import Any

from octt.report.html.frames import Budget
from octt.report.model.parts import Finding, Result
from octt.report.model.sections import demanded
from octt.report.ticket import reproduce, ticket

LIMIT = 500  # of each group; a station can make as many as it likes
FIRST = 3
"""How many findings are what to mend first."""

KINDS = {
    "evidence": "evidence",
    "fail": "failed",
    "pics": "declaration contradicted",
    "time": "too slow",
    "error": "error of the tool",
    "inconclusive": "inconclusive",
    "not run": "not run",
    "station": "breaks a rule, fails no case",
    "override": "overruled",
    "tool": "left by the tool",
    "remark": "remark",
}
_COLOURS = {
    "fail": "fail",
    "evidence": "fail",
    "error": "error",
    "remark": "not-applicable",
    "tool": "not-applicable",
    "override": "not-applicable",
}


def finding_views(result: Result, budget: Budget) -> dict[str, list[dict[str, Any]]]:
    """The findings of each group, in their order."""
    groups: dict[str, list[dict[str, Any]]] = {"station": [], "ours": [], "remark": []}
    for finding in result.findings:
        if len(groups[finding.group]) < LIMIT:
            groups[finding.group].append(_view(finding, result, budget))
    return groups


def _view(finding: Finding, result: Result, budget: Budget) -> dict[str, Any]:
    detail = finding.detail if finding.detail != finding.title else ""
    first = next((place for place in finding.places if place.expected), None)
    return {
        "id": f"finding-{finding.name}",
        "title": finding.title,
        "detail": "" if first else detail,
        "expected": first.expected if first else "",
        "actual": first.actual if first else "",
        "kind": KINDS.get(finding.kind, finding.kind),
        "colour": _COLOURS.get(finding.kind, "inconclusive"),
        "cases": finding.cases,
        "step": finding.step,
        "blame": finding.blame,
        "count": finding.count,
        "frame": finding.frame,
        "href": f"#f{finding.frame}" if finding.frame in budget.shown else "",
        "demands": demanded(finding.cite, finding.title),
        "reproduce": reproduce(finding),
        "ticket": ticket(finding, result) if finding.group == "station" else "",
    }
