"""Frees connectors: by gentle ways when a case ends, by a fresh start of the station when these did not help.

A connector is *hindered* when something is in it, or when it is out of order though it was not before the first case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from octt.script.limits import BOOT, STOP, TRIGGERED
from octt.script.restore.arrival import arrive, await_boot
from octt.script.restore.means import AGAIN, SHORT, Means
from octt.script.restore.sessions import RUNNING, await_starts, longest_authorization, open_transactions, stop
from octt.script.restore.undoing import carry_out
from octt.script.undo import Kind
from octt.script.verdicts import Inconclusive, Judgement

PLUGGED = ("Preparing", *RUNNING, "Finishing")
ROUNDS = 3
"""How often it is looked whether a transaction began meanwhile."""


def hindered(means: Means) -> dict[int, str]:
    """The connectors that are not free though they should be, with their status; 0 is the station itself."""
    ground = means.ground
    return {
        number: status
        for number, status in sorted(means.station.state.statuses.items())
        if number not in ground.untold
        and (status in (*PLUGGED, "Reserved") or (status != "Available" and number not in ground.unusable))
    }


def end_sessions(means: Means) -> list[str]:
    """Ends transactions and takes our cables out, until no more begin; what did not succeed, a sentence each."""
    problems, tried = list[str](), set[int]()
    for attempt in range(ROUNDS):
        new = [one for one in open_transactions(means) if one.id not in tried]
        if attempt and not new:
            break
        for transaction in new:
            tried.add(transaction.id)
            try:
                stop(means, transaction)
            except Judgement as judgement:
                problems.append(f"transaction {transaction.id}: {judgement.reason}")
        if not attempt:
            cables = [*means.journal.of(Kind.LOCK), *means.journal.of(Kind.CABLE)]
            problems += [problem for undo in cables if (problem := carry_out(means, undo))]
        try:
            await_starts(means)
        except Judgement as judgement:
            return [*problems, f"what may still begin: {judgement.reason}"]
    return problems


def free(means: Means) -> None:
    """Waits until every connector is Available, and does what can make it so. Raises Inconclusive.

    What was in the way before the case already is not waited for at length again.
    """
    patience = _patience(means)
    if set(hindered(means)) and set(hindered(means)) <= set(means.case.blocked):
        patience = min(SHORT, patience)
    if _free_within(means, patience, unless="Unavailable"):
        return
    if "Unavailable" in hindered(means).values():
        means.station.call("ChangeAvailability", connectorId=0, type="Operative")
        _free_within(means, patience)
    if "Reserved" in hindered(means).values():
        # A station may reserve what it refused to: only the reservation's id helps then (5.1).
        for refused in means.journal.denied(Kind.RESERVATION):
            means.station.call("CancelReservation", reservationId=refused.given["id"])
        _free_within(means, patience)
    if "Preparing" in hindered(means).values() and not means.case.blocked:
        # Who was authorized and did not plug in: the connector is free when ConnectionTimeOut has passed. It may
        # have become Preparing only now, when a fault was cleared.
        _free_within(means, longest_authorization(means))
    if left := hindered(means):
        raise Inconclusive(told(left), "station")


def _patience(means: Means) -> float:
    """Seconds for a connector to be Available after a request or an action, which may end a session."""
    limits = means.station.limits
    return max(limits.of(TRIGGERED).seconds, limits.of(STOP).seconds)


def told(left: dict[int, str]) -> str:
    """What is in the way, in words."""
    return ", ".join(f"connector {number} is still {status}" for number, status in left.items())


def pull_out(means: Means, why: str) -> None:
    """Takes out the cables of connectors that seem to have one, whoever put them in; unlocks and stops before that."""
    station, driver = means.station, means.driver
    for number in [number for number, status in hindered(means).items() if number and status in PLUGGED]:
        ways: tuple[Callable[[], object], ...] = (
            partial(station.call, "UnlockConnector", connectorId=number),
            partial(driver.unplug, number, f"connector {number} is not free; {why}"),
            partial(driver.press_stop, number, f"connector {number} is not free; {why}"),
            partial(driver.unplug, number, f"connector {number} is not free; {why}"),
        )
        for way in ways:
            if station.state.statuses.get(number) not in PLUGGED:
                break
            with contextlib.suppress(Judgement):
                way()
                _free_within(means, _patience(means))


def start_afresh(means: Means, why: str) -> None:
    """A soft reset, a hard one, the power: until no connector is hindered. Raises Inconclusive when nothing helps.

    What did not help is not tried again for a while.
    """
    now, since = means.case.timeline.clock.now(), means.ground.helpless_since
    if since is not None and now - since < AGAIN * 1e9:
        raise Inconclusive(told(hindered(means)), "tool")
    ways: tuple[Callable[[], None], ...] = (
        lambda: pull_out(means, why),
        lambda: _reset(means, "Soft"),
        lambda: _reset(means, "Hard"),
        lambda: cycle_power(means, why),
    )
    reasons = []
    for way in ways:
        try:
            way()
            end_sessions(means)
            free(means)
        except Judgement as judgement:
            reasons.append(judgement.reason)
        if not hindered(means):
            means.ground.helpless_since = None
            means.case.remark(f"the station was given a fresh start: {why}", by="tool")
            return
    means.ground.helpless_since = means.case.timeline.clock.now()
    raise Inconclusive(f"{told(hindered(means))}; {reasons[-1]}", "tool")


def revive(means: Means, silent: Judgement) -> None:
    """A fresh start for a station that answers nothing; raises what it was silent about when none is to be had."""
    now, since = means.case.timeline.clock.now(), means.ground.helpless_since
    if since is not None and now - since < AGAIN * 1e9:
        raise silent
    try:
        cycle_power(means, f"it needs a fresh start: {silent.reason}")
    except Judgement:
        means.ground.helpless_since = now
        raise silent from None
    means.case.remark(f"the power was cycled before the case: {silent.reason}", by="tool")


def cycle_power(means: Means, why: str) -> None:
    """Mains power off and on, until the station is there again. Raises Inconclusive when that is impossible."""
    means.driver.power_cycle(why)
    means.station.connects(again=False, kind=BOOT)
    arrive(means)


def _reset(means: Means, kind: str) -> None:
    reply = means.station.call("Reset", type=kind)
    if reply.refused:
        raise Inconclusive(f"Reset {kind} gave {reply.given}", "station")
    seen = reply.request.index
    left = means.moment(_patience(means))
    timeline = means.case.timeline
    timeline.wait(lambda: any(e.kind == "disconnect" for e in timeline.since(seen)), left)
    await_boot(means)
    arrive(means)


def _free_within(means: Means, seconds: float, unless: str = "") -> bool:
    """Whether nothing is hindered any more, in so many seconds; waiting ends for a status that only we can end."""

    def over() -> bool:
        left = hindered(means)
        return not left or (bool(unless) and unless in left.values())

    limit = means.moment(seconds)
    with means.case.waits("station", "every connector to be Available", limit):
        means.case.timeline.wait(over, limit)
    return not hindered(means)
