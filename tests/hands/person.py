"""A scripted person: reads the terminal, walks, acts, acknowledges; with the habits and the slips of people."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field

from octt.station import actions

WRONG_CARD = "LIBRARYCARD"
_LAST_LINE = "a abort the run"
_QUESTION = re.compile(r"► (?:(?P<case>TC_\w+)  )?(?P<text>.+)")


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


@dataclass
class Habits:
    """How a person behaves. Everything is right, unless it says otherwise."""

    name: str
    walk: tuple[float, float] = (0.05, 0.2)
    """Seconds on the way to the station."""
    enter: str = "where asked"
    """When Enter is pressed: "where asked", "always" after acting, "before" acting, "twice" after it."""
    types_ahead: bool = False
    """Enter and letters while nothing is asked."""
    wrong_card: bool = False
    """Another card first."""
    wrong_connector: bool = False
    """Another connector first."""
    too_late: bool = False
    """The cable only after ConnectionTimeOut."""
    leaves: float = 0.0
    """Seconds away at the first request of the run."""
    opposite: bool = False
    """Pulls the cable out where a card is asked for in a transaction."""
    answers: str = ""
    """What is typed at the first request of each case instead of acting: c, r, p."""
    aborts: str = ""
    """What ends the run at its third request: a, ctrl-C."""
    idle: bool = False
    """Says that it was done and has done nothing, at the first request of each case."""


@dataclass
class Person:
    """Sits at the terminal of a stage until the run ends."""

    stage: object
    habits: Habits
    seed: int = 0
    asked: list = field(default_factory=list)
    """Cases and sentences, in order."""
    doubts: list = field(default_factory=list)
    """What the tool held against what was done."""

    def __post_init__(self):
        self.random = random.Random(self.seed)
        self.sinned = set()
        self.careful = set()
        self.read_up_to = 0
        self.case = ""

    def run(self, seconds):
        """Until the process ends; raises AssertionError when it does not within so many seconds."""
        terminal, deadline = self.stage.terminal, time.monotonic() + seconds
        while terminal.read(0.05) is not None:
            assert time.monotonic() < deadline, "the run does not end:\n" + terminal.screen[-3000:]
            if self.habits.types_ahead and self.random.random() < 0.02:
                terminal.type(self.random.choice(["\n", "\n\n", "c\n", "half a l"]))
            self._look()
        return terminal.process.wait(30)

    def _look(self):
        screen = self.stage.terminal.screen
        new = screen[self.read_up_to :]
        found = re.search(
            r"(?P<doubt>✗ (?P<says>.+)\n(?:.*\n)*?.*y it was done.*a abort the run)"
            r"|(?P<fails>► (?P<failed>TC_\w+)  (?:FAIL|INCONCLUSIVE): .*\n(?:.*\n)*?.*r repeat the case)"
            r"|(?P<over>► All cases have been run.*\n(?:.*\n)*?.*Enter for none)"
            r"|(?P<rests>⏎ Enter: go on)"
            r"|(?P<request>► (?:(?P<case>TC_\w+)  )?(?P<text>.+)\n(?:  .*\n)*?.*c cannot .*a abort the run)"
            r"|(?P<soon>\(too soon[^\n]*)",
            new,
        )
        if not found:
            return
        self.read_up_to += found.end()
        if found["doubt"]:
            self._doubted(found["says"])
        elif found["fails"]:
            self._would_fail(found["failed"])
        elif found["over"] or found["rests"]:
            self._type("\n")
        elif found["request"]:
            self._asked(found["case"] or "", found["text"].strip(), found["request"])
        elif found["soon"]:
            time.sleep(1.0)
            self._type("\n")

    def _type(self, keys):
        self.stage.terminal.type(keys)

    # -- what is asked ----------------------------------------------------------------------------------------

    def _asked(self, case, sentence, whole):
        first = (case, "first") not in self.asked
        self.asked += [(case, sentence), (case, "first")]
        self.case = case
        count = sum(1 for _, text in self.asked if text != "first")
        habits, again = self.habits, case in self.careful
        time.sleep(self.random.uniform(*habits.walk))
        if habits.aborts and count >= 3:
            self._type({"a": "a\n", "ctrl-C": "\x03"}[habits.aborts])
            return
        if habits.answers and first and case:
            self._type(f"{habits.answers}\n")
            if habits.answers != "p":
                return
            return
        if habits.leaves and count == 1:
            time.sleep(habits.leaves)
        name, params = understood(sentence)
        if habits.enter == "before" and "press Enter" not in whole:
            self._type("\n")
            time.sleep(self.random.uniform(0, 0.5))
        if habits.idle and first and case and "press Enter" not in whole:
            self._type("\n")
            return
        if not again and case:
            self._slip(name, params)
        self._act(name, params, whole)
        if "press Enter" in whole or habits.enter in ("always", "twice"):
            self._type("\n\n" if habits.enter == "twice" else "\n")

    def _act(self, name, params, whole):
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
            self.sinned.add(self.case)
            hands.do(name, connector=params["connector"], id_tag=WRONG_CARD)
            time.sleep(0.3)
        if habits.wrong_connector and name == "plug_in" and params["connector"] == 1:
            self.sinned.add(self.case)
            hands.do(name, connector=2)
            time.sleep(0.3)
            hands.do("unplug", connector=2)
        if habits.too_late and name in ("plug_in", "plug_in_halfway"):
            self.sinned.add(self.case)
            time.sleep(2.5)
        if habits.opposite and name == "present_id_tag":
            self.sinned.add(self.case)
            hands.do("unplug_ev", connector=params["connector"])
            time.sleep(0.3)

    # -- what the tool holds against it -----------------------------------------------------------------------

    def _doubted(self, says):
        self.doubts.append((self.case, says))
        if self.habits.idle and self.asked and "nothing shows it" in says:
            name, params = understood(self.asked[-2][1])
            self._act(name, params, "")
            return
        if "too late" in self.stage.terminal.screen[-600:]:
            time.sleep(1.0)
            self._repeat(self.case)

    def _would_fail(self, case):
        time.sleep(1.2)
        if case in self.sinned and case not in self.careful:
            self._repeat(case)
        else:
            self._type("y\n")

    def _repeat(self, case):
        self.careful.add(case)
        self._type("r\n")
