"""A whole campaign, from the file to the exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from octt.campaign import junit
from octt.campaign.check import check
from octt.campaign.conduct import Conductor, Ending, Way
from octt.campaign.file import load
from octt.campaign.here import Here
from octt.campaign.ledger import FILE, Ledger, worst
from octt.campaign.outcome import outcomes
from octt.campaign.page import HEADLINES, page
from octt.campaign.view import View
from octt.report.write import write_file

PAGE, JUNIT = "campaign.html", "junit.xml"


def carry_out(file: Path, out: Path, scheduler: str, console: Console, ending: Ending) -> int:
    """Carries a campaign out, or goes on with the one in `out`; the exit code.

    `scheduler`: address of a Dask scheduler, to whose workers the runs go; without one they are processes here. Raises
    ConfigError before anything was started, and OSError when nothing can be written any more.
    """
    campaign = load(file)
    check(campaign, here=not scheduler)
    ledger = Ledger(campaign, out)
    try:
        conductor: Conductor | None = None
        view = View(
            console, ledger.runs, lambda: (conductor.going, conductor.waiting) if conductor else ([], [])
        )
        for notice in ledger.notices:
            view.say(notice)
        way = _way(scheduler, ledger, view.say)
        try:
            conductor = Conductor(ledger, way, view, ending)
            view.start()
            conductor.carry_out()
        finally:
            view.stop()
            way.close()
        code = _write(ledger)
    finally:
        ledger.close()
    console.print(f"\n{HEADLINES[code][1]}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"Matrix, campaign.json and junit.xml: {out / PAGE}", markup=False, highlight=False, soft_wrap=True
    )
    if code == 4:
        console.print(
            f"What is missing is run by: octt campaign {file} --out {out}", markup=False, soft_wrap=True
        )
    return 128 + ending.received if ending.received else code


def _way(scheduler: str, ledger: Ledger, say: Callable[[str], None]) -> Way:
    if not scheduler:
        return Here(ledger, say)
    from octt.campaign.racks.racks import Racks

    return Racks(scheduler, ledger, say)


def _write(ledger: Ledger) -> int:
    """Everything that is made of a campaign; the exit code."""
    code, found = worst([run.code for run in ledger.runs]), outcomes(ledger)
    ledger.save(
        code=code, headline=HEADLINES[code][1], details={one.run.name: one.details() for one in found}
    )
    write_file(ledger.folder / JUNIT, junit.render(ledger.folder, found, ledger.campaign.name))
    write_file(ledger.folder / PAGE, page(ledger, found, code).encode())
    return code


__all__ = ["FILE", "JUNIT", "PAGE", "carry_out"]
