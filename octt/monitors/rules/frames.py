"""Rules about frames as such, payloads and actions: OCPP-J 1.6 chapter 4 and the schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from octt.monitors.known.heard import NAME, Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule
from octt.ocpp.schemas import ACTIONS, FROM_STATION, Fault, faults, shorten

_LISTED = 5
"""Different problems of one frame that are told."""
_PLACE = re.compile(r"\.\d+(?=[.:])")


class MalformedFrame(Rule):
    """A message is JSON text in UTF-8: an array of message type, id and what belongs to that type."""

    name = "frame"
    cite = "OCPP-J 4.1.2, 4.1.3, 4.2"
    requests = replies = "any"
    faulty = True

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Judges the envelope."""
        frame = heard.frame
        if not heard.incoming:
            return
        if frame.type == "MALFORMED":
            found: Iterable[str] = heard.problems or frame.problems or ("not a message of OCPP-J",)
            what = "an unusable frame, "
        else:
            found, what = frame.problems, "a frame that is not built as OCPP-J says, "
        for problem in list(found)[:_LISTED]:
            fault, _, detail = problem.partition(": ")
            yield self.violation(heard, what + fault, shorten(detail, 300))
        for note in frame.notes:
            fault, _, detail = note.partition(": ")
            yield self.remark(heard, f"a frame with something legal or left open, {fault}", detail)


class Schema(Rule):
    """A payload must satisfy the schema of its message (which is the specification's chapter 6, see octt.ocpp)."""

    name = "schema"
    cite = "OCPP 1.6 chapter 6; OCPP-J errata 3.2"
    requests = replies = "any"
    faulty = True

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Says again what is wrong with a payload that the Central System found fault with when it came."""
        if not heard.incoming or not heard.problems:
            return
        action, others = heard.action, ""
        if heard.frame.type == "CALL" and action in FROM_STATION:
            what = f"{action}.req breaks its schema,"
            found, others = faults(action, "request", heard.payload)
        elif heard.frame.type == "CALLRESULT" and heard.call and action in ACTIONS:
            what = f"{action}.conf breaks its schema,"
            found, others = faults(action, "response", heard.payload)
        else:
            return
        if heard.complete:
            yield from self._apart(heard, what, found, others)
        else:
            for problem in [told for told in heard.problems if not told.startswith("reply to ")][:_LISTED]:
                place, _, rest = _PLACE.sub("", problem).partition(": ")
                rule, _, value = rest.partition(": ")
                yield self.violation(heard, f"{what} {place} {rule}".strip(), value)

    def _apart(self, heard: Heard, what: str, found: list[Fault], others: str) -> Iterator[Breach]:
        """Each fault once, with the first place where it is: a thousand wrong elements are one fault."""
        first: dict[str, Fault] = {}
        for fault in found:
            first.setdefault(" ".join(filter(None, (what, fault.field, fault.rule))), fault)
        for told, fault in list(first.items())[:_LISTED]:
            again = sum(1 for other in found if (other.field, other.rule) == (fault.field, fault.rule)) - 1
            details = [
                fault.value,
                f"at {fault.place}" if fault.place != fault.field else "",
                f"and {again} times more" if again else "",
                others,
            ]
            yield self.violation(heard, told, ", ".join(detail for detail in details if detail))


class StationActions(Rule):
    """A station calls what chapter 4 gives it to call; anything else has to go through DataTransfer."""

    name = "action"
    cite = "OCPP 1.6 chapters 4 and 5; security whitepaper chapter 5"
    requests = "any"

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Judges the action of a request."""
        if heard.action in FROM_STATION or not heard.action or not heard.request():
            return ()
        if heard.action in ACTIONS:
            told = f"the station called {heard.action}, which only the Central System may call"
            return (self.violation(heard, told),)
        told = "the station called what is no message of OCPP 1.6, which shall be sent in DataTransfer"
        return (self.violation(heard, told, repr(heard.action[:NAME]), "OCPP 1.6 section 4.3"),)
