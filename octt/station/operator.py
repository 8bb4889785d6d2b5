"""The person at the terminal: is asked one thing at a time, and heard only for what was asked.

What was typed before a question appeared answers nothing, nor does what comes in the moment after: it is a habitual
Enter, or was meant for the question before, which the station itself has answered meanwhile. A person who is there is
waited for without limit; only where nobody can be, time runs out.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from octt.text import one_line

DEAD_TIME = 1.0
"""Seconds in which nobody reads a question and does what it asks for: what is typed then was meant for another one."""
NOTHING = "\0"
"""Nothing was typed."""
_TICK = 0.1
_WISHES = {
    "p": "the run pauses before the next case",
    "r": "after this case you are asked which one to repeat",
    "a": "the run ends after this case",
}
"""What can be typed while nothing is asked."""


class Operator:
    """Asks on the terminal and reads answers line by line, without blocking what watches the station."""

    def __init__(
        self,
        timeout: float,
        console: Console | None = None,
        source: TextIO | None = None,
        attended: bool | None = None,
    ) -> None:
        """`timeout` in seconds for each answer, unless it is `attended`: by default, where there is a terminal."""
        self.timeout = timeout
        self.console = console or Console(highlight=False)
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self._source = source or sys.stdin
        self.attended = self._is_terminal() if attended is None else attended
        self._lines: queue.Queue[tuple[float, str | None]] = queue.Queue()
        self._asking = False
        self._wish = ""
        self._deaf_until = 0.0
        self._waits_until, self._told = 0.0, False
        self._reader: threading.Thread | None = None

    # -- questions ------------------------------------------------------------------------------------------------

    def choose(
        self,
        question: str,
        choices: Mapping[str, str],
        *,
        otherwise: str,
        enter: str | None = None,
        lines: Sequence[str] = (),
        limited: bool = False,
    ) -> str:
        """Asks for one of `choices` (what is typed, and what it means); that one.

        `otherwise`: what nobody's answer means, after the time-out also where a person is there, if it is `limited`.
        `enter`: what Enter means, None: nothing.
        """
        known = {choice.casefold(): choice for choice in choices}
        with self.question(question, lines=lines):
            self.say("   ".join(f"{key} {meaning}" for key, meaning in choices.items() if meaning))
            while (line := self.line()) is not None:
                if line == NOTHING:
                    if self.is_late(limited):
                        break
                elif line == "" and enter is not None:
                    return enter
                elif line in known:
                    return known[line]
                else:
                    self.say(f"please type one of: {', '.join(choices)}", "yellow")
        return otherwise

    def pause(self, why: str) -> None:
        """Waits until the person is back."""
        with self.question(f"{why} since {time.strftime('%H:%M')}"):
            self.rest()

    def rest(self) -> None:
        """Waits for Enter, inside a question."""
        self.say("⏎ Enter: go on", "bold reverse")
        while (line := self.line()) == NOTHING or line:
            if line == NOTHING and self.is_late():
                break

    def wish(self) -> str:
        """What was typed while nothing was asked: "p" pause, "r" repeat, "a" abort, or nothing. Told once."""
        wish, self._wish = self._wish, ""
        return wish

    # -- inside a question ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def question(self, text: str, case: str = "", lines: Sequence[str] = ()) -> Iterator[None]:
        """What is typed inside counts. `before` and `after` are called around it, for a live view to make room."""
        self.listen()
        self.before()
        try:
            self._forget_what_was_typed()
            self._asking = True
            now = time.monotonic()
            self._deaf_until, self._waits_until, self._told = now + DEAD_TIME, now + self.timeout, False
            self.title(text, case)
            for line in lines:
                self.say(line)
            yield
        finally:
            self._asking = False
            self.after()

    def title(self, text: str, case: str = "") -> None:
        """The question itself, with a bell."""
        self.console.bell()
        self.console.print()
        name = f"{one_line(case)}  " if case else ""
        self.console.print(Text.assemble(("► ", "bold cyan"), (name, "cyan"), (one_line(text), "bold")))

    def say(self, text: str, style: str = "") -> None:
        """A paragraph below the question, broken between words. Nothing in it can control the terminal."""
        self.console.print(Padding(Text(one_line(text), style), (0, 0, 0, 2), expand=False))

    def line(self) -> str | None:
        """What was typed, in small letters; NOTHING for a moment without; None when nobody can answer any more."""
        try:
            moment, line = self._lines.get(timeout=_TICK)
        except queue.Empty:
            return NOTHING
        if line is None:
            self._lines.put((moment, None))
            return None
        if moment < self._deaf_until:
            self.say("(too soon to be meant for this: not counted)", "dim")
            return NOTHING
        self._waits_until = max(self._waits_until, moment + self.timeout)
        return line.strip().casefold()

    def is_late(self, limited: bool = False) -> bool:
        """Whether nobody is waited for any longer. Unless it is `limited`, a person is only told that the run waits."""
        if time.monotonic() < self._waits_until:
            return False
        if limited:
            return True
        if self.attended and not self._told:
            self._told = True
            self.console.bell()
            self.say(f"paused since {time.strftime('%H:%M')}: the run waits for you", "bold yellow")
            self.say("ctrl-C ends it for today; `octt run --resume` goes on with it", "dim")
        return not self.attended

    # -- hearing --------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Begins to read what is typed; harmless when called twice."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="operator", daemon=True)
            self._reader.start()

    def _read(self) -> None:
        ended = 0
        with contextlib.suppress(ValueError, OSError):
            while ended < 100:
                if line := self._source.readline():
                    self._take(line)
                elif self._is_terminal():  # ctrl-D is no end of a terminal
                    ended += 1
                    time.sleep(_TICK)
                else:
                    break
        self._lines.put((time.monotonic(), None))

    def _take(self, line: str) -> None:
        if self._asking:
            self._lines.put((time.monotonic(), line))
        elif (wish := line.strip().casefold()) in _WISHES:
            self._wish = wish
            self.say(f"{wish}: {_WISHES[wish]}", "cyan")

    def _forget_what_was_typed(self) -> None:
        while not self._lines.empty():
            moment, line = self._lines.get()
            if line is None:
                self._lines.put((moment, None))
                return
        if self._is_terminal():
            with contextlib.suppress(ImportError, OSError):
                import termios

                with contextlib.suppress(termios.error):
                    termios.tcflush(self._source, termios.TCIFLUSH)  # half a line, and what is not read yet

    def _is_terminal(self) -> bool:
        try:
            return self._source.isatty()
        except ValueError:  # closed
            return False
