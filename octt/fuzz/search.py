"""Looks for findings: hypothesis draws stories, the engine carries them out, and what fails is made smaller.

A story that was carried out is not carried out again while it is being shrunk: what came of it is remembered, so that a
station that does not do the same twice confuses nobody. Between two tries of a failing story the station is renewed.
"""

from __future__ import annotations

import contextlib
import io
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, core, given, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import Flaky, HypothesisWarning
from hypothesis.stateful import run_state_machine_as_test

from octt.fuzz.machine import STEPS, machine_for
from octt.fuzz.story import Blow, Finding, Story, Trouble
from octt.fuzz.striking.engine import Engine
from octt.fuzz.striking.line import Gone

WHOLE = 500
"""Stories after which a whole transaction is tried, and every setting is looked at."""
TRIES = 30
"""Stories that a failing one is made smaller with, at most."""


class Found(Exception):
    """A story failed in a way that is not known yet."""


class _Enough(Exception):
    """There is no time left, or the station is gone."""


@dataclass(frozen=True)
class Part:
    """One kind of stories, and its share of all examples."""

    name: str
    stories: st.SearchStrategy[Story] | None
    """None: stories of the state machine."""

    share: float


@dataclass
class Search:
    """What came of it so far."""

    engine: Engine
    database: Path
    seed: int
    tell: Callable[[str], None]
    actions: frozenset[str] = frozenset()
    """Lawful requests of the state machine."""

    hostile: st.SearchStrategy[Blow] = field(default_factory=st.nothing)
    """What it does between them."""

    charges: bool = True
    """Whether somebody can plug a cable in."""

    deadline: float = 0.0
    """Of the monotonic clock; 0: none."""

    at_most: int = 0
    """Findings after which there is no looking for more; 0: all are wanted."""

    findings: list[Finding] = field(default_factory=list)
    advice: dict[str, Finding] = field(default_factory=dict)
    """What is only advised, by its fault: it is counted, and stops nothing."""

    avoided: set[str] = field(default_factory=set)
    """What was found not to be survived is not done again: everything else is to be found too."""

    examples: int = 0
    seconds: float = 0.0
    """Of drawing and striking, without those of shrinking."""

    gone: str = ""
    by_part: dict[str, int] = field(default_factory=dict)

    def look(self, parts: list[Part], examples: int) -> None:
        """Carries out so many stories, distributed over the parts, until the time is up or the station gone."""
        for part in parts:
            left, rounds = max(round(examples * part.share), 1), 0
            while left > 0 and not self.over:
                done = self._round(part, left, self.seed + rounds)
                left, rounds = left - max(done, 1), rounds + 1
            if not self.over:
                self._guarded(self.engine.tidy)

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done."""
        enough = bool(self.at_most) and len(self.findings) >= self.at_most
        return bool(self.gone) or enough or bool(self.deadline and time.monotonic() > self.deadline)

    # -- one run of hypothesis ----------------------------------------------------------------------------------------

    def _round(self, part: Part, examples: int, number: int) -> int:
        """Draws until something new is found or all is done; how many stories were carried out."""
        attempt = _Attempt(self)
        began = time.monotonic()

        how = settings(
            max_examples=examples,
            database=_Kept(self),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            print_blob=False,
            stateful_step_count=STEPS,
        )
        # The decorator `seed` would keep hypothesis from its database; this is where it takes its numbers from.
        core.threadlocal._hypothesis_global_random = random.Random(number)
        try:
            # hypothesis tells how to reproduce it: so do we
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore", HypothesisWarning)
                if part.stories is None:
                    self._machine(attempt, how)
                else:
                    self._stories(attempt, part, how)
        except (_Enough, Found, Flaky):
            pass  # what is not the same twice is told as it was the first time
        finally:
            self.engine.hasty = False
        self.examples += attempt.done
        self.by_part[part.name] = self.by_part.get(part.name, 0) + attempt.done
        self.seconds += (attempt.failed_at or time.monotonic()) - began
        if attempt.smallest is not None:
            self._keep(attempt)
        return attempt.done

    def _stories(self, attempt: _Attempt, part: Part, how: settings) -> None:
        assert part.stories is not None

        @how
        @given(part.stories)
        def story_of(story: Story) -> None:
            attempt.carry_out(story)

        # What hypothesis keeps is found again by this name, in whatever run.
        story_of._hypothesis_internal_database_key = part.name.encode()  # type: ignore[attr-defined]
        story_of()

    def _machine(self, attempt: _Attempt, how: settings) -> None:
        machine = machine_for(self.engine, self.actions, self.hostile, attempt.stepped)
        machine.__init__ = attempt.guarding(machine.__init__)  # type: ignore[method-assign,assignment]
        machine.TestCase.settings = how
        run_state_machine_as_test(machine, settings=how)

    def _keep(self, attempt: _Attempt) -> None:
        story, trouble = self._confirmed(attempt)
        lines = attempt.lines.get(story.key, (0, 0))
        found = Finding(trouble, story, examples=self.examples, tries=attempt.tries)
        found.first, found.last = lines
        self.findings.append(found)
        if len(story.blows) == 1:
            self.avoided.add(story.blows[0].sort)
        self.tell(f"{trouble.severity}: {trouble.fault} [{trouble.cite or 'no section'}]")

    def _confirmed(self, attempt: _Attempt) -> tuple[Story, Trouble]:
        """The smallest story if it fails with the limits as they are, else the one that was found."""
        assert attempt.first is not None
        assert attempt.smallest is not None
        story = attempt.smallest[0]
        if story.key == attempt.first[0].key or self.gone:
            return attempt.first
        with contextlib.suppress(_Enough):
            trouble = attempt.struck(story)
            if trouble is not None:
                return story, trouble
        return attempt.first

    def known(self, trouble: Trouble) -> bool:
        """Whether a fault was found before; it is counted."""
        for finding in self.findings:
            if finding.trouble.fault == trouble.fault:
                finding.count += 1
                return True
        return False

    def advise(self, trouble: Trouble, story: Story) -> None:
        """Something that is only advised."""
        kept = self.advice.setdefault(trouble.fault, Finding(trouble, story, examples=self.examples, count=0))
        kept.count += 1

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Gone as error:
            self.gone = str(error)


class _Kept(DirectoryBasedExampleDatabase):
    """The stories that failed, in this session or one before. One that is avoided by now has not stopped failing."""

    def __init__(self, search: Search) -> None:
        super().__init__(search.database)
        self.search = search

    def delete(self, key: bytes, value: bytes) -> None:
        """Forgets a story that the station survived."""
        if not self.search.avoided:
            super().delete(key, value)

    def move(self, src: bytes, dest: bytes, value: bytes) -> None:
        """Puts a story back behind smaller ones."""
        if not self.search.avoided:
            super().move(src, dest, value)


@dataclass
class _Attempt:
    """One run of hypothesis: until its first finding, and while that is made smaller."""

    search: Search
    done: int = 0
    tries: int = 0
    failed_at: float = 0.0
    first: tuple[Story, Trouble] | None = None
    smallest: tuple[Story, Trouble] | None = None
    seen: dict[str, Trouble | None] = field(default_factory=dict)
    """What came of the stories that were carried out since the first failed one."""

    lines: dict[str, tuple[int, int]] = field(default_factory=dict)
    began: int = 0
    """The line of the record where the story of the state machine began."""

    def stepped(self, troubles: list[Trouble], story: Story) -> None:
        """What a step of the state machine showed. Raises Found, _Enough."""
        trouble = self._new(troubles, story)
        if trouble is not None:
            self.tries += self.smallest is not None
            self.lines[story.key] = self.began, self.search.engine.watch.line
            self._failed(story, trouble)
            self.smallest = story, trouble
            raise Found(trouble.fault)

    def guarding(self, begin: Callable[[Any], None]) -> Callable[[Any], None]:
        """Begins a story of the state machine, unless all is over. Raises _Enough."""

        def begun(machine: Any) -> None:
            if self.search.over and self.smallest is None:
                raise _Enough
            self.done += self.smallest is None
            self.began = self.search.engine.watch.line + 1
            begin(machine)

        return begun

    def _failed(self, story: Story, trouble: Trouble) -> None:
        if self.first is None:
            self.first = story, trouble
            self.failed_at = time.monotonic()
            self.search.tell(f"found: {trouble.fault}; making it smaller")
            self.search.engine.hasty = True

    def carry_out(self, story: Story) -> None:
        """Carries a story out, or says again what came of it. Raises Found, _Enough."""
        if self.smallest is None:
            if self.search.over:
                raise _Enough
            if any(blow.sort in self.search.avoided for blow in story.blows):
                self.done += 1
                return
            trouble = self._first(story)
        elif story.key in self.seen:
            trouble = self.seen[story.key]
        elif self.tries >= TRIES:
            trouble = None  # as if it had not failed: what is smallest by now stays it
        else:
            trouble = self._again(story)
        if trouble is not None:
            self.smallest = story, trouble
            raise Found(trouble.fault)

    def _first(self, story: Story) -> Trouble | None:
        self.done += 1
        trouble = self.struck(story)
        if trouble is None and self.done % WHOLE == 0:
            trouble = self._looked_closely()
        if trouble is not None:
            self.seen[story.key] = trouble
            self._failed(story, trouble)
        return trouble

    def _again(self, story: Story) -> Trouble | None:
        self.tries += 1
        self.seen[story.key] = trouble = self.struck(story)
        return trouble

    def struck(self, story: Story) -> Trouble | None:
        """Carries a story out; what is new about it. Raises _Enough."""
        engine, first = self.search.engine, self.search.engine.watch.line
        try:
            troubles = engine.strike(story)
        except Gone as error:
            self.search.gone = str(error)
            raise _Enough from None
        self.lines[story.key] = first + 1, engine.watch.line
        return self._new(troubles, story)

    def _looked_closely(self) -> Trouble | None:
        engine = self.search.engine
        try:
            troubles = engine.whole_transaction() if self.search.charges else []
            return self._new([*troubles, *engine.all_settings()], Story(()))
        except Gone as error:
            self.search.gone = str(error)
            raise _Enough from None

    def _new(self, troubles: list[Trouble], story: Story) -> Trouble | None:
        found = None
        for trouble in troubles:
            if not trouble.severity.decides:
                self.search.advise(trouble, story)
            elif found is None and not self.search.known(trouble):
                found = trouble
        return found
