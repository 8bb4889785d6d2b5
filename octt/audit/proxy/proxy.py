"""What happens to each frame on its way, without any I/O: see wire.py for the sockets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from octt.audit.mutants.altering import Message, altered, text_of
from octt.audit.mutants.frames import Target, Titles
from octt.audit.mutants.mutant import Kind, Mutant
from octt.audit.proxy.extra import Known, extra
from octt.audit.proxy.truth import Truth
from octt.ocpp import frames
from octt.ocpp.frames import CALL, CALLRESULT
from octt.ocpp.values import table, whole

REMEMBERED = 1000
"""Requests of the Central System whose action is remembered for their replies."""

STAND_IN = 1_000_000
"""What is added to a transactionId to make one that nobody else gives out."""


@dataclass(frozen=True)
class Send:
    """A text on its way, `after` so many seconds. `ours`: it is what the mutant consists in."""

    to: Literal["csms", "station"]
    text: str
    after: float = 0.0
    ours: bool = False


class Proxy:
    """Passes frames on, and alters the one of the mutant when it comes in the test phase of its case.

    A request that is kept from the Central System is answered as that answered it without a mutant, so that the
    station goes on; a transactionId that was given so is exchanged for the real one on the way, once there is one.
    """

    def __init__(self, in_test: Callable[[], bool], known: Known) -> None:
        self.in_test, self.known = in_test, known
        self.mutant: Mutant | None = None
        self.target: Target | None = None
        self.made = False
        """Whether the mutant was made: the altered frame reached the case."""

        self.ids: list[str] = []
        """Message ids of what the mutant consists in, as the Central System saw them."""

        self.truth = Truth()
        self._titles = Titles()
        self._actions: OrderedDict[str, str] = OrderedDict()
        self._swallowed: dict[str, int] = {}
        self._starts: set[str] = set()
        self._held: Message | None = None
        self._real: dict[int, int] = {}

    def begin(self, mutant: Mutant | None, target: Target | None) -> None:
        """Another attempt at a case begins."""
        self.mutant, self.target, self.made, self.ids = mutant, target, False, []
        self._titles, self._held = Titles(), None

    def sent(self, send: Send) -> None:
        """Something has left."""
        if send.ours and self.in_test():
            self.made = True

    # -- from the station -----------------------------------------------------------------------------------------

    def from_station(self, text: str) -> list[Send]:
        """What becomes of a frame of the station."""
        message = _read(text)
        if message is None:
            return [Send("csms", text)]
        if self._real:
            message = _exchanged(message, self._real)
            text = text_of(message)
        self._learn(message)
        if not self.in_test():
            return [Send("csms", text)]
        frame = frames.parse(text)
        action = frame.action if frame.type == "CALL" else self._actions.get(frame.id, "")
        title = self._titles.of(frame, action)
        if self.mutant and title == self.mutant.frame and not self.ids:
            return self._mutate(self.mutant, message, text)
        passed = [Send("csms", text)]
        if self._held is not None:
            passed.append(Send("csms", text_of(self._held), ours=True))
            self._held = None
        return passed

    def _mutate(self, mutant: Mutant, message: Message, text: str) -> list[Send]:
        self.ids = [str(message[1])]
        if mutant.kind is Kind.DROPPED:
            self.made = True
            self.truth.withheld(message)
            return self._stand_in(message)
        if mutant.kind is Kind.LATE:
            self.made = True
            return [Send("csms", text, after=mutant.seconds)]
        if mutant.kind is Kind.EXCHANGED:
            self._held = message
            return self._stand_in(message)
        if mutant.kind is Kind.TWICE:
            return [Send("csms", text), Send("csms", self._again(message), ours=True)]
        if mutant.kind is Kind.EXTRA:
            return [Send("csms", text), self._extra(str(mutant.value), mutant.seconds)]
        changed = altered(mutant, message)
        if changed is None:
            return [Send("csms", text)]
        self.truth.told(message, _read(changed))
        stand_in = self._stand_in(message) if mutant.kind is Kind.ENVELOPE else []  # nobody can answer that
        return [Send("csms", changed, ours=True), *stand_in]

    def _stand_in(self, message: Message) -> list[Send]:
        """The answer to a request that the Central System does not get, or gets later."""
        answer = self.target.answer if self.target else None
        if message[0] != CALL or answer is None:
            return []
        answer = dict(answer)
        if "currentTime" in answer:
            answer["currentTime"] = _now()
        if (ident := whole(answer.get("transactionId"))) is not None:
            answer["transactionId"] = ident + STAND_IN
        self._swallowed[message[1]] = answer.get("transactionId", 0)
        return [Send("station", text_of([CALLRESULT, message[1], answer]))]

    def _again(self, message: Message) -> str:
        """The same once more: a request under an id of its own, a reply as it is."""
        return text_of(message) if message[0] != CALL else self._own(message[2], message[3], "again")

    def _extra(self, name: str, after: float) -> Send:
        self.ids = []
        return Send("csms", self._own(*extra(name, self.known), "extra"), after=after, ours=True)

    def _own(self, action: str, payload: Any, name: str) -> str:
        """A request of ours, whose answer the station does not see."""
        ident = f"{name}-{len(self._swallowed)}-{self.known.transaction}"
        self._swallowed[ident] = 0
        self.ids.append(ident)
        self.truth.told([], [CALL, ident, action, payload])
        if action == "Authorize":
            self.truth.wrong(self.known.connector)
        return text_of([CALL, ident, action, payload])

    def _learn(self, message: Message) -> None:
        if message[0] != CALL or len(message) < 4:
            return
        payload = table(message[3])
        for name in ("meterStart", "meterStop"):
            if (register := whole(payload.get(name))) is not None:
                self.known.register = register
        if message[2] == "StartTransaction":
            self._starts.add(str(message[1]))
        self.truth.sent(message)

    def after_test(self) -> list[Send]:
        """What the Central System is told once the test is over, so that it knows how the station really is."""
        owed = [Send("csms", text_of(message)) for message in self.truth.withheld_messages(self._held)]
        self._held = None
        for action, payload in self.truth.corrections(_now()):
            owed.append(Send("csms", self._own(action, payload, "truth")))
        self.truth.settled()
        return owed

    # -- from the Central System ----------------------------------------------------------------------------------

    def from_csms(self, text: str) -> list[Send]:
        """What becomes of a frame of the Central System."""
        message = _read(text)
        if message is None or len(message) < 3:
            return [Send("station", text)]
        if message[0] == CALL:
            self._actions[str(message[1])] = str(message[2])
            if len(self._actions) > REMEMBERED:
                self._actions.popitem(last=False)
            stand_ins = {real: stand_in for stand_in, real in self._real.items()}
            return [Send("station", text_of(_exchanged(message, stand_ins)) if stand_ins else text)]
        ident, given = str(message[1]), whole(table(message[2]).get("transactionId"))
        if ident not in self._swallowed:
            if given is not None and ident in self._starts:
                self.known.transaction = given
            return [Send("station", text)]
        stand_in = self._swallowed.pop(ident)
        if given is not None and stand_in:
            self._real[stand_in] = given
        elif given is not None:
            self.truth.phantom(given)
        return []


def _exchanged(message: Message, ids: dict[int, int]) -> Message:
    """The message with other transactionIds, wherever they stand in it."""
    return [*message[:-1], _replaced(message[-1], ids)]


def _replaced(value: Any, ids: dict[int, int]) -> Any:
    if isinstance(value, dict):
        return {
            name: ids.get(one, one)
            if name == "transactionId" and isinstance(one, int)
            else _replaced(one, ids)
            for name, one in value.items()
        }
    return [_replaced(one, ids) for one in value] if isinstance(value, list) else value


def _read(text: str) -> Message | None:
    """A frame as JSON; None when it is no array with a type and an id."""
    try:
        message = orjson.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, list) and len(message) > 1 else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
