"""Measures the station from the record's events, one by one: the same numbers live or afterwards.

Definitions (those of the certificates' performance section; all from the Central System's side of the socket):

- *OCPP response time*: from a CALL of the Central System to its CALLRESULT or CALLERROR.
- *Triggered function time*: from what asks for a function to the request that the function consists of. What
  asks is an accepted TriggerMessage, ExtendedTriggerMessage, ReserveNow or ChangeAvailability, from the CALL; or an
  action at the station (cable, card, stop button, fault), from its acknowledgement. Firmware, diagnostics and reboot
  are excluded.
- *RemoteStartTransaction to StartTransaction*, and *RemoteStopTransaction to StopTransaction*, from the CALL, when it
  was accepted and the transaction follows at once: no action, prompt or disconnection lies between.

A request that arrives before its action was acknowledged is no sample: when the action took effect is not known.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from octt.measure.statistic import Statistic
from octt.ocpp.values import payload, same
from octt.record import Event
from octt.record.events import (
    Acted,
    CaseEnded,
    CaseStarted,
    Connected,
    Disconnected,
    FrameSeen,
    NetworkChanged,
    Prompted,
    RunEnded,
    RunResumed,
)
from octt.record.words import ActionPhase

NAMES = {
    "response": "OCPP response time",
    "triggered": "OCPP triggered function time",
    "remote_start": "Transaction authorization time by RemoteStartTransaction",
    "remote_stop": "Transaction authorization end time by RemoteStopTransaction",
}
EXCLUDED_TRIGGERS = {"FirmwareStatusNotification", "DiagnosticsStatusNotification", "LogStatusNotification"}
CONNECTOR_ACTIONS = {
    "plug_in",
    "plug_in_halfway",
    "unplug",
    "unplug_ev",
    "fault",
    "clear_fault",
    "ev_suspend",
    "ev_resume",
}
FOLLOWED_CALLS = {
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "TriggerMessage",
    "ExtendedTriggerMessage",
    "ReserveNow",
    "ChangeAvailability",
}
# What we call for causes what comes next, and not an action at the station that has had no effect so far.
CAUSES = FOLLOWED_CALLS | {"Reset", "UnlockConnector"}
MAX_ACTIONS = 200  # distributions kept by action; the Central System's own vocabulary is far smaller


@dataclass
class Performance:
    """The four measurements of the certificate and the response times of each action the Central System called."""

    response: Statistic
    triggered: Statistic
    remote_start: Statistic
    remote_stop: Statistic
    by_action: dict[str, Statistic] = field(default_factory=dict)

    @property
    def all(self) -> list[Statistic]:
        return [self.response, self.triggered, self.remote_start, self.remote_stop]

    @property
    def exceeded(self) -> list[Statistic]:
        """What was measured above its own declared maximum."""
        own = [one for one in self.by_action.values() if one.declared != self.response.declared]
        return [one for one in [*self.all, *own] if one.exceeded]


@dataclass
class _Waiting:
    """Something asked for whose request has not come yet. `since` None: the action is not acknowledged yet."""

    statistic: str
    action: tuple[str, ...]
    matches: Callable[[dict[str, Any]], bool]
    call: tuple[Any, Any] | None
    accepted: bool
    since: int | None


class Meter:
    """Feed it every event of a record in order (`feed`), ask for the numbers at any time (`performance`)."""

    def __init__(self) -> None:
        self._samples = {key: array("d") for key in NAMES}
        self._lines = {key: array("q") for key in NAMES}
        self._by_action: dict[str, tuple[array[float], array[int]]] = {}
        self._unanswered: dict[str, int] = {}
        self._calls: dict[tuple[Any, Any], tuple[int, str]] = {}
        self._waiting: list[_Waiting] = []
        self._connected: set[Any] = set()
        self._asked: Any = None  # the action that is asked for and not over

    def feed(self, event: Event) -> None:
        """Takes the next event; events of other kinds than those measured are ignored."""
        match event:
            case FrameSeen():
                self._frame(event)
            case Acted():
                self._action(event)
            case Prompted():
                self._forget_calls()
            case Connected():
                self._connected.add(event.connection)
                self._waiting.clear()
            case Disconnected():
                self._disconnected(event.connection)
            case CaseStarted() | CaseEnded() | NetworkChanged():
                self._waiting.clear()
            case RunResumed() | RunEnded():
                self._disconnected(None)

    def performance(self, declared: dict[str, float] | None = None) -> Performance:
        """The numbers so far. `declared` gives the vendor's maxima in seconds by the keys of `NAMES`."""
        limits = declared or {}
        parts = {
            key: Statistic(key, name, limits.get(key), self._samples[key][:], self._lines[key][:])
            for key, name in NAMES.items()
        }
        parts["response"].unanswered = sum(self._unanswered.values())
        actions = sorted(self._by_action.keys() | self._unanswered.keys())
        nothing: tuple[array[float], array[int]] = (array("d"), array("q"))
        by_action = {}
        for action in actions:
            samples, lines = self._by_action.get(action, nothing)
            missing = self._unanswered.get(action, 0)
            limit = limits.get("response")
            if action == "RemoteStartTransaction":  # the 2024 form has a line of its own for it
                limit = limits.get("remote_start_response", limit)
            by_action[action] = Statistic(action, action, limit, samples[:], lines[:], missing)
        return Performance(**parts, by_action=by_action)

    def _sample(self, key: str, since: int | None, event: Event) -> None:
        """Adds a sample, unless the request came before the acknowledgement of the action it belongs to."""
        seconds = -1.0 if since is None else (event.m - since) / 1e9
        if seconds >= 0:
            self._samples[key].append(seconds)
            self._lines[key].append(event.n)

    def _frame(self, event: FrameSeen) -> None:
        if event.type == "CALL":
            self._connected.add(event.connection)
            if event.dir == "out":
                self._our_call(event)
            elif self._waiting:
                self._their_call(event)
        elif event.type != "MALFORMED" and event.dir == "in":
            self._their_reply(event)

    def _our_call(self, event: FrameSeen) -> None:
        call, action = (event.connection, event.id), event.action
        if (
            call in self._calls
        ):  # the same message id twice: a test of bad frames, the first one is not answered
            self._missing(self._calls.pop(call)[1])
        self._calls[call] = (event.m, action)
        if action in CAUSES:
            self._waiting = [waiting for waiting in self._waiting if waiting.call is not None]
        if action not in FOLLOWED_CALLS:
            return
        asked = payload(event.raw)
        if asked is not None and (found := _what_follows(action, asked)) is not None:
            statistic, request, matches = found
            if statistic == "triggered":
                self._waiting = [
                    w for w in self._waiting if w.statistic != "triggered" or w.action != (request,)
                ]
            self._waiting.append(
                _Waiting(statistic, (request,), matches, call, accepted=False, since=event.m)
            )

    def _their_reply(self, event: FrameSeen) -> None:
        call = (event.connection, event.id)
        asked = self._calls.pop(call, None)
        if asked is None:
            return
        since, action = asked
        self._sample("response", since, event)
        if action in self._by_action or len(self._by_action) < MAX_ACTIONS:
            samples, lines = self._by_action.setdefault(action, (array("d"), array("q")))
            samples.append((event.m - since) / 1e9)
            lines.append(event.n)
        for waiting in self._waiting:
            if waiting.call == call:
                reply = payload(event.raw) if event.type == "CALLRESULT" else None
                waiting.accepted = reply is not None and reply.get("status") == "Accepted"
                if not waiting.accepted:
                    self._waiting.remove(waiting)
                break

    def _their_call(self, event: FrameSeen) -> None:
        candidates = [w for w in self._waiting if w.accepted and event.action in w.action]
        if not candidates or (got := payload(event.raw)) is None:
            return
        for waiting in candidates:
            if waiting.matches(got):
                self._sample(waiting.statistic, waiting.since, event)
                self._waiting.remove(waiting)
                return

    def _action(self, event: Acted) -> None:
        """People and rigs take their time: what waits for a transaction does not follow at once any more."""
        self._forget_calls()
        earlier = next((w for w in self._waiting if w.call is None), None)
        if event.phase is ActionPhase.DONE and event.action == self._asked:
            self._asked = None
            if earlier is not None:
                earlier.since = event.m
            return
        self._waiting = [w for w in self._waiting if w.call is not None]
        self._asked = event.action if event.phase is ActionPhase.ASKED else None
        if event.phase not in (ActionPhase.ASKED, ActionPhase.DONE) or not self._connected:
            return
        found = _what_an_action_causes(event.action, event.params)
        if found is not None:
            since = event.m if event.phase is ActionPhase.DONE else None
            self._waiting.append(_Waiting("triggered", *found, call=None, accepted=True, since=since))

    def _forget_calls(self) -> None:
        """A hand at the station causes what comes next; what was asked for by a call and has not come is no sample."""
        self._waiting = [waiting for waiting in self._waiting if waiting.call is None]

    def _disconnected(self, connection: Any) -> None:
        """A lost connection takes its calls with it (None: every connection)."""
        self._waiting.clear()
        for call in [call for call in self._calls if connection is None or call[0] == connection]:
            self._missing(self._calls.pop(call)[1])
        if connection is None:
            self._connected.clear()
        self._connected.discard(connection)

    def _missing(self, action: str) -> None:
        if action in self._unanswered or len(self._unanswered) < MAX_ACTIONS:
            self._unanswered[action] = self._unanswered.get(action, 0) + 1


def _what_an_action_causes(
    name: str, params: dict[str, Any]
) -> tuple[tuple[str, ...], Callable[[dict[str, Any]], bool]] | None:
    """The requests that an action at the station leads to (the first one counts) and how to know them."""
    connector, id_tag = params.get("connector"), params.get("id_tag")
    if name in CONNECTOR_ACTIONS:  # a cable may end a transaction, or begin one that a card allowed before
        requests = ("StatusNotification", "StartTransaction", "StopTransaction")
        return requests, lambda got: connector in (None, 0, got.get("connectorId", connector))
    if name == "present_id_tag":
        requests = ("Authorize", "StartTransaction", "StopTransaction")
        return requests, lambda got: "idTag" not in got or same(got["idTag"], id_tag)
    if name == "press_stop":
        return ("StopTransaction",), lambda got: True
    return None


def _what_follows(
    action: str, asked: dict[str, Any]
) -> tuple[str, str, Callable[[dict[str, Any]], bool]] | None:
    """The statistic, the request to come and how to know it, for a call that asks the station to do something."""
    connector = asked.get("connectorId")
    if action == "RemoteStartTransaction":
        return (
            "remote_start",
            "StartTransaction",
            lambda got: (
                same(got.get("idTag"), asked.get("idTag")) and connector in (None, 0, got.get("connectorId"))
            ),
        )
    if action == "RemoteStopTransaction":
        transaction = asked.get("transactionId")
        return "remote_stop", "StopTransaction", lambda got: got.get("transactionId") == transaction
    if action == "ReserveNow":
        return (
            "triggered",
            "StatusNotification",
            lambda got: got.get("connectorId") == connector and got.get("status") == "Reserved",
        )
    if action == "ChangeAvailability":
        out = asked.get("type") == "Inoperative"
        return (
            "triggered",
            "StatusNotification",
            lambda got: (
                connector in (0, got.get("connectorId")) and (got.get("status") == "Unavailable") is out
            ),
        )
    requested = asked.get("requestedMessage")
    if not isinstance(requested, str) or requested in EXCLUDED_TRIGGERS:
        return None
    request = "SignCertificate" if requested == "SignChargePointCertificate" else requested
    return (
        "triggered",
        request,
        lambda got: connector in (None, 0) or "connectorId" not in got or got["connectorId"] == connector,
    )
