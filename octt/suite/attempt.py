"""One attempt at a case: the words its script is given, its preconditions, and its verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from octt.script.actions import Actions
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.restore import await_available, power_cycle, put_back
from octt.script.station import Station
from octt.script.unexpected import fail_unexpected, remark_unexpected
from octt.script.verdicts import AbortRun, Blame, Failed, Inconclusive, Judgement, RepeatCase, Verdict


@dataclass
class Scene:
    """The words a script is given. `number` counts the attempts at the case."""

    case: CaseRun
    station: Station
    csms: Csms
    driver: Actions
    number: int = 0
    breaches: list[str] = field(default_factory=list)
    """What the station broke in this attempt, as the monitors saw it."""


def establish_preconditions(scene: Scene, *, has_cache: bool) -> None:
    """The document's general preconditions; Inconclusive when they do not hold.

    What hangs since the case before gets a fresh start, or every case after it would be lost with it.
    """
    world = scene.driver.world
    try:
        _reach(scene, has_cache=has_cache)
    except Judgement as silent:
        if world.stuck and world.stuck == world.incurable:
            raise  # another fresh start would not help
        try:
            power_cycle(scene.station, scene.driver, f"it needs a fresh start: {silent.reason}")
        except Judgement:
            world.incurable = dict(world.stuck)
            raise silent from None
        scene.case.remark(f"the power was cycled before the case: {silent.reason}")
        _reach(scene, has_cache=has_cache)


def _reach(scene: Scene, *, has_cache: bool) -> None:
    """The station is connected, answers, its connector is free, and its cache empty."""
    station, world = scene.station, scene.driver.world
    if not station.state.connected:
        station.connects(again=False)
    if station.bench.connector in world.stuck:
        await_available(station, world)
    if not has_cache:
        station.call("GetConfiguration", key=["NumberOfConnectors"])
        return
    reply = station.call("ClearCache")
    given = f"CALLERROR {reply.seen.frame.error_code}" if reply.is_error else reply.payload.get("status")
    if given != "Accepted":
        found = f"ClearCache gave {given}, so idTags of earlier cases may still be cached"
        station.remark(found, reply.seen, cite="OCPP 1.6 5.4")


def end(scene: Scene, error: BaseException | None, *, reachable: bool) -> tuple[Verdict, str]:
    """Puts everything back, decides the verdict and records it. A harness error never reads as FAIL.

    Raises AbortRun, after the record is complete, when the operator aborted the run while things were put back.
    """
    case, connector, aborted = scene.case, scene.station.bench.connector, False
    if error is None:
        with scene.station.independently():
            fail_unexpected(case, connector)
    last, problems = case.timeline.end, list[str]()
    if reachable and not isinstance(error, AbortRun):
        try:
            problems = put_back(scene.station, scene.csms, scene.driver)
        except AbortRun:
            aborted = True
            problems = ["not everything was put back: the operator aborted the run"]
        except Exception as failure:
            problems = [f"putting things back failed: {failure}"]
    scene.csms.system.answers.disarm()
    problems += [f"{undo.what} was not put back: the run was aborted" for undo in case.undos]
    for problem in problems:
        case.remark(problem)
    remark_unexpected(case, last, connector)
    case.timeline.settle()  # what the station sent until now has been looked at by the monitors
    verdict, blame, reason = decide(error, case, scene.breaches)
    case.record.write(
        "case.end",
        attempt=scene.number,
        verdict=verdict,
        blame=blame,
        reason=reason,
        seconds=round(time.monotonic() - case.started, 3),
        forced=round(case.position.protocol_waits, 3),
    )
    if aborted:
        raise AbortRun
    return verdict, reason


def decide(error: BaseException | None, case: CaseRun, breaches: list[str]) -> tuple[Verdict, Blame, str]:
    """Verdict, blame and reason of an attempt that ended with `error`, or without one."""
    failures = [*case.postponed, *([error] if isinstance(error, Failed) else [])]
    if failures:
        reason = "; ".join(dict.fromkeys(failed.reason for failed in failures))
        return Verdict.FAIL, failures[0].blame, reason
    if isinstance(error, RepeatCase):
        return Verdict.INCONCLUSIVE, Blame.OPERATOR, "the operator repeats the case"
    if isinstance(error, AbortRun | KeyboardInterrupt):
        return Verdict.INCONCLUSIVE, Blame.OPERATOR, "the run was aborted"
    if breaches:
        # Whatever else happened: the station broke the protocol in this case, and a step may not have been able
        # to read what it sent.
        return Verdict.FAIL, Blame.STATION, broken(breaches, error)
    if isinstance(error, Judgement):
        return error.verdict, error.blame, error.reason
    if error is not None:
        return Verdict.ERROR, Blame.TOOL, f"{type(error).__name__}: {error}"
    if case.failed:
        return Verdict.ERROR, Blame.TOOL, f"a failed step did not end the case: {case.failed}"
    return Verdict.PASS, Blame.NOBODY, ""


def broken(breaches: list[str], error: BaseException | None = None) -> str:
    """The reason of a case that fails by what the monitors saw."""
    told = "; ".join(breaches[:3])
    if error is None:
        return f"the steps passed, but {told}"
    ended = error.reason if isinstance(error, Judgement) else "its steps could not be judged to the end"
    return f"{told}. Besides, {ended}"


def unconnected(what: str) -> Inconclusive:
    """The judgement of a case that the station was not there for."""
    return Inconclusive(what, "network")
