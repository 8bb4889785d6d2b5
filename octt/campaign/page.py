"""A campaign as one HTML page: stations against cases, each cell leads to its frames in the report of its run."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from octt.campaign.ledger import Ledger
from octt.campaign.outcome import Outcome
from octt.history.page import LETTERS
from octt.record.words import Verdict, printed
from octt.report.html.page import environment

HEADLINES = {
    0: (Verdict.PASS, "Every applicable case passed at every station"),
    1: (Verdict.FAIL, "At least one case failed"),
    3: (Verdict.INCONCLUSIVE, "Nothing failed, but not every case was decided"),
    4: (Verdict.ERROR, "Not every run was carried out"),
}
"""What an exit code means, and the verdict whose colour it has."""


def page(ledger: Ledger, found: list[Outcome], code: int) -> str:
    """The page, which will be in the campaign's folder."""
    verdict, headline = HEADLINES[code]
    template = environment().get_template("campaign.html.j2")
    return template.render(
        name=ledger.campaign.name,
        verdict=verdict,
        headline=headline,
        runs=[_run(one, ledger) for one in found],
        groups=_groups(found),
        letters=LETTERS,
        racks=any(one.run.asked.rack != one.run.asked.station for one in found),
    )


def _run(one: Outcome, ledger: Ledger) -> dict[str, Any]:
    result, folder = one.result, one.run.last.folder if one.run.last else ""
    verdicts = [case.verdict for case in one.cases.values()]
    report = bool(folder) and (ledger.folder / folder / "report.html").is_file()
    product = " ".join(part for part in (result.vendor, result.model) if part) if result else ""
    return {
        "name": one.run.name,
        "rack": one.run.asked.rack,
        "product": product,
        "firmware": result.firmware if result else "",
        "headline": result.headline if result and not one.why else one.why,
        "verdict": result.verdict if result and not one.why else Verdict.ERROR,
        "counts": {name: verdicts.count(name) for name in ("PASS", "FAIL", "INCONCLUSIVE", "ERROR")},
        "seconds": f"{result.seconds:.0f} s" if result else "",
        "link": quote(f"{folder}/report.html") if report else "",
        "folder": folder,
        "attempts": len(one.run.tried),
    }


def _groups(found: list[Outcome]) -> list[dict[str, Any]]:
    """The rows of the matrix by certification profile."""
    of_run = [one.cases for one in found]
    groups: dict[str, list[dict[str, Any]]] = {}
    known = {case.id: case for cases in of_run for case in cases.values()}
    for name in sorted(known):
        cells = [_cell(one, cases.get(name)) for one, cases in zip(found, of_run, strict=True)]
        row = {"id": name, "name": known[name].name, "cells": cells}
        groups.setdefault(known[name].profile, []).append(row)
    return [{"name": printed(profile) or "other", "rows": rows} for profile, rows in groups.items()]


def _cell(one: Outcome, case: Any) -> dict[str, Any]:
    verdict = case.verdict if case is not None else ""
    title = f"{one.run.name}: {verdict or 'not chosen'}" + (f"; {case.fault}" if case and case.fault else "")
    return {"verdict": verdict, "title": title, "href": one.places.get(case.id, "") if case else ""}
