"""Measures the station from the record's events, one by one: the same numbers live or afterwards.

What is measured is defined by the certificates' performance section, all from the Central System's side of the socket.
Times count from a request (.req) of ours, never from its answer (.conf), and from the acknowledgement of an action at
the station. A sample is what follows at once: no action, prompt, disconnection, end of a case or further call of ours
(but those that only read) lies between, and no request that arrives before its action was acknowledged is one, since
when the action took effect is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from octt.measure import causes
from octt.measure.causes import Fits
from octt.measure.statistic import Statistic, Times
from octt.ocpp.values import payload
from octt.record import Event
from octt.record.events import (
    Acted,
    CaseEnded,
    CaseStarted,
    Connected,
    Disconnected,
    FrameSeen,
    FrameUnsent,
    NetworkChanged,
    Prompted,
    RunEnded,
    RunResumed,
)
from octt.record.words import ActionPhase

MEASURES = {  # the name, and from where to where it counts
    "response": (
        "OCPP response time",
        "from a request (.req) of the Central System to its answer (.conf or CALLERROR)",
    ),
    "triggered": (
        "OCPP triggered function time",
        "from TriggerMessage.req, ExtendedTriggerMessage.req, ReserveNow.req or ChangeAvailability.req, when accepted, "
        "to the message that it asks for; without firmware, diagnostics and reboots",
    ),
    "remote_start": (
        "Transaction authorization time by RemoteStartTransaction",
        "from RemoteStartTransaction.req, when accepted, to StartTransaction.req",
    ),
    "remote_stop": (
        "Transaction authorization end time by RemoteStopTransaction",
        "from RemoteStopTransaction.req, when accepted, to StopTransaction.req",
    ),
    "local_start": (
        "Transaction start time by card or cable",
        "from the acknowledged action at the station to StartTransaction.req",
    ),
    "local_stop": (
        "Transaction end time by card, stop button or cable",
        "from the acknowledged action at the station to StopTransaction.req",
    ),
}
MOST_ACTIONS = 200  # distributions kept by action; the Central System's own vocabulary is far smaller
MOST_CONNECTORS = 200  # whose last status is remembered


@dataclass
class Performance:
    """All measures, and the response times of each action that the Central System called.

    The vendor declares maxima for the first four; `local_start` and `local_stop` are told beside them.
    """

    response: Statistic
    triggered: Statistic
    remote_start: Statistic
    remote_stop: Statistic
    local_start: Statistic
    local_stop: Statistic
    by_action: dict[str, Statistic] = field(default_factory=dict)

    @property
    def certified(self) -> list[Statistic]:
        """The measures of the certificate."""
        return [self.response, self.triggered, self.remote_start, self.remote_stop]

    @property
    def all(self) -> list[Statistic]:
        return [*self.certified, self.local_start, self.local_stop]

    @property
    def exceeded(self) -> list[Statistic]:
        """What was measured above its own declared maximum."""
        own = [one for one in self.by_action.values() if one.declared != self.response.declared]
        return [one for one in [*self.all, *own] if one.exceeded]


@dataclass
class _Call:
    """A call of ours without a reply so far. `until` is when we went on without it."""

    action: str
    line: int
    since: int
    until: int | None = None


@dataclass
class _Waiting:
    """Something asked for whose request has not come yet. `since` None: the action is not acknowledged yet."""

    measure: str
    request: str
    fits: Fits
    call: tuple[int, str] | None
    accepted: bool
    since: int | None


class Meter:
    """Feed it every event of a record in order (`feed`), ask for the numbers at any time (`performance`)."""

    def __init__(self) -> None:
        self._times = {key: Times() for key in MEASURES}
        self._by_action: dict[str, Times] = {}
        self._given_up: dict[str, Times] = {}
        self._calls: dict[tuple[int, str], _Call] = {}
        self._last_call: _Call | None = None
        self._waiting: list[_Waiting] = []
        self._connected: set[int] = set()
        self._statuses: dict[int, str] = {}
        self._asked: str | None = None  # the action that is asked for and not over
        self._now = 0

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
                self._disconnected(event.connection, event.m)
            case CaseStarted() | CaseEnded() | NetworkChanged():
                self._waiting.clear()
                self._went_on(event.m)
            case FrameUnsent():
                self._unsent(event.frame)
            case RunEnded():
                self._disconnected(None, event.m)
            case RunResumed():  # by another process, perhaps after the machine started anew
                self._disconnected(None, self._now)
        self._now = event.m

    def performance(self, declared: dict[str, float] | None = None) -> Performance:
        """The numbers so far. `declared` gives the vendor's maxima in seconds by the keys of `MEASURES`."""
        limits = declared or {}
        parts = {
            key: Statistic(key, name, counts, limits.get(key), self._times[key].copy())
            for key, (name, counts) in MEASURES.items()
        }
        by_action, given_up = {}, {action: times.copy() for action, times in self._given_up.items()}
        for call in self._calls.values():
            if call.until is not None:  # unless its reply still comes
                _give_up(given_up, call, call.until)
        for action in sorted(self._by_action.keys() | given_up.keys()):
            measured, waited = self._by_action.get(action, Times()), given_up.get(action, Times())
            parts["response"].waited.extend(waited)
            limit = limits.get("response")
            if action == "RemoteStartTransaction":  # the 2024 form has a line of its own for it
                limit = limits.get("remote_start_response", limit)
            counts = f"from {action}.req to its answer"
            by_action[action] = Statistic(action, action, counts, limit, measured.copy(), waited)
        return Performance(**parts, by_action=by_action)

    # -- frames -----------------------------------------------------------------------------------------------------

    def _frame(self, event: FrameSeen) -> None:
        if event.type == "CALL":
            self._connected.add(event.connection)
            if event.dir == "out":
                self._our_call(event)
            else:
                self._their_call(event)
        elif event.type != "MALFORMED" and event.dir == "in":
            self._their_reply(event)

    def _our_call(self, event: FrameSeen) -> None:
        if not event.action:
            return  # a text sent for a test of bad frames
        self._went_on(event.m)
        key = event.connection, event.id
        if (
            key in self._calls
        ):  # the same message id twice: a test of bad frames, the first one is not answered
            _give_up(self._given_up, self._calls.pop(key), event.m)
        self._last_call = self._calls[key] = _Call(event.action, event.n, event.m)
        if event.action in causes.READS:
            return
        self._waiting.clear()
        asked = payload(event.raw)
        found = None if asked is None else causes.of_call(event.action, asked, self._statuses)
        if found is not None:
            self._waiting.append(_Waiting(*found, call=key, accepted=False, since=event.m))

    def _their_reply(self, event: FrameSeen) -> None:
        key = event.connection, event.id
        call = self._calls.pop(key, None)
        if call is None:
            return
        seconds = (event.m - call.since) / 1e9
        self._times["response"].add(seconds, event.n)
        if call.action in self._by_action or len(self._by_action) < MOST_ACTIONS:
            self._by_action.setdefault(call.action, Times()).add(seconds, event.n)
        for waiting in self._waiting:
            if waiting.call == key:
                reply = payload(event.raw) if event.type == "CALLRESULT" else None
                waiting.accepted = reply is not None and reply.get("status") == "Accepted"
                if not waiting.accepted:
                    self._waiting.remove(waiting)
                break

    def _their_call(self, event: FrameSeen) -> None:
        is_status = event.action == "StatusNotification"
        candidates = [w for w in self._waiting if w.accepted and event.action == w.request]
        if not (candidates or is_status) or (got := payload(event.raw)) is None:
            return
        for waiting in candidates:
            if waiting.fits(got):
                self._sample(waiting, event)
                break
        if is_status:
            self._learn(got.get("connectorId"), got.get("status"))

    def _sample(self, waiting: _Waiting, event: FrameSeen) -> None:
        """Adds a sample, unless the request came before the acknowledgement of the action it belongs to."""
        if waiting.since is not None and event.m >= waiting.since:
            self._times[waiting.measure].add((event.m - waiting.since) / 1e9, event.n)
        # An action begins a transaction or ends one, not both.
        self._waiting = [w for w in self._waiting if w.call != waiting.call]

    def _learn(self, connector: object, status: object) -> None:
        if not isinstance(connector, int) or not isinstance(status, str):
            return
        if connector in self._statuses or len(self._statuses) < MOST_CONNECTORS:
            self._statuses[connector] = status

    # -- what else happens ------------------------------------------------------------------------------------------

    def _action(self, event: Acted) -> None:
        """People and rigs take their time: what waits for a transaction does not follow at once any more."""
        self._forget_calls()
        if event.phase is ActionPhase.DONE and event.action == self._asked:
            self._asked = None
            for waiting in self._waiting:
                waiting.since = event.m
            return
        self._waiting.clear()
        self._asked = event.action if event.phase is ActionPhase.ASKED else None
        if event.phase in (ActionPhase.ASKED, ActionPhase.DONE) and self._connected:
            since = event.m if event.phase is ActionPhase.DONE else None
            self._waiting += [
                _Waiting(*found, call=None, accepted=True, since=since)
                for found in causes.of_action(event.action, event.params)
            ]

    def _forget_calls(self) -> None:
        """A hand at the station causes what comes next; what a call asked for and has not come is no sample."""
        self._waiting = [waiting for waiting in self._waiting if waiting.call is None]

    def _went_on(self, m: int) -> None:
        """We wait no longer for the reply to our last call."""
        if self._last_call is not None:
            self._last_call.until, self._last_call = m, None

    def _unsent(self, line: int) -> None:
        """A call that did not leave is none."""
        for key in [key for key, call in self._calls.items() if call.line == line]:
            del self._calls[key]
            self._waiting = [waiting for waiting in self._waiting if waiting.call != key]

    def _disconnected(self, connection: int | None, m: int) -> None:
        """A lost connection takes its calls with it (None: every connection)."""
        self._waiting.clear()
        for key in [key for key in self._calls if connection in (None, key[0])]:
            _give_up(self._given_up, self._calls.pop(key), m)
        if connection is None:
            self._connected.clear()
        else:
            self._connected.discard(connection)


def _give_up(given_up: dict[str, Times], call: _Call, m: int) -> None:
    """Notes how long there was a wait for the reply to a call, at most until `m`."""
    if call.action in given_up or len(given_up) < MOST_ACTIONS:
        until = m if call.until is None else call.until
        given_up.setdefault(call.action, Times()).add(max(0, until - call.since) / 1e9, call.line)
