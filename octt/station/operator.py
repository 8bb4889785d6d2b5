"""The person at the terminal: is asked one thing at a time, and heard only for what was asked.

What was typed before a question appeared answers nothing, nor does what comes in the moment after: it is a habitual
Enter, or was meant for the question before, which the station itself has answered meanwhile. A person who is there is
waited for without limit; only where nobody can be, time runs out.

The same question may be shown elsewhere (octt/console), and answered there: the first answer counts, whoever gives it.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from octt.station.question import TONES, Question
from octt.text import one_line

DEAD_TIME = 1.0
"""Seconds in which nobody reads a question and does what it asks for: what is typed then was meant for another one."""
NOTHING = "\0"
"""Nothing was typed."""
_TICK = 0.1
MOST_LINES = 12
"""Paragraphs below a question that are shown elsewhere, the last ones."""
_WISHES = {
    "p": "the run pauses before the next case",
    "r": "after this case you are asked which one to repeat",
    "a": "the run ends after this case",
    "s": "what the case waits for now is given up; the case ends without a verdict about the station",
}
"""What can be typed while nothing is asked."""
_HERE = "s"
"""The one of them that is not for after the case."""


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
        self.acts = True
        """Whether somebody is there to do what the driver cannot; otherwise there are wishes only."""

        self.elsewhere = False
        """Whether answers may come from elsewhere too: the end of what is typed is then not the end."""

        self.pending: Question | None = None
        """What is asked now, for who shows it elsewhere; set anew whenever something of it changes."""

        self._lock = threading.Lock()
        self._number = 0
        self._wish = ""
        self._skip = False
        self._deaf_until = self._new_until = 0.0
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
            self.offer({**choices, **({} if enter is None else {"": enter or "none"})})
            self.say("   ".join(f"{key} {meaning}" for key, meaning in choices.items() if meaning), "keys")
            while (line := self.line()) is not None:
                if line == NOTHING:
                    if self.is_late(limited):
                        break
                elif line == "" and enter is not None:
                    return enter
                elif line in known:
                    return known[line]
                else:
                    self.say(f"please type one of: {', '.join(choices)}", "wrong")
        return otherwise

    def pause(self, why: str) -> None:
        """Waits until the person is back."""
        with self.question(f"{why} since {time.strftime('%H:%M')}"):
            self.rest()

    def rest(self) -> None:
        """Waits for Enter, inside a question."""
        self.offer({"": "go on"})
        self.say("⏎ Enter: go on", "press")
        while (line := self.line()) == NOTHING or line:
            if line == NOTHING and self.is_late():
                break

    def wish(self) -> str:
        """What was wished for while nothing was asked: "p" pause, "r" repeat, "a" abort, or nothing. Told once.

        Behind "r" and a space may stand which case.
        """
        wish, self._wish = self._wish, ""
        return wish

    def skips(self) -> bool:
        """Whether somebody wished to give up what the case waits for. Told once."""
        skip, self._skip = self._skip, False
        return skip

    @property
    def wished(self) -> str:
        """The wish that is not fulfilled yet."""
        return self._wish

    def want(self, wish: str, case: str = "") -> None:
        """Takes a wish, from any thread: the letter of one, "" takes back the last one. `case`: which to repeat."""
        if wish == _HERE:
            self._skip = True
        else:
            self._wish = f"{wish} {case}" if case else wish
        told = (
            f"{case} is repeated after this case"
            if case
            else _WISHES.get(wish, "the last wish is taken back")
        )
        self.say(f"{wish}: {told}", "itself")

    # -- inside a question ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def question(
        self, text: str, case: str = "", lines: Sequence[str] = (), facts: Mapping[str, Any] | None = None
    ) -> Iterator[None]:
        """What is typed inside counts. `before` and `after` are called around it, for a live view to make room."""
        self.listen()
        self.before()
        try:
            self._forget_what_was_typed()
            now = time.monotonic()
            self._deaf_until, self._waits_until, self._told = now + DEAD_TIME, now + self.timeout, False
            self.pending = Question(self._number, self._number, one_line(text), one_line(case), facts or {})
            self.title(text, case)
            for line in lines:
                self.say(line)
            yield
        finally:
            with self._lock:
                self.pending = None
            self.after()

    def title(self, text: str, case: str = "") -> None:
        """The question itself, with a bell; what was said below it is over."""
        self._changed(lines=())
        self.console.bell()
        self.console.print()
        name = f"{one_line(case)}  " if case else ""
        self.console.print(Text.assemble(("► ", "bold cyan"), (name, "cyan"), (one_line(text), "bold")))

    def say(self, text: str, tone: str = "") -> None:
        """A paragraph below the question, broken between words. Nothing in it can control the terminal."""
        with self._lock:
            if self.pending is not None:
                said = (tone, one_line(text))
                self.pending = replace(self.pending, lines=(*self.pending.lines, said)[-MOST_LINES:])
        self.console.print(Padding(Text(one_line(text), TONES[tone]), (0, 0, 0, 2), expand=False))

    def offer(self, keys: Mapping[str, str]) -> None:
        """What may be answered from now on, and what it means: for who answers elsewhere."""
        self._new_until = time.monotonic() + DEAD_TIME
        self._changed(keys=keys)

    def _changed(self, **what: Any) -> None:
        with self._lock:
            if self.pending is not None:
                self._number += 1
                self.pending = replace(self.pending, number=self._number, **what)

    def hear(self, number: int, key: str) -> str:
        """An answer from elsewhere, in any thread: why it does not count, a sentence; "" when it does.

        It counts once, and only for the question that was shown when it was given.
        """
        with self._lock:
            asked, now = self.pending, time.monotonic()
            if asked is None or asked.number != number:
                return "this is not asked any more, or somebody else has answered it"
            if key not in asked.keys:
                return "that is no answer to this question"
            if now < max(self._deaf_until, self._new_until):
                return "too soon to be meant for this: not counted"
            self._number += 1
            self.pending = replace(asked, number=self._number)
            self._lines.put((now, key))
        return ""

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
            self.say("(too soon to be meant for this: not counted)", "why")
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
            self.say(f"paused since {time.strftime('%H:%M')}: the run waits for you", "hurry")
            self.say("ctrl-C ends it for today; `octt run --resume` goes on with it", "why")
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
        if not self.elsewhere:
            self._lines.put((time.monotonic(), None))

    def _take(self, line: str) -> None:
        if self.pending is not None:
            self._lines.put((time.monotonic(), line))
        elif (wish := line.strip().casefold()) in _WISHES:
            self.want(wish)

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
