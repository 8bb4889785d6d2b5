"""One run: the plan carried out in the laboratory, from the first connection to the last case."""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from datetime import UTC, datetime
from typing import Any, cast

from octt.monitors import Monitors
from octt.ocpp import Frame
from octt.pics.examine import examine
from octt.record import Event, read
from octt.record.events import CaseEnded
from octt.record.words import Blame
from octt.script.actions import Actions, World
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.limits import Limits, declared_times, limits
from octt.script.restore import free_connectors, put_back
from octt.script.station import Station
from octt.script.verdicts import AbortRun, Inconclusive, Judgement, Verdict
from octt.suite import attempt
from octt.suite.attempt import Scene
from octt.suite.catalogue import Planned, load_catalogue, plan
from octt.suite.laboratory import Laboratory
from octt.suite.machine import tool
from octt.suite.options import Options


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

    def __init__(self, options: Options) -> None:
        """Opens nothing yet. Raises ConfigError for an output folder that cannot be written to."""
        self.options, self.bench = options, options.bench
        self.laboratory = Laboratory(options)
        self.record, self.csms = self.laboratory.record, self.laboratory.csms
        self.csms.watch = self._watch
        self.stage = Stage.NEW
        self.problem = ""
        """Why the station is unreachable."""

        self.current: Scene | None = None
        self.keys: list[dict[str, Any]] | None = None
        """The station's configuration before the first case: entries of GetConfiguration.conf."""

        self.limits: Limits = limits(self.bench, declared_times(options.declaration))
        self.world = World()
        self.monitors = Monitors()
        self.plan = self._plan()
        self._general: Scene | None = None
        self._ended: dict[str, Verdict] = {}
        self._watching = threading.Lock()

    def _plan(self) -> dict[str, Planned]:
        chosen = plan(
            load_catalogue(),
            self.options.declaration,
            self.keys,
            self.options.cases,
            self.options.profiles,
            self.bench.connector,
        )
        return {planned.case.id: planned for planned in chosen}

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens the endpoints and waits for the station. Raises ConfigError; a silent station is no error."""
        self.stage = Stage.OPEN
        self.record.write(
            "run.start",
            tool=tool(),
            bench=self.bench.redacted(),
            pics=self.options.declaration.as_dict(),
            plan=[_line(planned) for planned in self.plan.values()],
            notices=self.options.notices,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self.laboratory.open()
        limit = self.bench.times.connect_timeout
        deadline = time.monotonic_ns() + int(limit * 1e9)
        if not self.csms.timeline.wait(lambda: self.csms.connected, deadline):
            tried = f": {self.csms.refusals[-1]}" if self.csms.refusals else "; nothing tried to connect"
            self.problem = f"the station did not connect within {limit:g} s{tried}"
            self.stage = Stage.UNREACHABLE
            return
        self.stage = Stage.READY
        self._get_to_know_the_station()
        self._establish_general_preconditions()

    def _get_to_know_the_station(self) -> None:
        """Reads the configuration once: evidence, and what applicability may depend on."""
        settle = time.monotonic_ns() + int(min(self.limits.function, 5) * 1e9)
        timeline, tested = self.csms.timeline, self.bench.connector
        timeline.wait(lambda: tested in timeline.state.statuses, settle)
        self.snapshot("before")
        self.plan = self._plan()

    def _establish_general_preconditions(self) -> None:
        """Those of the document that hold for the whole run; what the vendor had there is lost."""
        scene = self._general = self.scene(CaseRun("", self.record, self.csms.timeline))
        station = scene.station
        try:
            station.configure(MinimumStatusDuration=0, optional=True)
            if self.has_key("LocalAuthListMaxLength") and station.call("GetLocalListVersion").payload.get(
                "listVersion"
            ):
                station.call("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[])
            if self.has_key("ChargeProfileMaxStackLevel"):
                station.call("ClearChargingProfile")
            free_connectors(station, scene.driver)
        except Judgement as judgement:
            scene.case.remark(f"a general precondition could not be established: {judgement.reason}")
        except AbortRun:
            self.stage = Stage.ABORTED

    def snapshot(self, when: str) -> None:
        """Puts the station's whole configuration on the record."""
        _request, seen = self.csms.call("GetConfiguration", {}, self.limits.response)
        if seen is None or seen.frame.type != "CALLRESULT":
            return
        keys = [k for k in seen.payload.get("configurationKey", []) if isinstance(k, dict)]
        for key in keys:
            if str(key.get("key")).casefold() == "authorizationkey" and "value" in key:
                key["value"] = "(secret)"
        if when == "before":
            self.keys = keys
        self.record.write("config", when=when, keys=keys, unknown=seen.payload.get("unknownKey", []))

    def finish(self, reason: str = "finished") -> None:
        """Ends the run; harmless when called twice."""
        if self.stage in (Stage.NEW, Stage.ENDED):
            return
        self.stage = Stage.ENDED
        # Whatever fails on the way, the rest is done too, and the record is ended and closed.
        with contextlib.ExitStack() as last:
            last.callback(self.record.close)
            last.callback(self.record.write, "run.end", reason=reason)
            last.callback(self._examine)
            last.callback(self.laboratory.close)
            self.record.case = self.record.phase = None
            if self.csms.connected:
                if self._general:
                    with contextlib.suppress(AbortRun):
                        put_back(self._general.station, self._general.csms, self._general.driver)
                self.snapshot("after")

    def _examine(self) -> None:
        """Every answer of the declaration against what the record shows."""
        if not self.options.declaration.answers:
            return
        for finding in examine(self.options.declaration, read(self.record.path)):
            self.record.write("pics", **vars(finding))

    # -- cases ------------------------------------------------------------------------------------------------------

    def scene(self, case: CaseRun, number: int = 0) -> Scene:
        """The words for a case."""
        station = Station(case, self.csms, self.bench, self.limits, self.connectors)
        actions = Actions(case, self.laboratory.driver, self.options.operator, self.world)
        return Scene(case, station, Csms(case, self.csms), actions, number)

    @property
    def connectors(self) -> int:
        """How many connectors the station has: its own key, else the declaration, else what it reported."""
        for key in self.keys or []:
            if key.get("key") == "NumberOfConnectors" and str(key.get("value", "")).isdigit():
                return int(key["value"])
        declared = self.options.declaration.answer("HFS-8")
        return declared if isinstance(declared, int) else max([1, *self.csms.timeline.state.statuses])

    def has_key(self, name: str) -> bool:
        """Whether the station reported a configuration key."""
        return any(str(key.get("key")).casefold() == name.casefold() for key in self.keys or [])

    def begin(self, case_id: str, number: int) -> Scene:
        """Starts an attempt at a case."""
        planned, timeline = self.plan[case_id].case, self.csms.timeline
        self.record.case, self.record.phase = case_id, "setup"
        self.record.write("case.start", attempt=number, name=planned.name)
        timeline.forget(timeline.end - 1)
        case = CaseRun(case_id, self.record, timeline, section=planned.section)
        self.current = self.scene(case, number)
        return self.current

    def establish_preconditions(self, scene: Scene) -> None:
        """The document's general preconditions; Inconclusive when they do not hold.

        AbortRun when the operator aborted the run while no case was running.
        """
        if self.stage is Stage.ABORTED:
            raise AbortRun
        if self.stage is Stage.UNREACHABLE:
            raise Inconclusive(self.problem, self.csms.door.blame)
        if (tested := self.bench.connector) not in scene.station.connectors:
            what = (
                f"station.connector = {tested} of the bench: the station has {self.connectors} connector(s)"
            )
            raise Inconclusive(what, "configuration")
        attempt.establish_preconditions(scene, has_cache=self.has_key("AuthorizationCacheEnabled"))

    def end(self, scene: Scene, error: BaseException | None) -> tuple[Verdict, str]:
        """Ends an attempt: everything is put back, and the verdict is on the record."""
        try:
            outcome = attempt.end(scene, error, reachable=self.stage is not Stage.UNREACHABLE)
        except AbortRun:
            self.stage = Stage.ABORTED
            outcome = Verdict.INCONCLUSIVE, "the run was aborted"
        finally:
            self.record.case = self.record.phase = None
            self.current = None
        self._ended[scene.case.id] = outcome[0]
        return outcome

    def skip(self, case_id: str, reason: str) -> None:
        """Records that a case does not apply."""
        self.record.write(
            CaseEnded(
                attempt=0,
                verdict=Verdict.NOT_APPLICABLE,
                blame=Blame.NOBODY,
                reason=reason,
                seconds=0,
                forced=0,
            ),
            case=case_id,
        )

    # -- monitors ---------------------------------------------------------------------------------------------------

    def _watch(self, event: Event, frame: Frame | None) -> None:
        """What the monitors see in an event belongs to the case of that event, however late it is seen."""
        with self._watching:
            findings = self.monitors.see(cast(dict[str, Any], event), frame)
        case, phase = event.get("case"), event.get("phase")
        for finding in findings:
            self.record.write(
                "remark",
                case=case,
                **({"phase": phase} if phase else {}),
                text=finding.text,
                frame=finding.frame,
                cite=finding.cite,
                by="monitor",
                rule=finding.rule,
                severity=finding.severity,
            )
            if finding.severity == "violation":
                self._broken(case, f"{finding.text} [{finding.cite}]")

    def _broken(self, case: str | None, what: str) -> None:
        scene = self.current
        if scene and scene.case.id == case:
            scene.breaches.append(what)
        elif case and self._ended.get(case) is Verdict.PASS:
            # It was seen a moment after the verdict, but it is an answer to what this case did.
            self._ended[case] = Verdict.FAIL
            reason = attempt.broken([what])
            self.record.write("case.revised", case=case, verdict="FAIL", blame="station", reason=reason)


def _line(planned: Planned) -> dict[str, Any]:
    """A case of the plan for the record."""
    case = planned.case
    return {
        "case": case.id,
        "name": case.name,
        "profile": case.profile,
        "section": case.section,
        "applicable": planned.applies,
        "reason": planned.reason,
    }
