"""What a run left at the station is one finding: said at its end, with the cases that did not put it back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from octt.report.model.findings.collecting import CHANGED, KEY
from octt.report.model.parts import Finding

LEFT = "left at the station: "
_LATE = re.compile(r"not restored (?:when the case ended|at the end of the run): ")


def told_once(found: Iterable[Finding]) -> list[Finding]:
    """The findings; what stayed changed, and what did not put it back, goes with what is said of it at the end."""
    kept, left = list[Finding](), dict[str, Finding]()
    for finding in found:
        if finding.kind == "tool" and finding.title.startswith(LEFT):
            left[finding.title.removeprefix(LEFT)] = finding
        else:
            kept.append(finding)
    ours = []
    for undo, finding in left.items():
        its = [one for one in kept if one.kind == "tool" and _is_about(one.title, undo)]
        kept = [one for one in kept if one not in its]
        places = tuple(dict.fromkeys(place for one in its for place in one.places))
        why = finding.detail.removeprefix(finding.title).strip().removeprefix("(").removesuffix(")")
        ours.append(
            replace(finding, title=f"to be put back: {undo}", detail=why, places=places + finding.places)
        )
    return [*ours, *kept]


def _is_about(title: str, undo: str) -> bool:
    """Whether a finding is about what is still to be put back, as octt/script/undo.py names it."""
    late = _LATE.match(title)
    if late is not None:
        return title[late.end() :].startswith(f"{undo}: ")
    what = title.removesuffix(CHANGED)
    if what == title:
        return False
    key = what.removeprefix(KEY)
    return (
        undo.startswith(f"{key} = ")
        if key != what
        else undo.removeprefix("the ") == what.removeprefix("the ")
    )
