"""Rules about frames as such: OCPP-J 1.6 chapter 4."""

from __future__ import annotations

import re
from collections.abc import Iterator

from octt.monitors.seen import CROSSING, Finding, Payload, Rule, Seen, Talk, whole
from octt.ocpp.schemas import ACTIONS, FROM_STATION, problems

_LISTED = 5
"""Problems of one frame that are spelt out."""

_HARMLESS = (
    (re.compile(r"^error description has \d+ characters"), "OCPP 1.6 sets no limit, later versions do"),
    (re.compile(r"^'FormatViolation' is no error code"), "the later name of FormationViolation, errata 5.2"),
)
"""What the frame reader notes though OCPP-J 1.6 allows it, or its errata leave it open."""


class MalformedFrame(Rule):
    """A message is JSON text in UTF-8: an array of message type, id and what belongs to that type."""

    name = "frame"
    cite = "OCPP-J 4.1.2, 4.1.3, 4.2"
    reads = "incoming"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Judges the envelope."""
        if not seen.incoming:
            return
        if seen.frame.type == "MALFORMED":
            found = seen.problems or seen.frame.problems
            yield self.violation(seen, f"unusable frame: {_listed(found) or 'not a message of OCPP-J'}")
            return
        wrong = []
        for problem in seen.frame.problems:
            note = next((note for pattern, note in _HARMLESS if pattern.match(problem)), "")
            if note:
                yield self.remark(seen, f"{problem}: {note}", "OCPP-J 4.2")
            else:
                wrong.append(problem)
        if wrong:
            yield self.violation(seen, f"the frame is not built as OCPP-J says: {_listed(wrong)}")


class Schema(Rule):
    """A payload must satisfy the schema of its message (which is the specification's chapter 6, see octt.ocpp)."""

    name = "schema"
    cite = "OCPP 1.6 chapter 6; OCPP-J errata 3.2"
    reads = "incoming"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Says again what is wrong with a payload that the Central System found fault with when it came."""
        if not seen.incoming or not seen.problems:
            return
        if seen.frame.type == "CALL" and seen.action in FROM_STATION:
            found, suffix = problems(seen.action, "request", seen.payload), "req"
        elif seen.frame.type == "CALLRESULT" and seen.call and seen.action in ACTIONS:
            found, suffix = problems(seen.action, "response", seen.payload), "conf"
        else:
            return
        if not seen.complete:
            found = [problem for problem in seen.problems if not problem.startswith("reply to ")]
        if found:
            yield self.violation(seen, f"{seen.action}.{suffix} breaks its schema: {_listed(found)}")


class StationActions(Rule):
    """A station calls what chapter 4 gives it to call; anything else has to go through DataTransfer."""

    name = "action"
    cite = "OCPP 1.6 chapters 4 and 5; security whitepaper chapter 5"
    reads = "requests"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Judges the action of a request."""
        if not seen.request() or not seen.action or seen.action in FROM_STATION:
            return
        if seen.action in ACTIONS:
            yield self.violation(
                seen, f"the station called {seen.action}, which only the Central System may call"
            )
        else:
            yield self.violation(
                seen,
                f"the station called {seen.action[:50]!r}, no message of OCPP 1.6; what OCPP does not have "
                "shall be sent in DataTransfer",
                "OCPP 1.6 section 4.3",
            )


class MessageIds(Rule):
    """Every request has an id of its own; only a retry of the same message may repeat it (OCPP-J errata 3.1)."""

    name = "message id"
    cite = "OCPP-J 4.1.4; OCPP-J errata 3.1"
    reads = "requests"

    def __init__(self) -> None:
        self._told = -1

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """A repeated id is a violation within one connection, a remark across connections.

        The same message again is a retry, unless the first one had been answered before any station gives up.
        """
        first = seen.earlier
        if not seen.request() or first is None or not seen.complete:
            return
        ident, this = seen.frame.id[:40], talk.calls.get((True, seen.frame.id))
        same = this is not None and this.digest == first.digest
        if same and not (first.prompt and seen.since(first.answered) > CROSSING):
            return
        if first.connection == seen.connection:
            what = "though it had been answered" if same else "for another message"
            told = f"message id {ident!r} was used before on this connection (line {first.n}), {what}"
            # An unanswered message may be rebuilt for its retry, with a transactionId that came meanwhile.
            rebuilt = first.action == seen.action and first.answer != "CALLRESULT"
            yield (self.remark if rebuilt else self.violation)(seen, told)
        elif not same and self._told != seen.connection:
            self._told = seen.connection
            yield self.remark(
                seen,
                f"message id {ident!r} was used before, on an earlier connection (line {first.n}); "
                "since errata 2025-04 ids shall differ across connections too",
            )


class Replies(Rule):
    """A reply carries the id of the request it answers, and a request is answered once."""

    name = "reply"
    cite = "OCPP-J 4.1.4"
    reads = "incoming"

    def __init__(self) -> None:
        self._known: set[int] = set()

    def event(self, event: Payload) -> None:
        """A connection that was seen from its beginning."""
        connection = whole(event.get("connection"))
        if event.get("kind") == "connect" and connection is not None:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known.add(connection)

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Without doubt only on a connection seen from its beginning, on which we sent nothing but sound frames."""
        if not seen.incoming or seen.frame.type not in ("CALLRESULT", "CALLERROR"):
            return
        doubt = seen.connection not in self._known or seen.connection in talk.odd or not seen.frame.id
        call, ident = seen.call, seen.frame.id[:40]
        if call is None:
            text = f"reply to {ident!r}, an id we never used in a request"
            yield (self.remark if doubt or talk.forgot else self.violation)(seen, text)
        elif call.connection != seen.connection:
            yield self.remark(seen, f"reply to {call.action} of an earlier connection (line {call.n})")
        elif call.replies > call.sent:
            text = f"second reply to {call.action} {ident!r} (line {call.n})"
            yield (self.remark if doubt else self.violation)(seen, text)


class OneOutstandingCall(Rule):
    """A station should wait for the answer to a request before the next one. A SHOULD, so never more than a remark."""

    name = "outstanding call"
    cite = "OCPP-J 4.1.1"
    reads = "requests"

    WAITS = 5.0
    """Seconds within which no station is assumed to have given up waiting."""

    def __init__(self) -> None:
        self._last: tuple[int, str] | None = None

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Compares a request with the one before it on the same connection."""
        if not seen.request():
            return
        former = talk.calls.get((True, self._last[1])) if self._last else None
        if (
            former
            and self._last
            and self._last[0] == seen.connection
            and self._last[1] != seen.frame.id
            and not former.answer
            and seen.since(former.m) < self.WAITS
        ):
            yield self.remark(
                seen,
                f"{seen.action or 'a request'} came {seen.since(former.m):.1f} s after {former.action} "
                f"(line {former.n}), which was not yet answered",
            )
        self._last = (seen.connection, seen.frame.id)


class ErrorCodes(Rule):
    """The code of a CALLERROR says why the request could not be handled. Always a remark; cases judge it."""

    name = "error code"
    cite = "OCPP-J 4.2.3"
    reads = "incoming"

    _OF_CONTENT = frozenset(
        {
            "FormationViolation",
            "ProtocolError",
            "TypeConstraintViolation",
            "OccurenceConstraintViolation",
            "OccurrenceConstraintViolation",
        }
    )

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Holds the code beside the request it answers."""
        if not seen.incoming or seen.frame.type != "CALLERROR" or seen.call is None:
            return
        code, action = seen.frame.error_code[:40], seen.call.action
        if action not in ACTIONS:
            if code not in ("NotImplemented", "NotSupported"):
                yield self.remark(
                    seen, f"{code} for the unknown action {action[:40]!r}; NotImplemented says that"
                )
        elif (
            code in self._OF_CONTENT
            and seen.call.replies == 1
            and not problems(action, "request", seen.call.payload)
        ):
            yield self.remark(seen, f"{code} for a {action}.req whose payload satisfies its schema")


def _listed(found: list[str] | tuple[str, ...]) -> str:
    more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return "; ".join(item[:300] for item in found[:_LISTED]) + more
