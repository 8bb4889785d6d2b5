"""Feeds the events of a record to every rule."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from octt.monitors.known.heard import Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules import (
    answers,
    boot,
    calls,
    clock,
    configuration,
    connections,
    firmware,
    frames,
    heartbeat,
    metering,
    plausible,
    refused,
    registration,
    reservations,
    security,
    starts,
    status,
    stops,
    transactions,
)
from octt.monitors.rules.base import Actions, Breach, Rule
from octt.ocpp import Frame
from octt.ocpp.schemas import ACTIONS
from octt.record.event import Event
from octt.record.events import (
    Acted,
    ConfigurationRead,
    Connected,
    Disconnected,
    FrameSeen,
    NetworkChanged,
    RunResumed,
    RunStarted,
)
from octt.record.words import Severity

RULES: tuple[type[Rule], ...] = (
    frames.MalformedFrame,
    frames.Schema,
    frames.StationActions,
    calls.MessageIds,
    calls.Replies,
    calls.OneOutstandingCall,
    calls.Unanswered,
    answers.ErrorCodes,
    answers.InvalidRequests,
    answers.UnknownVendor,
    answers.ClearedTwice,
    refused.RefusedYetDone,
    configuration.Values,
    configuration.AskedByName,
    configuration.Changes,
    connections.Rivals,
    boot.BootOrder,
    security.BootEvent,
    registration.BeforeAcceptance,
    heartbeat.HeartbeatInterval,
    status.ConnectorNumbers,
    status.StationStatus,
    status.StatusTransitions,
    status.HistoricalStatus,
    status.StatusErrors,
    status.StatusOrder,
    firmware.IdleOnlyTriggered,
    firmware.Progress,
    transactions.Transactions,
    transactions.Retries,
    transactions.NotRepeated,
    starts.IdTags,
    starts.StartTag,
    reservations.Reservations,
    stops.StopTag,
    stops.CardNotNamed,
    stops.StopReason,
    metering.Registers,
    metering.RegistersBetween,
    metering.Values,
    metering.OffTheGrid,
    plausible.EnergyAndPower,
    clock.Timestamps,
    clock.FalseTimes,
    clock.ClockBehind,
    clock.Chronology,
)
"""Every rule; each class says in its docstring what it asks, and in `cite` where the specification asks it."""

LISTED = 20
"""How often one fault is told within one case; a record is no place for the same a thousand times."""
_OF_INTEREST = (
    *(Acted, ConfigurationRead, Connected, Disconnected),
    *(NetworkChanged, RunResumed, RunStarted),
)
_FAULTS = 500
"""Different faults that are told within one case."""

_Judge = Callable[..., Iterable[Breach]]
_Place = tuple[str, str, bool]
"""What decides who reads a frame: the kind, the action, and whether there is something about it."""


class Monitors:
    """The rules at work on one run, with what they remember of it (bounded, however long the run is).

    `time_tolerance` is by how many seconds the station's clock may differ from ours without a remark. `see` may be
    called from several threads; the order of the calls is taken as the order of the events.
    """

    def __init__(
        self, time_tolerance: float = clock.TOLERANCE, rules: tuple[type[Rule], ...] = RULES
    ) -> None:
        self._tolerance, self._classes = time_tolerance, rules
        self._lock = threading.Lock()
        self._case: str | None = None
        self._count: Counter[tuple[Severity, str, str]] = Counter()
        self._begin()

    def _begin(self) -> None:
        self._talk = Talk()
        make: dict[type[Rule], Callable[[], Rule]] = {
            clock.Timestamps: lambda: clock.Timestamps(self._tolerance),
            clock.ClockBehind: lambda: clock.ClockBehind(self._tolerance),
        }
        self._rules = [make.get(rule, rule)() for rule in self._classes]
        self._followers: list[tuple[Rule, _Judge]] = [(rule, rule.event) for rule in self._rules]
        self._readers: dict[_Place, list[tuple[Rule, _Judge]]] = {}

    def see(self, event: Event, frame: Frame | None = None) -> list[Breach]:
        """What is wrong with the next event of a record (docs/record.md). Never raises.

        `frame` is the parsed frame of a FrameSeen, if the caller has it; else the event's text is read again. Frames,
        Connected and Disconnected are needed; Acted, ConfigurationRead, NetworkChanged, RunStarted and RunResumed are
        made use of; all others are ignored.
        """
        with self._lock:
            if event.case != self._case:
                self._case = event.case
                self._count.clear()
                self._talk.ledger.doubt()
                for rule in self._rules:
                    rule.case()
            if isinstance(event, FrameSeen):
                return self._frame(event, frame)
            if not isinstance(event, _OF_INTEREST):
                return []
            if isinstance(event, RunStarted | RunResumed):
                # A new process, perhaps after the machine started anew: nothing is open any more, and m counts anew.
                self._begin()
            self._talk.event(event)
            return self._told(self._followers, event, event)

    def _frame(self, event: FrameSeen, frame: Frame | None) -> list[Breach]:
        heard = self._talk.frame(event, frame)
        found = self._told(self._reading(heard), heard, event)
        self._talk.settle(heard)
        return found

    def _reading(self, heard: Heard) -> list[tuple[Rule, _Judge]]:
        """Who reads such a frame, worked out once for each kind."""
        reply = heard.frame.type in ("CALLRESULT", "CALLERROR")
        kind = ("replies" if reply else "requests") if heard.incoming else "answers" if reply else "asked"
        action = heard.action if heard.action in ACTIONS else ""
        place = (kind, action, bool(heard.problems or heard.frame.problems or heard.frame.notes))
        readers = self._readers.get(place)
        if readers is None:
            readers = [
                (rule, rule.see)
                for rule in self._rules
                if (place[2] or not rule.faulty) and _reads(getattr(rule, kind), action)
            ]
            self._readers[place] = readers
        return readers

    def _told(self, readers: list[tuple[Rule, _Judge]], what: Heard | Event, event: Event) -> list[Breach]:
        found: list[Breach] = []
        for rule, judge in readers:
            try:
                found += judge(what, self._talk)
            except Exception as error:
                # Untrusted input must not stop a run, and a mistake of ours must not fail a station.
                told = f"{type(error).__name__}: {error!s:.100}; report it"
                found.append(rule.remark(event, "this rule could not judge the frame", told))
        return [kept for kept in map(self._worth, found) if kept is not None] if found else found

    def _worth(self, breach: Breach) -> Breach | None:
        """The breach unless it was told often enough; the last one that is told says so."""
        key = (breach.severity, breach.rule, breach.fault)
        if key not in self._count and len(self._count) >= _FAULTS:
            return None
        self._count[key] += 1
        if self._count[key] < LISTED:
            return breach
        if self._count[key] > LISTED:
            return None
        return replace(breach, detail=f"{breach.detail} (and from now on no more is told of this)".strip())


def _reads(actions: Actions, action: str) -> bool:
    return actions == "any" or action in actions
