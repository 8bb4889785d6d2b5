"""The person at the terminal: prompts with four answers, and the driver that asks a person for every action."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal, TextIO

from octt.station.actions import CannotAct, Driver, instruction

Answer = Literal["done", "cannot", "repeat", "abort", "seen", "timeout", "gone"]

KEYS: dict[str, Answer] = {
    "": "done",
    "d": "done",
    "done": "done",
    "c": "cannot",
    "cannot": "cannot",
    "r": "repeat",
    "repeat": "repeat",
    "a": "abort",
    "abort": "abort",
}


class Operator:
    """Asks on the terminal and reads answers line by line, without blocking what watches the station."""

    def __init__(
        self, timeout: float, say: Callable[[str], None] | None = None, source: TextIO | None = None
    ) -> None:
        """`timeout` in seconds for each answer. `say` shows a line; `source` is read for answers."""
        self.timeout = timeout
        self.say = say or (lambda text: print(text, flush=True))
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self._source = source or sys.stdin
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader: threading.Thread | None = None

    def ask(self, text: str, why: str, seen: Callable[[], bool]) -> Answer:
        """Shows what to do and waits for the answer, or until the station shows the effect.

        `before` and `after` are called around it, for a live view to make room.
        """
        self.before()
        try:
            return self._ask(text, why, seen)
        finally:
            self.after()

    def _ask(self, text: str, why: str, seen: Callable[[], bool]) -> Answer:
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
        while not self._lines.empty():
            if self._lines.get() is None:
                self._lines.put(None)
                return "gone"
        self.say(f">> {text}" + (f"  ({why})" if why else ""))
        self.say("   [Enter] done   c cannot   r repeat the case   a abort the run")
        waited = 0.0
        while waited < self.timeout:
            if seen():
                self.say("   the station shows it; going on")
                return "seen"
            try:
                line = self._lines.get(timeout=0.1)
            except queue.Empty:
                waited += 0.1
                continue
            if line is None:
                self._lines.put(None)
                return "gone"
            answer = KEYS.get(line.strip().lower())
            if answer:
                return answer
            self.say("   please answer with Enter, c, r or a")
        return "timeout"

    def _read(self) -> None:
        for line in self._source:
            self._lines.put(line)
        self._lines.put(None)


class ManualDriver(Driver):
    """Every action is done by the operator. How the answer is taken up is decided by who called."""

    kind = "manual"

    def act(self, name: str, params: dict[str, Any], why: str, seen: Callable[[], bool]) -> str:
        """Always hands over to the operator."""
        raise CannotAct(instruction(name, params))
