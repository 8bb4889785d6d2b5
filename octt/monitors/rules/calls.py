"""Rules about calls, their ids and their replies: OCPP-J 1.6 section 4.1."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from octt.monitors.known.heard import CROSSING, Call, Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import text
from octt.record.event import Event
from octt.record.events import Connected, Disconnected


class MessageIds(Rule):
    """Every request has an id of its own; only a retry of the same message may repeat it (OCPP-J errata 3.1)."""

    name = "message id"
    cite = "OCPP-J 4.1.4; OCPP-J errata 3.1"
    requests = "any"

    def __init__(self) -> None:
        self._told: set[str] = set()

    def case(self) -> None:
        """In another case what is legal is told again."""
        self._told.clear()

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """A repeated id is a violation within one connection, a remark across connections.

        The same message again is a retry, unless the first one had been answered before any station gives up.
        """
        if heard.earlier is None or heard.this is None or not heard.complete or not heard.incoming:
            return ()
        return self._again(heard, heard.earlier, heard.this)

    def _again(self, heard: Heard, first: Call, this: Call) -> Iterator[Breach]:
        used = f"{heard.frame.id[:40]!r}, before in line {first.n}"
        same = this.digest == first.digest
        if same and not (first.prompt and heard.since(first.answered) > CROSSING):
            yield from self._once(
                heard,
                "a retry keeps the message id of the attempt before, which is legal since errata 2025-04 and "
                "was not before",
                used,
            )
        elif first.connection == heard.connection:
            # An unanswered message may be rebuilt for its retry, with a transactionId that came meanwhile.
            if first.action == heard.action and first.answer != "CALLRESULT":
                yield self.remark(heard, "a retry that was built anew keeps its message id", used)
            elif same:
                yield self.violation(
                    heard, "a message id is used again for a message that had been answered", used
                )
            else:
                yield self.violation(heard, "a message id is used again for another message", used)
        elif not same:
            yield from self._once(
                heard,
                "message ids of an earlier connection are used again for other messages, and since errata "
                "2025-04 they shall differ across connections too",
                used,
            )

    def _once(self, heard: Heard, fault: str, detail: str) -> Iterator[Breach]:
        if fault not in self._told:
            self._told.add(fault)
            yield self.remark(heard, fault, detail)


class Replies(Rule):
    """A reply carries the id of the request it answers, and a request is answered once."""

    name = "reply"
    cite = "OCPP-J 4.1.4"
    replies = "any"

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Without doubt only on a connection seen from its beginning, on which we sent nothing but sound frames."""
        if not heard.incoming or heard.frame.type not in ("CALLRESULT", "CALLERROR"):
            return
        doubt = not talk.clear(heard.connection) or not heard.frame.id
        call, ident = heard.call, repr(heard.frame.id[:40])
        if call is None:
            tell = self.remark if doubt or talk.forgot else self.violation
            yield tell(heard, "a reply to an id that we never used in a request", ident)
        elif call.connection != heard.connection:
            yield self.remark(
                heard, f"a reply to {call.action} of an earlier connection", f"that of line {call.n}"
            )
        elif call.replies > call.sent:
            tell = self.remark if doubt else self.violation
            yield tell(heard, f"a second reply to one {call.action}", f"{ident}, that of line {call.n}")


class OneOutstandingCall(Rule):
    """A station should wait for the answer to a request before the next one. A SHOULD, so never more than a remark."""

    name = "outstanding call"
    cite = "OCPP-J 4.1.1"
    requests = "any"

    WAITS = 5.0
    """Seconds within which no station is assumed to have given up waiting."""

    def __init__(self) -> None:
        self._last: Call | None = None

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Compares a request with the one before it on the same connection."""
        if not heard.request():
            return ()
        former, self._last = self._last, heard.this
        if (
            former
            and former is not heard.earlier
            and former.connection == heard.connection
            and not former.answer
            and heard.since(former.m) < self.WAITS
        ):
            told = f"{heard.action or 'it'} {heard.since(former.m):.1f} s after {former.action} of line {former.n}"
            return (self.remark(heard, "a request before the one before it was answered", told),)
        return ()


class Unanswered(Rule):
    """A request of ours is answered, if only with a CALLERROR. A remark: a station is free in how long it takes."""

    name = "unanswered"
    cite = "OCPP-J 4.1.1 and 4.2.3"
    requests = replies = asked = "any"
    answers = of("BootNotification")

    PATIENCE = 60.0
    """Seconds after which an answer is missing: far more than any station declares for its replies."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Call | None, str, int, int, int]] = deque(maxlen=64)
        self._rejected = False

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """What was asked on a lost connection is not waited for."""
        if isinstance(event, Connected | Disconnected):
            self._waiting.clear()
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Looks for what is long overdue whenever the station says something else."""
        if not self._waiting and heard.request():
            return ()
        return self._look(heard)

    def _look(self, heard: Heard) -> Iterator[Breach]:
        if not heard.incoming:
            if heard.answered("BootNotification"):
                self._rejected = text(heard.payload.get("status")) == "Rejected"
            elif heard.frame.type == "MALFORMED":
                what = "a text of ours that is no message"
                self._waiting.append((None, what, heard.n, heard.m, heard.connection))
            elif heard.frame.type == "CALL":
                what = f"{heard.action or 'a request'}.req"
                self._waiting.append((heard.this, what, heard.n, heard.m, heard.connection))
            return
        if heard.frame.type == "CALLERROR" and heard.call is None:
            self._answer_odd(heard)
        while self._waiting and heard.since(self._waiting[0][3]) > self.PATIENCE:
            call, what, line, m, connection = self._waiting.popleft()
            answered = call is not None and bool(call.answer)
            if connection == heard.connection and not answered and not self._rejected:
                yield self.remark(
                    heard,
                    f"{what} was not answered, though the station went on talking",
                    f"that of line {line}, {heard.since(m):.0f} s ago",
                )

    def _answer_odd(self, heard: Heard) -> None:
        """A CALLERROR with an id of its own may answer what had no id that can be read."""
        for waiting in self._waiting:
            if waiting[0] is None:
                self._waiting.remove(waiting)
                return
