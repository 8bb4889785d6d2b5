"""The order in which a station is restored: when a case ends, before the next one, and before and after a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from octt.script.limits import TRIGGERED
from octt.script.restore.arrival import arrive
from octt.script.restore.connectors import PLUGGED, cycle_power, end_sessions, free, hindered, start_afresh
from octt.script.restore.means import SHORT, Means
from octt.script.restore.undoing import carry_out
from octt.script.undo import Kind, Undo
from octt.script.verdicts import AbortRun, Inconclusive, Judgement

_WORLD = (Kind.POWER, Kind.ACTION)
"""What is restored before the station is expected to be there; cables stay while a transaction may need them."""


def restore(means: Means) -> list[str]:
    """Puts back everything that the case changed, whatever its verdict; what did not succeed, one sentence each.

    What did not succeed stays owed. Raises AbortRun when the operator gives up.
    """
    case, problems = means.case, list[str]()

    def attempt(what: str, how: Callable[[], None]) -> None:
        try:
            how()
        except Judgement as judgement:
            problems.append(f"{what}: {judgement.reason}")
        except (AbortRun, KeyboardInterrupt):
            raise
        except Exception as error:
            problems.append(f"{what}: {type(error).__name__}: {error}")

    def end(early: bool) -> None:
        for ending in [one for one in reversed(case.endings) if one.early is early]:
            case.endings.remove(ending)
            attempt(ending.what, ending.how)

    means.driver.declined.clear()
    with case.during("restore"):
        case.position.skip_to_end()
        case.position.count_from_now()
        means.csms.system.restore()
        problems += _carried_out(means, _owed(means, *_WORLD))
        end(early=True)
        means.csms.system.answers.disarm()
        attempt("the connection", lambda: arrive(means))
        if not means.station.state.connected:
            return problems  # nothing can be asked of it
        problems += end_sessions(means)
        end(early=False)
        problems += _carried_out(means, _owed(means))
        attempt("the status Available", lambda: free(means))
        problems += end_sessions(means)
    return list(dict.fromkeys(problems))


def _owed(means: Means, *kinds: Kind) -> list[Undo]:
    """What a case has to put back, the last first. What holds for the whole run stays until its end."""
    found = means.journal.of(*kinds) if kinds else means.journal.open
    return [undo for undo in reversed(found) if not undo.lasts or not means.case.id]


def _carried_out(means: Means, undos: Iterable[Undo]) -> list[str]:
    return [problem for undo in undos if (problem := carry_out(means, undo))]


def settle(means: Means) -> list[str]:
    """Tries again what is still owed, outside any case; what did not succeed, one sentence each. Raises AbortRun."""
    means.case.position.count_from_now()
    means.driver.declined.clear()
    with means.case.during("restore"):
        if not _is_there(means):
            return ["the station is not connected"]
        problems = end_sessions(means) if means.station.state.open_transactions else []
        return problems + _carried_out(means, [undo for undo in _owed(means) if not undo.lasts])


def make_ready(means: Means) -> list[str]:
    """Between cases: what is still owed is tried again, and a station that hangs is given a fresh start.

    What did not succeed, one sentence each; no case pays for it that does not need it. Raises AbortRun.
    """
    problems = settle(means)
    if means.station.state.connected and (left := hindered(means)):
        try:
            with means.case.during("restore"):
                start_afresh(means, ", ".join(f"connector {n} is {status}" for n, status in left.items()))
        except Judgement as judgement:
            problems.append(judgement.reason)
    return problems


def _is_there(means: Means) -> bool:
    """Whether the station is connected, or comes back: by itself, else when its power is cycled.

    Once it was waited for in vain, the next case does not wait as long again.
    """
    station, ground = means.station, means.ground
    if station.state.connected:
        ground.away = False
        return True
    ways: list[Callable[[], object]] = [
        lambda: station.connects(again=False, at_most=SHORT if ground.away else None)
    ]
    if not ground.away:
        ways.append(lambda: cycle_power(means, "it does not connect by itself"))
    for way in ways:
        try:
            way()
        except Judgement:
            continue
        ground.away = False
        return True
    ground.away = True
    return False


def begin(means: Means) -> list[str]:
    """Before the first case: cables that are in are pulled out, what is unavailable is made operative.

    A station that was running already need not have said how its connectors are: the tested one is asked for. One that
    stays Unavailable or Faulted is what the boot cases are there to find: no case is kept from being tried by it.
    """
    station, ground = means.station, means.ground
    tested = station.bench.connector

    def statuses() -> Mapping[int, str]:
        return station.state.statuses

    if tested not in statuses():
        try:
            station.call("TriggerMessage", requestedMessage="StatusNotification", connectorId=tested)
        except Inconclusive as silent:
            return [silent.reason]
        means.case.timeline.wait(
            lambda: tested in statuses(), means.moment(station.limits.of(TRIGGERED).seconds)
        )
    problems = []
    try:
        if not any(status in PLUGGED for status in statuses().values()):
            free(means)
    except Judgement as judgement:
        problems.append(judgement.reason)
    ground.unusable = {n for n, status in statuses().items() if status in ("Unavailable", "Faulted")}
    return problems + make_ready(means)
