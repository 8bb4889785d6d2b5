"""A scripted person: reads the terminal, walks, acts, acknowledges; with the habits and the slips of people."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass

from octt.station import actions

WRONG_CARD = "LIBRARYCARD"
READING = 1.1
"""Seconds to read a question."""
_KEYS = r"\n(?:.*\n)*?.*"
_SCREEN = re.compile(
    rf"(?P<doubt>✗ (?P<says>.+){_KEYS}y it was done.*a abort the run)"
    rf"|(?P<fails>► (?P<failed>TC_\w+)  (?:FAIL|INCONCLUSIVE): .*{_KEYS}y all was done.*)"
    rf"|(?P<over>► All cases have been run.*{_KEYS}.*Enter for none)"
    r"|(?P<rest>⏎ Enter: go on)"
    rf"|(?P<request>► (?:(?P<case>TC_\w+)  )?(?P<text>.+){_KEYS}.*c cannot .*a abort the run)"
    r"|(?P<soon>\(too soon)"
)
"""What can appear."""


def _pattern(template):
    text = re.escape(template)
    text = text.replace(re.escape("{connector}"), r"(?P<connector>\d+)")
    text = text.replace(re.escape("on connector 0"), "of the whole station")
    return re.compile(text.replace(re.escape("{id_tag}"), r"(?P<id_tag>\S+)"))


_SENTENCES = [
    *((name, _pattern(text)) for name, text in [*actions.ACTIONS.items(), *actions._FIXED.items()]),
    ("unplug", _pattern(actions._HALF_OUT)),
    ("present_id_tag", _pattern(actions._SELECT_FIRST)),
    ("present_id_tag", _pattern(actions._ANY_READER)),
]


def understood(sentence):
    """The action and its parameters that a sentence on the terminal asks for."""
    if "of the whole station" in sentence:
        name = "clear_fault" if "Remove" in sentence else "fault"
        return name, {"connector": 0}
    for name, pattern in _SENTENCES:
        if found := pattern.fullmatch(sentence):
            params = found.groupdict()
            if "connector" in params:
                params["connector"] = int(params["connector"])
            elif "id_tag" in params:
                params["connector"] = 1
            return name, params
    raise AssertionError(f"nobody understands {sentence!r}")


@dataclass(frozen=True)
class Habits:
    """How a person behaves. Everything is right, unless it says otherwise."""

    name: str
    walk: tuple[float, float] = (0.05, 0.2)
    """Seconds on the way to the station."""
    enter: str = "where asked"
    """When Enter is pressed: "where asked", "after" every act, "before" it, "twice" after it."""
    types_ahead: bool = False
    """Enter and letters while nothing is asked."""
    wrong_card: bool = False
    """Another card first."""
    wrong_connector: bool = False
    """Another connector first."""
    too_late: bool = False
    """The cable only after ConnectionTimeOut."""
    pulls: bool = False
    """The cable comes out of the EV where a card is asked for."""
    leaves: float = 0.0
    """Seconds away at the first request of the run."""
    first: str = ""
    """What is typed at the first request of each case: c, r, p; "Enter" without having done anything."""
    ends: str = ""
    """What ends the run at its third request: "a", "ctrl-C", "ctrl-C twice"."""


class Person:
    """Sits at the terminal of a stage until the run ends."""

    def __init__(self, stage, habits, seed=0):
        self.stage, self.habits, self.random = stage, habits, random.Random(seed)
        self.requests = []
        """Cases and sentences, in order."""
        self.doubts = []
        """Cases, and what the tool held against what was done."""
        self.questions = []
        """Cases whose failure was to be confirmed."""
        self.case = ""
        self.at_the_end = ""
        """A case to be repeated when all have been run."""
        self._sinned, self._careful = set(), set()
        self._read, self._appeared = 0, 0.0
        self._open = None

    def run(self, seconds):
        """Until the process ends, whose exit code it is; AssertionError when that takes longer."""
        terminal, deadline = self.stage.terminal, time.monotonic() + seconds
        while terminal.read(0.02) is not None:
            assert time.monotonic() < deadline, "the run does not end:\n" + terminal.screen[-3000:]
            if self.habits.types_ahead and self.random.random() < 0.01:
                terminal.type(self.random.choice(["\n", "\n\n", "x\n", "half a l"]))
            self._look()
        return terminal.process.wait(30)

    def _look(self):
        found = _SCREEN.search(self.stage.terminal.screen, self._read)
        if not found:
            return
        self._read, name = found.end(), found.lastgroup
        if name == "soon":
            self._too_soon()
            return
        self._appeared = time.monotonic() if name != "doubt" else self._appeared
        if name == "rest":
            self._type("\n")
        elif name == "doubt":
            self._doubted(found["says"])
        elif name == "fails":
            self._would_fail(found["failed"])
        elif name == "over":
            self._type(f"{self.at_the_end}\n")
            self.at_the_end = ""
        else:
            self._asked(found["case"] or "", found["text"].strip(), found["request"])

    def _type(self, keys):
        """Types when the question has been read."""
        time.sleep(max(0.0, self._appeared + READING - time.monotonic()))
        self.stage.terminal.type(keys)

    # -- what is asked --------------------------------------------------------------------------------------------

    def _asked(self, case, sentence, whole):
        first = bool(case) and case not in {known for known, _ in self.requests}
        self.requests.append((case, sentence))
        self.case, habits = case, self.habits
        waits_for_enter = "press Enter" in whole
        self._open = understood(sentence)
        time.sleep(self.random.uniform(*habits.walk) + (habits.leaves if len(self.requests) == 1 else 0.0))
        if habits.ends and len(self.requests) == 3:
            self._end()
        elif first and habits.first == "Enter" and not waits_for_enter:
            self._type("\n")
        elif first and habits.first in ("c", "r", "p"):
            self._type(f"{habits.first}\n")
        else:
            if habits.enter == "before" and not waits_for_enter:
                self._type("\n")
            if case and case not in self._careful:
                self._slip(*self._open)
            self._act(*self._open, whole)
            if habits.enter == "twice":
                self.stage.terminal.type("\n\n")
            elif waits_for_enter or habits.enter == "after":
                self._type("\n")

    def _end(self):
        if self.habits.ends == "a":
            self._type("a\n")
            return
        self.stage.terminal.type("\x03")
        if self.habits.ends == "ctrl-C twice":
            time.sleep(1.0)
            self.stage.terminal.type("\x03")

    def _too_soon(self):
        """An Enter did not count; whoever waits for it to count presses it again."""
        if self.habits.enter == "twice" and self._open and "press Enter" in self.stage.terminal.screen[-900:]:
            self._type("\n")

    def _act(self, name, params, whole=""):
        hands = self.stage.hands
        if name == "power_on" and "dark" in whole:
            hands.look_until(lambda state: not state["running"])
        hands.do(name, **params)
        if "until it charges" in whole:
            hands.look_until(lambda state: state["connectors"]["1"]["power_w"] > 0)
        elif "until it has stopped" in whole:
            hands.look_until(lambda state: not state["connectors"]["1"]["transaction"])

    def _slip(self, name, params):
        """What is done before the right thing, or instead of it."""
        habits, hands = self.habits, self.stage.hands
        if habits.wrong_card and name == "present_id_tag":
            self._sinned.add(self.case)
            hands.do(name, connector=params["connector"], id_tag=WRONG_CARD)
            time.sleep(0.3)
        if habits.wrong_connector and name == "plug_in" and params["connector"] == 1:
            self._sinned.add(self.case)
            hands.do(name, connector=2)
            time.sleep(0.3)
            hands.do("unplug", connector=2)
        if habits.too_late and name in ("plug_in", "plug_in_halfway"):
            self._sinned.add(self.case)
            time.sleep(2.5)
        if habits.pulls and name == "present_id_tag":
            self._sinned.add(self.case)
            hands.do("unplug_ev", connector=params["connector"])
            time.sleep(0.3)

    # -- what the tool holds against it ---------------------------------------------------------------------------

    def _doubted(self, says):
        self.doubts.append((self.case, says))
        if self.habits.first == "Enter":
            self._act(*self._open)
        elif "too late" in self.stage.terminal.screen[-500:] or "ConnectionTimeOut" in says:
            self._repeat(self.case)

    def _would_fail(self, case):
        self.questions.append(case)
        if case in self._sinned and case not in self._careful:
            self._repeat(case)
        else:
            self._type("y\n")

    def _repeat(self, case):
        self._careful.add(case)
        self._type("r\n")
