"""A desk: a screen that can be read, and a keyboard with somebody who types when something appears."""

from __future__ import annotations

import io
import os
import threading
import time

from rich.console import Console

from octt.station.operator import Operator


class Desk:
    """An operator with a terminal. `at(text, keys)`: as soon as the screen shows the text, the keys are typed."""

    def __init__(self, timeout=20.0, *, attended=False, width=200):
        reading, writing = os.pipe()
        self.keyboard, self.file = os.fdopen(writing, "w"), io.StringIO()
        self.source = os.fdopen(reading)
        console = Console(file=self.file, width=width, highlight=False)
        self.operator = Operator(timeout, console, self.source, attended)
        self._threads = []

    @property
    def screen(self):
        """What is on the screen."""
        return self.file.getvalue()

    def type(self, keys):
        """Types now."""
        self.keyboard.write(keys)
        self.keyboard.flush()

    def shows(self, text, seconds=10):
        """Waits until the screen shows a text."""
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            time.sleep(0.005)

    def at(self, *script):
        """Types as (text that is waited for, keys or a function) say, in the background."""

        def play():
            for text, keys in script:
                self.shows(text)
                self.type(keys) if isinstance(keys, str) else keys()

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        self._threads.append(thread)

    def close(self):
        """Nobody is there any more."""
        for thread in self._threads:
            thread.join(20)
        if not self.keyboard.closed:
            self.keyboard.close()


class Answering(Operator):
    """Answers every question at once, with the next of its answers; the last one goes on."""

    def __init__(self, *answers):
        super().__init__(5, Console(file=io.StringIO()), io.StringIO(""), attended=False)
        self.answers, self.asked = list(answers), []

    def listen(self):
        """There is nothing to read."""

    def title(self, text, case=""):
        self.asked.append(text)
        super().title(text, case)

    def line(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
