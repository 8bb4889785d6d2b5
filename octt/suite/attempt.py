"""One attempt at a case: the words its script is given, its preconditions, and its verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from octt.record.events import CaseEnded
from octt.script.case_run import CaseRun
from octt.script.restore.connectors import hindered, revive
from octt.script.restore.ending import restore
from octt.script.restore.means import SHORT, Means
from octt.script.unexpected import fail_unexpected, remark_unexpected
from octt.script.verdicts import (
    AbortRun,
    Blame,
    Failed,
    Inconclusive,
    Judgement,
    RepeatCase,
    SkipCase,
    Verdict,
)

Outcome = tuple[Verdict, Blame, str]
"""Verdict, blame and reason."""


@dataclass
class Scene(Means):
    """The words a script is given, and what restores the station after it. `number` counts the attempts at the case."""

    number: int = 0
    connector: int = 0
    """Which connector the attempt is at, where a run tests each; else 0."""

    breaches: list[str] = field(default_factory=list)
    """What the station broke in this attempt, as the monitors saw it."""

    judged: int = 0
    """How many of these its verdict knows of."""

    tell: Callable[[str], None] = lambda _text: None
    """Says something to who watches the run."""

    again: bool = False
    """Whether the case is to be repeated: the operator wants it, or we had trouble of our own."""

    may_repeat: bool = True
    """Whether trouble of our own is reason to repeat the case: once it is."""

    may_retry: bool = False
    """Whether a doubtful verdict is reason to try the case once more."""

    retried: bool = False
    """Whether it is the reason that it is repeated."""


def establish_preconditions(scene: Scene, *, has_cache: bool) -> None:
    """The document's general preconditions: the station is connected and answers, its cache is empty.

    Inconclusive when they do not hold. A station that hangs is given a fresh start, or every case after it would be
    lost with it. Connectors that are not free hinder a case when it uses them.
    """
    scene.case.blocked = hindered(scene)
    scene.station.connects(again=False, at_most=SHORT)
    try:
        _answers(scene, has_cache)
    except Judgement as silent:
        revive(scene, silent)
        _answers(scene, has_cache)


def _answers(scene: Scene, has_cache: bool) -> None:
    """Clears the cache (5.4). A station that answers neither that nor a second request hangs."""
    station = scene.station
    if has_cache:
        try:
            reply = station.call("ClearCache")
        except Inconclusive as silent:
            given, reply_seen = silent.reason, None
        else:
            given, reply_seen = f"ClearCache gave {reply.given}", reply.seen
            if reply.given == "Accepted":
                return
        found = f"{given}, so idTags of earlier cases may still be cached"
        station.remark(found, reply_seen, cite="OCPP 1.6 5.4")
        if reply_seen:
            return
    try:
        station.call("GetConfiguration", key=["NumberOfConnectors"])
    except Inconclusive:
        if has_cache:
            raise
        station.call("ClearCache")


def end(
    scene: Scene,
    error: BaseException | None,
    *,
    reachable: bool,
    put_back: Callable[[Means], list[str]] = restore,
) -> tuple[Verdict, str]:
    """Restores the station, decides the verdict and records it. A harness error never reads as FAIL.

    `put_back` restores it, and tells what it could not: another way where there is no station, in an old record.

    Raises AbortRun, after the record is complete, when the run is to end with this case.
    """
    case, connector = scene.case, scene.station.bench.connector
    if error is None:
        with scene.station.independently():
            fail_unexpected(case, connector)
    error = _reconsidered(scene, error)
    scene.again = isinstance(error, RepeatCase)
    last = case.timeline.end
    problems, aborted = _restored(scene, error, put_back) if reachable else ([], False)
    scene.csms.system.answers.disarm()
    for problem in problems:
        case.remark(f"not restored when the case ended: {problem}", by="tool")
    remark_unexpected(case, last, connector)
    case.timeline.settle()  # what the station sent until now has been looked at by the monitors
    breaches = list(scene.breaches)
    scene.judged = len(breaches)
    verdict, blame, reason = _doubted(scene, error, decide(error, case, breaches))
    scene.retried = reachable and not scene.again and _worth_a_retry(scene, verdict, blame)
    scene.again = scene.again or scene.retried
    case.record.write(
        CaseEnded(
            attempt=scene.number,
            verdict=verdict,
            blame=blame,
            reason=reason,
            seconds=round(time.monotonic() - case.started, 3),
            forced=round(case.position.protocol_waits, 3),
            connector=scene.connector,
        )
    )
    if aborted:
        raise AbortRun
    return verdict, reason


def _restored(
    scene: Scene, error: BaseException | None, put_back: Callable[[Means], list[str]]
) -> tuple[list[str], bool]:
    """What could not be restored, and whether the run is to end.

    Who ends the run is not asked for anything more, and the station is put back all the same; who ends it a second
    time is obeyed at once.
    """
    ending = isinstance(error, AbortRun | KeyboardInterrupt)
    while True:
        if ending:
            scene.driver.person = None
            scene.tell("The station is put back, then the run ends. ctrl-C: end at once.")
        try:
            return put_back(scene), ending
        except (AbortRun, KeyboardInterrupt):
            if ending:
                scene.ground.at_once = True
                scene.tell("Ended at once.")
                return ["the run was ended at once"], True
            ending = True


def _reconsidered(scene: Scene, error: BaseException | None) -> BaseException | None:
    """A failure is the station's only if all was done as asked: who had a hand in the attempt is asked first."""
    case, person, by_hand = scene.case, scene.driver.person, scene.driver.by_hand
    verdict, blame, reason = decide(error, case, scene.breaches)
    if person is None or not by_hand or blame is not Blame.STATION:
        return error
    try:
        if not person.wants_again(case, by_hand, verdict, reason):
            return error
    except KeyboardInterrupt:
        return AbortRun()
    case.postponed.clear()
    return RepeatCase(f"the operator repeats the case: not all was done as asked ({verdict}: {reason})")


def _doubted(scene: Scene, error: BaseException | None, outcome: Outcome) -> Outcome:
    """The outcome, or ERROR where the harness itself had trouble meanwhile; then the case is tried once more.

    What is looked at late seems to have come late, and what was to be absent may have been missed: neither a failure
    nor a pass of such an attempt counts. Nor does a pass of one in which not all that came could be looked at.
    """
    verdict, _blame, reason = outcome
    if (
        isinstance(error, RepeatCase | SkipCase | AbortRun | KeyboardInterrupt)
        or verdict is Verdict.NOT_APPLICABLE
    ):
        return outcome
    case = scene.case
    troubles = scene.csms.system.troubles.since(int(case.started * 1e9))
    if troubles:
        scene.again = scene.may_repeat
        told = "; ".join(dict.fromkeys(trouble.text for trouble in troubles[:3]))
        return Verdict.ERROR, Blame.TOOL, f"{told} (else {verdict}{f': {reason}' if reason else ''})"
    lost = case.timeline.lost(case.position.began)
    if lost and verdict is Verdict.PASS:
        told = f"so many frames came that {lost} of them were not looked at by the steps; the record has them"
        return Verdict.INCONCLUSIVE, Blame.STATION, told
    return outcome


def _worth_a_retry(scene: Scene, verdict: Verdict, blame: Blame) -> bool:
    """A doubtful verdict may be another one next time, unless a person, the bench or a lost rig stands behind it."""
    doubtful = verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR)
    lasting = blame in (Blame.OPERATOR, Blame.CONFIGURATION) or scene.driver.driver.gone
    return scene.may_retry and doubtful and not lasting


def decide(error: BaseException | None, case: CaseRun, breaches: list[str]) -> Outcome:
    """Verdict, blame and reason of an attempt that ended with `error`, or without one."""
    failures = [*case.postponed, *([error] if isinstance(error, Failed) else [])]
    if failures:
        reason = "; ".join(dict.fromkeys(failed.reason for failed in failures))
        return Verdict.FAIL, failures[0].blame, reason
    if isinstance(error, RepeatCase):
        return Verdict.INCONCLUSIVE, Blame.OPERATOR, str(error) or "the operator repeats the case"
    if isinstance(error, SkipCase):
        return Verdict.INCONCLUSIVE, Blame.OPERATOR, "the operator gave up what the case waited for"
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
