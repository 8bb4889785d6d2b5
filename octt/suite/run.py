"""One run: the plan carried out in the laboratory, from the first connection to the last case."""

from __future__ import annotations

import contextlib
import enum
import gc
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from octt.ocpp import values
from octt.pics.examine import examine
from octt.record import RecordLost, read
from octt.record.events import AnswerExamined, CaseEnded, CaseStarted, ConfigurationRead, RunEnded
from octt.record.words import Blame, Phase
from octt.script.actions import Actions
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.declared import Declared
from octt.script.limits import REPLY, TRIGGERED, Limits, declared_times
from octt.script.restore.ending import make_ready, restore, settle
from octt.script.restore.means import Ground
from octt.script.security.words import Security
from octt.script.station import Station
from octt.script.undo import Journal
from octt.script.verdicts import AbortRun, Inconclusive, SkipCase, Verdict
from octt.suite import attempt
from octt.suite.allowed import Allowed
from octt.suite.attempt import Scene
from octt.suite.before import await_connection, establish_once, restore_password
from octt.suite.breaches import Breaches
from octt.suite.catalogue import Planned, load_catalogue, plan
from octt.suite.laboratory import Laboratory
from octt.suite.leftover import Left, left_before
from octt.suite.options import Options
from octt.suite.sitting.beginning import first_line, met_again
from octt.timeline.entry import Entry

CONNECTORS = 1000
"""More than any station has."""


class Stage(enum.Enum):
    """How far a run has come."""

    NEW = "nothing is open yet"
    OPEN = "the endpoints are open"
    READY = "the station is known; cases run"
    UNREACHABLE = "the station did not connect"
    ABORTED = "the operator ended the run"
    ENDED = "the record is closed"


class Run:
    """A run from start to finish. Used by the pytest plugin; `octt run` is a friendly front for it."""

    def __init__(self, options: Options, laboratory: Laboratory | None = None) -> None:
        """Opens nothing yet. Raises ConfigError for an output folder that cannot be written to."""
        self.options, self.bench = options, options.bench
        self.laboratory = laboratory or Laboratory(options)
        self.record, self.csms = self.laboratory.record, self.laboratory.csms
        self.breaches = Breaches(self.record)
        self.csms.watch = self.breaches.see
        self.csms.timeline.interrupted = self._given_up
        self.record.listen(self.breaches.listen)
        if options.former is not None:
            self.breaches.go_on(options.former)
        self.stage = Stage.NEW
        self.problem = ""
        """Why the station is unreachable."""

        self.testing = False
        """Whether the station was brought to where cases begin."""

        self.current: Scene | None = None
        self.tell: Callable[[str], None] = lambda _text: None
        """Says something to who watches the run."""

        self.keys: list[dict[str, Any]] | None = None
        """The station's configuration before the first case: entries of GetConfiguration.conf."""

        self.limits = Limits(self.bench.times, declared_times(options.declaration))
        self.person = self.laboratory.person(self.limits)
        self.ground, self.journal = Ground(), Journal(self.record)
        self.plan = self._plan(options.cases)
        self.between = self.scene(CaseRun("", self.record, self.csms.timeline, journal=self.journal))
        """The words for what is done between cases."""

        self.allowed = Allowed(options)

    def _plan(self, cases: tuple[str, ...]) -> dict[tuple[str, int], Planned]:
        """These cases, () for all, by id and connector."""
        tested, each = self.bench.connector, self.options.connectors
        declared, catalogue = self.options.declaration, load_catalogue()
        chosen = plan(catalogue, declared, self.keys, cases, connector=tested, connectors=each)
        return {planned.key: planned for planned in chosen}

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens the endpoints, waits for the station and brings it to where every case begins.

        Raises ConfigError; a silent station is no error.
        """
        self.connect()
        if self.stage is not Stage.READY:
            return
        self.testing = True
        try:
            for problem in establish_once(self.between, self.has_key):
                self.between.case.remark(
                    f"a general precondition could not be established: {problem}", by="tool"
                )
        except AbortRun:
            self.stage = Stage.ABORTED

    def connect(self, left: Left | None = None) -> None:
        """Opens the endpoints and waits for the station; what an earlier run left there is put back first.

        Raises ConfigError.
        """
        self.stage = Stage.OPEN
        self.allowed.begin()
        others = [one.as_line() for key, one in self._plan(()).items() if key not in self.plan]
        plan = [planned.as_line() for planned in self.plan.values()]
        self.record.write(first_line(self.options, plan, others, self.limits.told()))
        self.laboratory.open()
        self.problem = await_connection(self.between)
        self._inherit(left)
        if self.problem:
            self.stage = Stage.UNREACHABLE
            return
        self.stage = Stage.READY
        try:
            restore_password(self.between)
            if self.journal.open:
                for problem in settle(self.between):
                    self.between.case.remark(f"not restored before the first case: {problem}", by="tool")
        except AbortRun:
            self.stage = Stage.ABORTED
        self._get_to_know_the_station()

    def _inherit(self, left: Left | None) -> None:
        """What an earlier run, or a sitting before, left at this station is owed from now on, and said.

        Raises ConfigError when a run cannot go on with what connected, or with nothing.
        """
        if self.options.former is None:
            left = left or left_before(self.bench, self.options.out)
        else:
            left = met_again(self.options.former, self.options, self.between, self.problem, self.tell)
        if left is None:
            return
        for text in left.told():
            self.between.case.remark(text, by="tool")
            self.tell(text)
        for undo in left.undos:
            self.journal.inherit(undo, left.run)

    def _get_to_know_the_station(self) -> None:
        """Reads the configuration once: evidence, and what applicability may depend on."""
        settle = time.monotonic_ns() + int(min(self.limits.of(TRIGGERED).seconds, 5) * 1e9)
        timeline, tested = self.csms.timeline, self.bench.connector
        timeline.wait(lambda: tested in timeline.state.statuses, settle)
        self.snapshot("before")
        self.plan = self._plan(self.options.cases)
        self.between = self.scene(self.between.case)

    def ask(self, action: str, payload: dict[str, Any]) -> Entry | None:
        """A request outside the cases; the reply, None when none came in time."""
        return self.csms.call(action, payload, self.limits.of(REPLY).seconds)[1]

    def snapshot(self, when: Literal["before", "after"]) -> None:
        """Puts the station's whole configuration on the record."""
        seen = self.ask("GetConfiguration", {})
        if seen is None or seen.frame.type != "CALLRESULT":
            return
        listed = seen.payload.get("configurationKey")
        keys = [dict(key) for key in values.dicts(listed)]
        for key in keys:
            if values.same(key.get("key"), "AuthorizationKey") and "value" in key:
                key["value"] = "(secret)"
        if when == "before" and isinstance(listed, list):  # else nothing is known of its keys
            self.keys = keys
        unknown = seen.payload.get("unknownKey", [])
        self.record.write(ConfigurationRead(when=when, keys=keys, unknown=unknown))

    def finish(self, reason: str = "finished") -> None:
        """Ends the run; harmless when called twice."""
        if self.stage in (Stage.NEW, Stage.ENDED):
            return
        self.stage = Stage.ENDED
        # Whatever fails on the way, the rest is done too, and the record is ended and closed.
        with contextlib.suppress(RecordLost), contextlib.ExitStack() as last:
            last.callback(self.record.close)
            last.callback(self.record.write, RunEnded(reason=reason))
            last.callback(self._examine)
            last.callback(self.laboratory.close)
            self.record.case = self.record.phase = None
            last.callback(self._tell_what_is_left)
            if self.csms.connected and not self.ground.at_once:
                if self.testing or self.journal.open:
                    self._restore_for_good()
                self.snapshot("after")

    def _restore_for_good(self) -> None:
        """The last opportunity for everything that is still owed."""
        between = self.between
        try:
            for problem in restore(between) if self.testing else settle(between):
                between.case.remark(f"not restored at the end of the run: {problem}", by="tool")
        except (AbortRun, KeyboardInterrupt):
            self.tell("Ended at once.")

    def _tell_what_is_left(self) -> None:
        """What stays owed is said, with its reason, and who puts it back."""
        for undo in self.journal.open:
            why = self.journal.why(undo) or "there was no opportunity"
            told = f"left at the station: {undo}"
            self.between.case.remark(f"{told} ({why})", by="tool", fault=told)
            self.tell(f"{told} ({why})")
        if self.journal.open:
            self.tell(f"The next run with this station puts it back, or: octt restore {self.options.out}")

    def _examine(self) -> None:
        """Every answer of the declaration against what the record shows."""
        if not self.options.declaration.answers:
            return
        for finding in examine(self.options.declaration, read(self.record.path)):
            self.record.write(AnswerExamined(**vars(finding)))

    # -- cases ------------------------------------------------------------------------------------------------------

    def scene(self, case: CaseRun, number: int = 0, connector: int = 0) -> Scene:
        """The words for a case at a connector; 0: the one of the bench."""
        locks_first = self.options.declaration.answer("AQ-2") is True
        bench = self.bench.at(connector)
        station = Station(case, self.csms, bench, self.limits, self.connectors, locks_first=locks_first)
        actions = Actions(case, self.laboratory.driver, self.person)
        words = (case, station, Csms(case, self.csms), actions)

        def security() -> Security:
            return Security(station, self.laboratory, Declared(self.options.declaration))

        return Scene(*words, self.ground, security, number, connector, tell=self.tell)

    @property
    def connectors(self) -> int:
        """How many connectors the station has: its own key, else the declaration, else what it reported."""
        for key in self.keys or []:
            number = values.decimal(key.get("value"))
            if values.same(key.get("key"), "NumberOfConnectors") and number and number < CONNECTORS:
                return int(number)
        declared = self.options.declaration.answer("HFS-8")
        return declared if isinstance(declared, int) else max([1, *self.csms.timeline.state.statuses])

    def has_key(self, name: str) -> bool:
        """Whether the station reported a configuration key."""
        return any(values.same(key.get("key"), name) for key in self.keys or [])

    def begin(self, case_id: str, number: int, connector: int = 0) -> Scene:
        """Starts an attempt at a case, once what is left of those before was tried again."""
        planned, timeline = self.plan[case_id, connector].case, self.csms.timeline
        if self.stage is Stage.READY:
            try:
                for problem in make_ready(self.between):
                    self.between.case.remark(f"not restored before {case_id}: {problem}", by="tool")
            except AbortRun:
                self.stage = Stage.ABORTED
        timeline.forget(timeline.end - 1)
        gc.collect()  # while there is little to look through, and no attempt is open that a signal could leave so
        self.record.case, self.record.phase = case_id, "setup"
        self.record.write(CaseStarted(attempt=number, name=planned.name, connector=connector))
        case = CaseRun(case_id, self.record, timeline, section=planned.section, journal=self.journal)
        self.current = self.scene(case, number, connector)
        self.breaches.begins(self.current)
        self.current.may_repeat = self.allowed.repeat(case_id)
        self.current.may_retry = self.allowed.retry(case_id)
        return self.current

    def _given_up(self) -> Exception | None:
        """Whether the operator gives up what the case waits for; what is put back is waited for all the same."""
        operator, current = self.options.operator, self.current
        if operator is None or not operator.skips():
            return None
        return SkipCase() if current and current.case.phase is not Phase.RESTORE else None

    def establish_preconditions(self, scene: Scene) -> None:
        """The document's general preconditions; Inconclusive when they do not hold.

        AbortRun when the operator aborted the run while no case was running.
        """
        if self.stage is Stage.ABORTED:
            raise AbortRun
        if self.stage is Stage.UNREACHABLE:
            raise Inconclusive(self.problem, self.csms.door.blame)
        if (tested := scene.station.bench.connector) not in scene.station.connectors:
            what = (
                f"station.connector = {tested} of the bench: the station has {self.connectors} connector(s)"
            )
            raise Inconclusive(what, "configuration")
        attempt.establish_preconditions(scene, has_cache=self.has_key("AuthorizationCacheEnabled"))

    def end(self, scene: Scene, error: BaseException | None) -> tuple[Verdict, str]:
        """Ends an attempt: the station is restored, and the verdict is on the record."""
        try:
            outcome = attempt.end(scene, error, reachable=self.stage is not Stage.UNREACHABLE)
        except AbortRun:
            self.stage = Stage.ABORTED
            outcome = Verdict.INCONCLUSIVE, "the run was aborted"
        finally:
            self.record.case = self.record.phase = None
            self.current = None
        self.breaches.ended(scene, outcome[0])
        if scene.retried:
            self._retry(scene)
        elif scene.again and outcome[0] is Verdict.ERROR:
            self.allowed.repeated(scene.case.id)
            self.tell(f"{scene.case.id} is repeated, since this was trouble of our own")
        return outcome

    def _retry(self, scene: Scene) -> None:
        """Says that a doubtful case is tried again; one that a late violation failed after all is not."""
        case, verdict = scene.case.id, self.breaches.verdict_at(scene.case.id, scene.connector)
        scene.again = scene.retried = verdict is not Verdict.FAIL
        if scene.again:
            self.tell(f"{case} was {verdict} and is {self.allowed.retried(case)}")

    @property
    def ended(self) -> Mapping[str, Verdict]:
        """The verdicts so far."""
        return self.breaches.verdicts

    def skip(self, case_id: str, reason: str, connector: int = 0) -> None:
        """Records that a case does not apply."""
        self.record.write(
            CaseEnded(
                attempt=0,
                verdict=Verdict.NOT_APPLICABLE,
                blame=Blame.NOBODY,
                reason=reason,
                seconds=0,
                forced=0,
                connector=connector,
            ),
            case=case_id,
        )
