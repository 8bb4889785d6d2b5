"""The result in a few lines: summary.md for the page of a continuous-integration job, and the last words of a run."""

from __future__ import annotations

import re

from octt.record.words import Verdict, printed
from octt.report.model.headline import counted, headline
from octt.report.model.parts import Finding, Result
from octt.report.text import visible

FIRST = 3
"""Findings that are named."""
MOST = 20
"""Rows of any list."""

_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.NOT_APPLICABLE: "➖"}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def render(result: Result) -> bytes:
    """summary.md: verdict, profiles, what to mend first, what keeps the report from being filed."""
    station = result.station
    product = " ".join(part for part in (station.vendor, station.model, station.firmware) if part)
    lines = [f"## {_sign(result.verdict)} {headline(result)}", ""]
    lines += [f"**{_plain(product)}** · {counted(result)}" if product else counted(result), ""]
    lines += ["| profile | result | tested |", "|---|---|---|"]
    lines += [
        f"| {_plain(printed(one.name))} | {_sign(one.verdict)} {_plain(one.words)} | {one.tested} of {one.applicable} |"
        for one in result.profiles
    ]
    if again := _more_than_once(result):
        lines += ["", f"Tried more than once, the last attempt counts: {_plain(again, 500)}."]
    station_findings = [finding for finding in result.findings if finding.group == "station"]
    if station_findings:
        lines += ["", "### Mend first", ""]
        lines += [f"{place}. {_told(finding)}" for place, finding in enumerate(station_findings[:FIRST], 1)]
        more = len(station_findings) - FIRST
        lines += [f"\nand {more} more in report.html"] if more > 0 else []
    if not result.issuable:
        lines += ["", "### May not be filed, because", ""]
        lines += [f"- {_plain(reason, 300)}" for reason in result.not_issuable[:MOST]]
        more = len(result.not_issuable) - MOST
        lines += [f"- and {more} more"] if more > 0 else []
    tool = f"{result.run.tool.get('name') or 'octt'} {result.run.tool.get('version') or ''}".strip()
    lines += ["", f"{_plain(tool)} · record `{result.run.last_hash[:16] or 'none'}`", ""]
    return "\n".join(lines).encode()


def last_words(result: Result) -> list[str]:
    """What a terminal says at the end of a run: the verdict in words, what to mend first."""
    lines = [headline(result)]
    mend = [finding for finding in result.findings if finding.group == "station"]
    for place, finding in enumerate(mend[:FIRST], 1):
        cases = ", ".join(finding.cases[:3]) + (
            f" and {len(finding.cases) - 3} more" if len(finding.cases) > 3 else ""
        )
        lines.append(
            f"{'Mend first:' if place == 1 else '           '} {place}. {finding.title} ({cases or 'no case'})"
        )
    if len(mend) > FIRST:
        lines.append(f"            and {len(mend) - FIRST} more")
    if again := _more_than_once(result):
        lines.append(f"Tried more than once: {again}")
    if remarks := sum(finding.group == "remark" for finding in result.findings):
        lines.append(f"{remarks} remark{'' if remarks == 1 else 's'}")
    return [visible(line, 400).replace("\n", " ") for line in lines]


def _more_than_once(result: Result) -> str:
    """The cases with several attempts, each with the verdicts in their order."""
    told = [
        f"{case.id} ({', '.join(attempt.verdict for attempt in case.attempts)})"
        for case in result.cases
        if len(case.attempts) > len({attempt.connector for attempt in case.attempts})
    ]
    more = f" and {len(told) - FIRST} more" if len(told) > FIRST else ""
    return ", ".join(told[:FIRST]) + more


def _told(finding: Finding) -> str:
    cases = ", ".join(finding.cases[:6]) + (
        f" and {len(finding.cases) - 6} more" if len(finding.cases) > 6 else ""
    )
    return f"**{_plain(finding.title, 300)}**" + (f" ({cases})" if cases else "")


def _sign(verdict: Verdict) -> str:
    return _SIGNS.get(verdict, "⚠️")


def _plain(text: str, limit: int = 200) -> str:
    """A text of a station in which Markdown sees nothing of its own."""
    return _MARKUP.sub(r"\\\1", visible(text, limit).replace("\n", " "))
