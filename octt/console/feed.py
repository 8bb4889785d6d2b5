"""What goes to the browsers: the page's messages in their order, for each from where it stopped.

A browser is not waited for. It takes what it has not got yet; who slept for long, or is too slow, gets the page anew.
"""

from __future__ import annotations

import collections
import secrets
from collections.abc import Iterable

import orjson

from octt.console.tail import Tail
from octt.console.view import Message, View

REMEMBERED = 3000
"""Messages that a browser can come back to."""
AT_ONCE = 400
"""Messages that are written at a time."""


def sse(kind: str, data: object, ident: str = "") -> bytes:
    """A server-sent event."""
    head = f"id: {ident}\n" if ident else ""
    return f"{head}event: {kind}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


class Feed:
    """The messages of one record. A *place* is how many there were before."""

    def __init__(self, tail: Tail) -> None:
        self.tail, self.view = tail, View()
        self.end = 0
        self.problem = ""
        """Why the record cannot be read, a sentence."""

        self._name = secrets.token_hex(4)
        self._messages: collections.deque[Message] = collections.deque(maxlen=REMEMBERED)

    def read(self) -> bool:
        """Takes what is new on the record, some at a time; whether there is more at once."""
        try:
            events = self.tail.read()
        except OSError as error:
            self.problem = f"the record cannot be read: {error.strerror}"
            return False
        for event in events:
            self._add(self.view.see(event))
        return self.tail.behind

    def _add(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._messages.append(message)
            self.end += 1

    def place(self, last_event_id: str) -> int | None:
        """Where a browser goes on that says what it had last; None: it needs the page anew."""
        name, _, number = last_event_id.partition("-")
        if name != self._name or not number.isascii() or not number.isdigit() or len(number) > 15:
            return None
        place = int(number)
        return place if self.end - len(self._messages) <= place <= self.end else None

    def after(self, place: int | None) -> tuple[bytes, int]:
        """What comes after a place, and the place after that. From None, and from a place long past, the page anew."""
        first = self.end - len(self._messages)
        if place is None or place < first:
            messages, place = self.view.snapshot(), self.end
            return b"".join(sse(kind, data, self._ident(place)) for kind, data in messages), place
        some = [
            self._messages[index]
            for index in range(place - first, min(place - first + AT_ONCE, self.end - first))
        ]
        written = (
            sse(kind, data, self._ident(place + number)) for number, (kind, data) in enumerate(some, 1)
        )
        return b"".join(written), place + len(some)

    def _ident(self, place: int) -> str:
        return f"{self._name}-{place}"
