"""Feeds the events of a record to every rule."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from octt.monitors import clock, messages, metering, registration, status, transactions
from octt.monitors.seen import Finding, Rule, Talk
from octt.ocpp import Frame

RULES: tuple[type[Rule], ...] = (
    messages.MalformedFrame,
    messages.Schema,
    messages.StationActions,
    messages.MessageIds,
    messages.Replies,
    messages.OneOutstandingCall,
    messages.ErrorCodes,
    registration.BeforeAcceptance,
    registration.HeartbeatInterval,
    status.ConnectorNumbers,
    status.StationStatus,
    status.StatusTransitions,
    status.HistoricalStatus,
    status.StatusErrors,
    status.IdleOnlyTriggered,
    transactions.Transactions,
    transactions.Retries,
    transactions.IdTags,
    metering.Registers,
    clock.Timestamps,
    clock.Chronology,
)
"""Every rule; each class says in its docstring what it asks, and in `cite` where the specification asks it."""

LISTED = 20
"""Remarks of one rule within one case; a repeated one would bury the others. Violations are never left out."""


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
        self._case: object = None
        self._count: Counter[str] = Counter()
        self._begin()

    def _begin(self) -> None:
        self._talk = Talk()
        make: dict[type[Rule], Callable[[], Rule]] = {
            clock.Timestamps: lambda: clock.Timestamps(self._tolerance)
        }
        self._rules = [make.get(rule, rule)() for rule in self._classes]
        self._ours = [rule for rule in self._rules if rule.reads == "all"]
        self._replies = [rule for rule in self._rules if rule.reads != "requests"]

    def see(self, event: dict[str, Any], frame: Frame | None = None) -> list[Finding]:
        """What is wrong with the next event of a record (docs/record.md). Never raises.

        `frame` is the parsed frame of a `frame` event, if the caller has it; else the event's text is read again.
        Frames, `connect` and `disconnect` are needed; `config`, `network`, `run.start` and `run.resume` are made use
        of; all others are ignored.
        """
        with self._lock:
            kind = event.get("kind")
            if event.get("case") != self._case:
                self._case = event.get("case")
                self._count.clear()
                for rule in self._rules:
                    rule.case()
            if kind == "frame":
                return self._frame(event, frame)
            if kind in ("run.start", "run.resume"):
                # A new process: connections and transaction ids are counted anew.
                self._begin()
            elif kind == "config":
                self._talk.learn(event.get("keys"))
            for rule in self._rules:
                rule.event(event)
            return []

    def _frame(self, event: dict[str, Any], frame: Frame | None) -> list[Finding]:
        seen = self._talk.frame(event, frame)
        found: list[Finding] = []
        rules = self._rules if seen.request() else self._replies if seen.incoming else self._ours
        for rule in rules:
            try:
                found += rule.see(seen, self._talk)
            except Exception as error:
                # Untrusted input must not stop a run, and a mistake of ours must not fail a station.
                told = (
                    f"this rule could not judge the frame ({type(error).__name__}: {error!s:.100}); report it"
                )
                found.append(Finding("remark", told, seen.n, "", rule.name))
        self._talk.settle(seen)
        return [finding for finding in found if self._worth(finding)]

    def _worth(self, finding: Finding) -> bool:
        if finding.severity == "violation":
            return True
        self._count[finding.rule] += 1
        return self._count[finding.rule] <= LISTED
