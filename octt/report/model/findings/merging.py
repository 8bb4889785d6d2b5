"""Findings with one cause are one finding, and what to mend first comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from octt.record.words import Blame, Profile
from octt.report.model.findings.collecting import collect, unanswered
from octt.report.model.findings.faults import missing, name_of, same
from octt.report.model.findings.leftovers import told_once
from octt.report.model.parts import Finding, Result

FIRST_PROFILES = (Profile.CORE, Profile.SECURITY)
_VERDICTS = ("fail", "inconclusive", "station")
"""Kinds that one cause can show as, from the worst on."""


def findings(result: Result) -> list[Finding]:
    """All findings: the station's, then what is not the station's, then remarks.

    Within these by rank, then those of the most cases first, then Core before the rest, then in plan order. The same
    thing seen in several cases is one finding, whatever its numbers and times.
    """
    found = told_once(collect(result))
    merged = _merge([*found, *unanswered(result, found)])
    profile_of = {case.id: case.profile for case in result.cases}

    def order(finding: Finding) -> tuple[int, int, int, int]:
        names = {profile_of.get(case, "") for case in finding.cases}
        first = min(
            (FIRST_PROFILES.index(Profile(n)) if n in FIRST_PROFILES else 2 for n in names), default=2
        )
        group = ("station", "ours", "remark").index(finding.group)
        return group, finding.rank, -len(finding.cases), first

    return sorted(merged, key=order)


def _merge(found: Iterable[Finding]) -> list[Finding]:
    by_key: dict[tuple[str, ...], Finding] = {}
    for finding in found:
        key = _key(finding)
        seen = by_key.get(key)
        by_key[key] = replace(finding, name=name_of(key)) if seen is None else _both(seen, finding)
    return _join_missing(by_key.values())


def _key(finding: Finding) -> tuple[str, ...]:
    """What findings have in common that are one. A fault of the station is one whatever verdict it led to."""
    station = finding.blame is Blame.STATION and finding.kind in _VERDICTS
    kind = "fault" if station else finding.kind
    detail = "" if station or finding.kind in ("remark", "tool", "inconclusive") else finding.detail
    return kind, same(finding.title), same(detail)


def _both(seen: Finding, other: Finding) -> Finding:
    """Two findings of one cause: the worst kind, every place, and the citation if it is the same."""
    worst = min(seen, other, key=lambda finding: finding.rank)
    return replace(
        seen,
        rank=worst.rank,
        kind=worst.kind,
        detail=seen.detail or other.detail,
        cite=seen.cite if seen.cite == other.cite else _better(seen.cite, other.cite),
        places=seen.places + tuple(place for place in other.places if place not in seen.places),
        count=seen.count + other.count,
    )


def _better(one: str, other: str) -> str:
    """Of two citations the one of the specification."""
    return next((cite for cite in (one, other) if cite and not cite.startswith("test-case document")), one)


def _join_missing(merged: Iterable[Finding]) -> list[Finding]:
    """A status that does not come is one fault, also where another status would have done as well."""
    kept: list[Finding] = []
    waiting = [
        (missing(finding.title) if finding.blame is Blame.STATION else None, finding) for finding in merged
    ]
    wanted: list[tuple[frozenset[str], int]] = []
    for found, finding in sorted(waiting, key=lambda one: len(one[0][1]) if one[0] else 0):
        if found is None:
            kept.append(finding)
            continue
        fitting = [index for statuses, index in wanted if statuses <= found[1]]
        if len(fitting) == 1:
            kept[fitting[0]] = _both(kept[fitting[0]], finding)
        else:
            wanted.append((found[1], len(kept)))
            kept.append(finding)
    return kept
