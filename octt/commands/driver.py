"""`octt driver`: whether a rig does what the driver contract says, tried action by action at the station."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from octt.commands.refusing import NOT_CARRIED_OUT, refuse, refusing

if TYPE_CHECKING:
    from octt.script.person import Cables
    from octt.script.restore.means import Means
    from octt.suite.run import Run

ALL_WELL, SOMETHING = 0, 3
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def driver() -> None:
    """The rig: its contract, and whether it does what that says."""


@driver.command()
def contract() -> None:
    """Print the driver contract as OpenAPI."""
    from octt.station.contract import text

    click.echo(text(), nl=False)


@driver.command()
@click.option("--bench", type=FILE, required=True, help="Bench file with the rig.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the record of it (default: none is kept).",
)
def check(bench: Path, out: Path | None) -> None:
    """Try every action of the driver contract at the station, and say what the station showed of it.

    The station has to connect first, as in a run; what was changed is put back at the end.

    Exit code 0: what the rig can do it does; 2: bad usage or configuration; 3: something failed, or the station did not
    show it; 4: the station did not connect, or the rig is not there.
    """
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(_check(bench, out or Path(folder) / "check"))


def _check(bench_file: Path, out: Path) -> int:
    from rich.console import Console

    from octt.bench import ConfigError
    from octt.suite.prepare import prepare
    from octt.suite.progress import Progress
    from octt.suite.run import Run

    with refusing(ConfigError):
        options = prepare(bench_file, out=out)
        if options.bench.driver.kind == "manual":
            refuse('driver.kind = "manual": a person acts, there is no rig to check')
        progress = Progress(Console(highlight=False))
        options.listener = progress.see
        run = Run(options)
        progress.run, run.tell, run.plan = run, progress.say, {}
        try:
            run.connect()
            if not run.problem:
                return _tried(run)
        finally:
            run.finish("checked")
    click.echo(f"octt: {run.problem or run.laboratory.driver.gone}", err=True)
    return NOT_CARRIED_OUT


@dataclass(frozen=True)
class Trial:
    """An action to be tried, once the connector has one of these statuses.

    `offline`: what shows it is that the connection ends.
    """

    action: str
    after: tuple[str, ...] = ()
    offline: bool = False


_CHARGING = ("Charging", "SuspendedEV", "SuspendedEVSE")
_SESSION = (Trial("plug_in", ("Available",)), Trial("present_id_tag", ("Preparing",)))
_STOPPED = (
    Trial("ev_suspend", ("Charging",)),
    Trial("ev_resume", ("SuspendedEV",)),
    Trial("press_stop", _CHARGING),
)
_HALFWAY = (
    Trial("present_id_tag", ("Available",)),
    Trial("plug_in_halfway", ("Preparing",)),
    Trial("unplug"),
)
_FAULTS = (Trial("fault", ("Available",)), Trial("clear_fault"), Trial("jam_lock"), Trial("free_lock"))
_STORAGE = (Trial("break_list_storage"), Trial("repair_list_storage"))
_POWER = (Trial("power_cycle", ("Available",)), Trial("power_off", offline=True), Trial("power_on"))
_NETWORK = (Trial("unreachable", offline=True), Trial("reachable"))
TRIALS = (
    *(*_SESSION, *_STOPPED, Trial("unplug"), *_SESSION, Trial("unplug_ev", _CHARGING), Trial("unplug")),
    *(*_HALFWAY, *_FAULTS, *_STORAGE, *_POWER, *_NETWORK),
)
"""Every action, in an order in which the station can show it; some come again to get there."""


def _tried(run: Run) -> int:
    """Tries them all, a line each; the exit code."""
    from octt.script.person import Cables
    from octt.script.restore.arrival import arrive
    from octt.script.verdicts import Judgement
    from octt.station.actions import Hardware

    means, good, told, cables = run.between, True, set[str](), Cables(Hardware())
    click.echo(
        f"Trying {len({trial.action for trial in TRIALS})} actions at connector {run.bench.connector}:"
    )
    for trial in TRIALS:
        mark, words = _try(means, trial, cables)
        if trial.action not in told or mark == "✗":
            click.echo(f"  {mark} {trial.action:<20} {words}")
        told.add(trial.action)
        good = good and mark != "✗"
        if run.laboratory.driver.gone:
            return NOT_CARRIED_OUT
        if trial.action in ("power_cycle", "power_on", "reachable"):
            try:
                arrive(means)
            except Judgement as judgement:
                click.echo(f"  ✗ {'':<20} {judgement.reason}")
                good = False
    return ALL_WELL if good else SOMETHING


def _try(means: Means, trial: Trial, cables: Cables) -> tuple[str, str]:
    """A mark and what happened: ✓ done, ✗ not as it should be, – this rig cannot."""
    from octt.script.limits import BOOT, START, TRIGGERED
    from octt.script.person import NotDone, Task, Watch
    from octt.script.verdicts import Judgement
    from octt.station.contract import parameters
    from octt.station.effects import NOTHING, Seen

    bench, timeline, limits = means.station.bench, means.case.timeline, means.station.limits
    given: dict[str, Any] = {"connector": bench.connector, "id_tag": bench.id_tags.valid}
    params = {field: given[field] for field in parameters(trial.action)}
    if trial.after:
        statuses = trial.after
        timeline.wait(
            lambda: timeline.state.statuses.get(bench.connector) in statuses,
            means.moment(limits.of(START).seconds),
        )
    task, start = Task(trial.action, params), timeline.end
    watch = Watch(timeline, task, cables)
    began = time.monotonic()
    try:
        means.driver.act(trial.action, "trying the rig", **params)
    except NotDone as cannot:
        return "–", cannot.reason.partition(": ")[2]
    except Judgement as failed:
        return "✗", failed.reason.partition(": ")[2]
    cables.moved(task, start)
    took = f"{time.monotonic() - began:.1f} s"
    kinds = {"function": TRIGGERED, "start": START, "boot": BOOT}
    seconds = limits.of(kinds[watch.effect.within]).seconds
    if trial.offline:
        shown = timeline.wait(lambda: not timeline.state.connected, means.moment(seconds))
        words = "the station's connection ends"
    elif watch.effect == NOTHING:
        return "✓", f"{took}; no message of the station shows it"
    else:
        shown = timeline.wait(_is(watch, Seen), means.moment(seconds))
        words = watch.effect.tells
    if shown:
        return "✓", f"{took}; {words}"
    if not watch.effect.sure and not trial.offline:
        return "✓", f"{took}; nothing shows it, and the station need not"
    return "✗", f"{took}, but nothing shows it within {seconds:g} s: {words} when it is done"


def _is(watch: Callable[[], object], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(watch(), kind)
