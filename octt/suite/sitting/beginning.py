"""How a sitting begins: its first line on the record, whether it is the same station, and what that is owed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from octt.bench import ConfigError
from octt.record.clock import utc, wall
from octt.record.events import PlanLine, RunResumed, RunStarted
from octt.script.limits import TRIGGERED
from octt.script.restore.means import Means
from octt.script.undo import Journal, Kind
from octt.script.verdicts import Judgement
from octt.suite.leftover import Left, left_by, left_by_others
from octt.suite.machine import tool
from octt.suite.options import Options
from octt.suite.sitting.changes import of_station
from octt.suite.sitting.former import Former, identity
from octt.timeline.entry import Entry


def first_line(
    options: Options, plan: Iterable[PlanLine], not_chosen: Iterable[PlanLine], limits: list[dict[str, Any]]
) -> RunStarted | RunResumed:
    """What the record says first of a sitting: that a run begins, or that it goes on."""
    common: dict[str, Any] = {
        "tool": tool(),
        "bench": options.bench.redacted(),
        "pics": options.declaration.as_dict(),
        "plan": list(plan),
        "not_chosen": list(not_chosen),
        "notices": options.notices,
        "started": utc().isoformat(timespec="seconds"),
        "signer": options.signer,
        "bench_file": options.bench_file,
    }
    former = options.former
    if former is None:
        return RunStarted(**common, limits=limits, purpose=options.purpose)
    return RunResumed(
        **common,
        cases=[line for line in common["plan"] if (line.case, line.connector) in (options.due or ())],
        ended=former.ended,
        gap=round(max(0, wall() - former.last) / 1e9, 3),
        changed=options.changed,
    )


def met_again(
    former: Former, options: Options, means: Means, problem: str, tell: Callable[[str], None]
) -> Left | None:
    """What the sittings before left is owed from now on, and said; what other runs left meanwhile is returned.

    `problem`: why nothing connected. Raises ConfigError when a run cannot go on with what connected, or with nothing.
    """
    means.ground.at_once = True  # a station that is not ours is left alone
    if problem:
        raise ConfigError(problem)
    for told in recognise(former, means, options.declaration.profiles):
        means.case.remark(told, by="tool")
        tell(told)
    means.ground.at_once = False
    journal = means.case.journal
    left = owed(former, options, journal)
    for undo in journal.open:
        tell(f"left at the station by the sitting before: {undo}; it is put back")
    return left


def recognise(former: Former, means: Means, profiles: Iterable[str]) -> Iterator[str]:
    """What is told of the station, which may have other firmware. Raises ConfigError for another station.

    One that did not boot meanwhile is asked to say what it is, where it may be asked (OCPP 1.6 5.17).
    """
    timeline = means.case.timeline

    def boot() -> Entry | None:
        return next((e for e in reversed(timeline.since(0)) if e.is_call("BootNotification")), None)

    if boot() is None and "RemoteTrigger" in profiles:
        try:
            means.station.call("TriggerMessage", requestedMessage="BootNotification")
        except Judgement:
            pass  # it is looked at by the cases
        else:
            timeline.wait(boot, means.moment(means.station.limits.of(TRIGGERED).seconds))
    seen = boot()
    if seen is None or not former.station:
        yield (
            "nothing tells whether this is the station of the sitting before, and with the same firmware: it sent no "
            "BootNotification"
        )
        return
    other, told = of_station(former.station, identity(seen.payload))
    if other:
        raise ConfigError(
            f"this is not the station of the run in {former.folder}: {'; '.join(other)}; connect that one, or begin a "
            "new run"
        )
    yield from (f"the station is not as it was in the sitting before: {change}" for change in told)


def owed(former: Former, options: Options, journal: Journal) -> Left | None:
    """What the sittings before owe the station is owed from now on; what another run left meanwhile is returned.

    A run in between took over what this one had left; the simulated station ended with its sitting.
    """
    own, others = left_by(former.folder), left_by_others(options.bench, options.out, after=former.last)
    for undo in own.undos:
        if undo.kind is Kind.TRANSACTION and not undo.case:
            if others is None and options.bench.driver.kind != "simulated":
                journal.inherit(undo, own.run)
            continue
        journal.adopt(undo, former.changes.get((str(undo.kind), undo.name)))
        if options.bench.driver.kind == "simulated":
            journal.lapsed(undo, "not needed")
        elif others is not None:
            journal.lapsed(undo, "taken over")
    return others
