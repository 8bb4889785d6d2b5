"""A history as one HTML page: cases against runs as a matrix, changes, doubtful cases, trends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from octt.history.outputs import day
from octt.history.products import ORDER, Firmware, Product
from octt.history.reading import CaseResult, RunResult
from octt.history.trend import trend
from octt.measure import DECLARED
from octt.record.words import printed
from octt.report.html.page import environment, slug

COLUMNS = 60
"""Runs that have a column in the matrix; of more the newest of each firmware."""

LETTERS = {"PASS": "P", "FAIL": "F", "INCONCLUSIVE": "I", "ERROR": "E", "NOT RUN": "·", "NOT APPLICABLE": "–"}


def page(products: list[Product], root: Path, place: Path) -> str:
    """The page, which will be at `place`; its cells lead to the reports of the runs below `root`."""
    template = environment().get_template("history.html.j2")
    return template.render(products=[_view(product, root, place) for product in products], letters=LETTERS)


def _view(product: Product, root: Path, place: Path) -> dict[str, Any]:
    shown = _columns(product)
    steps = {id(other): found for _, other, found in product.moves}
    links = {run.folder: _link(root, place, run) for runs in shown for run in runs}
    return {
        "name": product.name,
        "runs": len(product.runs),
        "firmwares": [
            {
                "version": firmware.version or "no version",
                "shown": [_run(run, links[run.folder], firmware) for run in runs],
                "left_out": len(firmware.runs) - len(runs),
                "best": _run(firmware.best, _link(root, place, firmware.best), firmware)
                if firmware.best
                else None,
                "counts": _counts(firmware),
                "moves": {
                    kind: sum(move.kind == kind for move in steps.get(id(firmware), ())) for kind in ORDER
                },
                "runs": len(firmware.runs),
            }
            for firmware, runs in zip(product.firmwares, shown, strict=True)
        ],
        "groups": _groups(product, shown, links),
        "moves": [
            {"before": one.version or "no version", "after": other.version or "no version", "cases": found}
            for one, other, found in product.moves
        ],
        "doubts": product.doubts,
        "trends": _trends(product),
        "unusable": product.unusable,
    }


def _columns(product: Product) -> list[list[RunResult]]:
    """The runs of each firmware that are shown, the newest ones."""
    each = max(COLUMNS // max(len(product.firmwares), 1), 1)
    return [firmware.runs[-each:] for firmware in product.firmwares]


def _link(root: Path, place: Path, run: RunResult) -> str:
    """Where the run's report is, seen from the page; empty when there is none."""
    report = root / run.folder / "report.html"
    if not report.is_file():
        return ""
    return quote(os.path.relpath(report, place.resolve().parent))


def _run(run: RunResult, link: str, firmware: Firmware) -> dict[str, Any]:
    return {
        "folder": run.folder,
        "day": day(run.started),
        "headline": run.headline,
        "verdict": run.verdict,
        "part": run.part,
        "serial": run.serial,
        "tool": run.tool,
        "link": link,
        "best": firmware.best is run,
    }


def _counts(firmware: Firmware) -> dict[str, int]:
    verdicts = [case.verdict for case in firmware.verdicts.values()]
    return {name: verdicts.count(name) for name in ("PASS", "FAIL", "INCONCLUSIVE", "ERROR")}


def _groups(product: Product, shown: list[list[RunResult]], links: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of the matrix by certification profile."""
    of_run = {run.folder: {case.id: case for case in run.cases} for runs in shown for run in runs}
    groups: dict[str, list[dict[str, Any]]] = {}
    for case in product.cases:
        cells = []
        for firmware, runs in zip(product.firmwares, shown, strict=True):
            cells.append(_settled(firmware, case.id))
            cells += [_cell(of_run[run.folder].get(case.id), links[run.folder], run) for run in runs]
        row = {"id": case.id, "name": case.name, "cells": cells}
        groups.setdefault(case.profile, []).append(row)
    return [{"name": printed(profile) or "other", "rows": rows} for profile, rows in groups.items()]


def _settled(firmware: Firmware, case: str) -> dict[str, Any]:
    """What counts for a firmware: the last run that carried the case out, and whether it is doubtful."""
    found, doubt = firmware.verdicts.get(case), firmware.doubts.get(case)
    title = f"{firmware.version}: {found.verdict if found else 'never carried out'}"
    if doubt is not None:
        title += f"; doubtful: {', '.join(verdict for _, verdict in doubt.verdicts)}"
    return {
        "verdict": found.verdict if found else "",
        "settled": True,
        "href": "",
        "doubt": doubt is not None,
        "title": title,
    }


def _cell(case: CaseResult | None, link: str, run: RunResult) -> dict[str, Any]:
    verdict = case.verdict if case is not None else ""
    title = f"{run.folder}: {verdict or 'not chosen'}" + (
        f"; {case.fault}" if case is not None and case.fault else ""
    )
    anchor = f"{link}#{slug(case.id)}" if link and case is not None else ""
    return {"verdict": verdict, "settled": False, "doubt": False, "title": title, "href": anchor}


def _trends(product: Product) -> list[Any]:
    """A drawing of each measured time."""
    by_key: dict[str, list[Any]] = {}
    for run in product.runs:
        for time in run.times:
            by_key.setdefault(time.key, []).append((run, time))
    return [trend(by_key[key][-1][1].name, by_key[key]) for key in DECLARED if key in by_key]
