"""One run: the Central System, the driver, the record and the plan, from the first connection to the last case."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octt.bench import Bench, ConfigError
from octt.csms.answers import Answers
from octt.csms.endpoints import Endpoint, Settings, secure_endpoint
from octt.csms.server import CentralSystem, CsmsError
from octt.files.servers import FilesError, FileServers
from octt.monitors import Monitors
from octt.ocpp import Frame
from octt.pics.declaration import Declaration
from octt.pics.examine import examine
from octt.pki.certificates import PkiError
from octt.pki.pki import Pki
from octt.record import Event, Record, read
from octt.script.case_run import CaseRun
from octt.script.limits import Limits, declared_times, limits
from octt.script.restore import await_available, free_connectors, power_cycle, put_back
from octt.script.rules import needs_no_remark
from octt.script.station import Station
from octt.script.verdicts import AbortRun, Inconclusive, Judgement, RepeatCase, Verdict
from octt.script.words import Actions, Csms, World
from octt.station.actions import ActionFailed, Driver
from octt.station.drivers import CommandDriver, HttpDriver, SimulatedDriver
from octt.station.operator import ManualDriver, Operator
from octt.suite.catalogue import Planned, load_catalogue, plan
from octt.suite.machine import hosts_of, tool
from octt.suite.provisioned import security_options


@dataclass
class Options:
    """What the command line asks for."""

    bench: Bench
    declaration: Declaration
    out: Path
    cases: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    operator: Operator | None = None
    simulator_arguments: list[str] = field(default_factory=list)
    pki_folder: Path | None = None
    """Where the laboratory's certificates are kept from run to run."""

    listener: Callable[[Event], None] | None = None


@dataclass
class Scene:
    """The words a script is given."""

    case: CaseRun
    station: Station
    csms: Csms
    driver: Actions


class Run:
    """A run from start to finish. Used by the pytest plugin; `octt run` is a friendly front for it."""

    def __init__(self, options: Options) -> None:
        """Opens nothing yet. Raises ConfigError for an output folder that cannot be written to."""
        self.options, self.bench = options, options.bench
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            if (options.out / "record.jsonl").exists():
                raise ConfigError(f"{options.out} already holds a record; choose another folder with --out")
            self.record = Record(options.out / "record.jsonl")
        except OSError as error:
            raise ConfigError(f"output folder {options.out}: {error.strerror}") from None
        if options.listener:
            self.record.listen(options.listener)
        self.limits: Limits = limits(self.bench, declared_times(options.declaration))
        self.world = World()
        self._incurable: dict[int, str] = {}  # stuck even after a fresh start: another would not help
        self.keys: list[dict[str, Any]] | None = None
        self.plan = self._plan()
        self.problem = ""
        self._aborted = False
        self.monitors = Monitors()
        self.current: CaseRun | None = None
        self.attempt = 0
        self._general: Scene | None = None
        self._files_open = False
        self._provisioned: tempfile.TemporaryDirectory[str] | None = None
        self.csms = CentralSystem(self._settings(), self.record, self._answers())
        self.csms.watch = self._watch
        self.driver = self._driver()
        self._watching = threading.Lock()
        self._started = False

    def _plan(self) -> dict[str, Planned]:
        chosen = plan(
            load_catalogue(), self.options.declaration, self.keys, self.options.cases, self.options.profiles
        )
        return {planned.case.id: planned for planned in chosen}

    def _settings(self) -> Settings:
        central = self.bench.central_system
        if central.security_profile < 2:
            endpoint = Endpoint(central.security_profile, central.port)
        else:
            try:
                endpoint = secure_endpoint(central.security_profile, central.tls_port, self.pki)
            except PkiError as error:
                raise ConfigError(str(error)) from None
        return Settings(
            identity=self.bench.station.identity,
            host=central.host,
            path=central.path,
            password=central.password,
            endpoints=[endpoint],
        )

    @property
    def hosts(self) -> list[str]:
        """The names and addresses a station can reach this machine by, the best first."""
        return hosts_of(self.bench)

    @functools.cached_property
    def pki(self) -> Pki:
        """The laboratory's certificates, kept from run to run. Made on first use, which takes a moment."""
        folder = self.options.pki_folder or Path("octt-pki")
        return Pki.open(folder, [*self.hosts, "localhost"])

    @functools.cached_property
    def files(self) -> FileServers:
        """The file servers, opened on first use. Raises Inconclusive when they cannot be opened."""
        bench = self.bench.files
        first, last = bench.passive_ports or (0, 0)
        ports = {name: port for name, port in vars(bench.ports).items() if port is not None}
        try:
            servers = FileServers(
                self.options.out,
                bench.public_host or self.hosts[0],
                ports,
                host=self.bench.central_system.host,
                pki=self.pki,
                on_transfer=self._transferred,
                passive_ports=range(first, last + 1) if last else None,
            )
            self.csms.run(servers.start())
        except (FilesError, PkiError, OSError) as error:
            raise Inconclusive(f"the file servers could not be opened: {error}", "configuration") from None
        self._files_open = True
        return servers

    def _transferred(self, fields: dict[str, Any]) -> None:
        self.record.write("transfer", **fields)

    def _answers(self) -> Answers:
        answers, tags = Answers(self.bench.times.heartbeat_interval), self.bench.id_tags

        def info(tag: str) -> dict[str, Any]:
            if tag.casefold() == tags.invalid.casefold():
                return {"status": "Invalid"}
            family = tag.casefold() in (tags.valid.casefold(), tags.valid_2.casefold())
            return {"status": "Accepted", **({"parentIdTag": tags.parent} if family else {})}

        answers.id_tag_info = info
        return answers

    def _driver(self) -> Driver:
        settings = self.bench.driver
        if settings.kind == "http":
            return HttpDriver(settings.url, settings.timeout)
        if settings.kind == "command":
            return CommandDriver(settings.commands, settings.timeout)
        if settings.kind == "simulated":
            return SimulatedDriver([], settings.timeout)
        return ManualDriver()

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens the endpoints and waits for the station. Raises ConfigError; a silent station is no error."""
        self._started = True
        plan_lines = [
            {
                "case": p.case.id,
                "name": p.case.name,
                "profile": p.case.profile,
                "section": p.case.section,
                "applicable": p.applies,
                "reason": p.reason,
            }
            for p in self.plan.values()
        ]
        self.record.write(
            "run.start",
            tool=tool(),
            bench=self.bench.redacted(),
            pics=self.options.declaration.as_dict(),
            plan=plan_lines,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            self.csms.start()
        except CsmsError as error:
            raise ConfigError(str(error)) from None
        self._start_driver()
        self._await_station()

    def _start_driver(self) -> None:
        if isinstance(self.driver, SimulatedDriver):
            host = self.bench.central_system.public_host or None
            base = self.csms.url(self.csms.settings.endpoints[0], host).rpartition("/")[0]
            identity = self.bench.station.identity
            given = [*self.options.simulator_arguments, *self.bench.driver.simulator]
            self._provisioned = tempfile.TemporaryDirectory()
            pki = self.pki if self.bench.central_system.security_profile >= 2 else None
            secure = security_options(self.bench, pki, given, Path(self._provisioned.name))
            self.driver.arguments = ["--csms", base, "--identity", identity, "--control", "127.0.0.1:0"]
            self.driver.arguments += [*secure, *given]
        try:
            self.driver.start()
        except ActionFailed as error:
            raise ConfigError(str(error)) from None

    def urls(self) -> list[str]:
        """Every URL the station can be pointed at, one for each local address."""
        endpoint = self.csms.settings.endpoints[0]
        return [self.csms.url(endpoint, host) for host in self.hosts]

    def _await_station(self) -> None:
        limit = self.bench.times.connect_timeout
        deadline = time.monotonic_ns() + int(limit * 1e9)
        if not self.csms.traffic.wait(lambda: self.csms.connected, deadline):
            tried = f": {self.csms.refusals[-1]}" if self.csms.refusals else "; nothing tried to connect"
            self.problem = f"the station did not connect within {limit:g} s{tried}"
            return
        self._learn()

    def _learn(self) -> None:
        """Reads the configuration once: evidence, and what applicability may depend on."""
        scene = self.scene(CaseRun("", self.record))
        scene.case.now()
        settle = time.monotonic_ns() + int(min(self.limits.function, 5) * 1e9)
        self.csms.traffic.wait(lambda: self.bench.connector in self.csms.answers.status, settle)
        self.snapshot("before")
        self.plan = self._plan()
        self._prepare(scene)

    def _prepare(self, scene: Scene) -> None:
        """The document's general preconditions that hold for the whole run; what the vendor had there is lost."""
        station = scene.station
        self._general = scene
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
            self._aborted = True

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
        if not self._started:
            return
        self._started = False
        # Whatever fails on the way, the rest is done too, and the record is ended and closed.
        with contextlib.ExitStack() as last:
            last.callback(self.record.close)
            last.callback(self.record.write, "run.end", reason=reason)
            last.callback(self._examine)
            last.callback(self.csms.stop)
            if self._files_open:
                last.callback(lambda: self.csms.run(self.files.stop()))
            if self._provisioned:
                last.callback(self._provisioned.cleanup)
            last.callback(self.driver.close)
            self.record.case = None
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

    def scene(self, case: CaseRun) -> Scene:
        station = Station(case, self.csms, self.bench, self.limits, self.connectors)
        actions = Actions(case, self.driver, self.options.operator, self.csms, self.world)
        return Scene(case, station, Csms(case, self.csms), actions)

    @property
    def connectors(self) -> int:
        """How many connectors the station has: its own key, else the declaration, else what it reported."""
        for key in self.keys or []:
            if key.get("key") == "NumberOfConnectors" and str(key.get("value", "")).isdigit():
                return int(key["value"])
        declared = self.options.declaration.answer("HFS-8")
        return declared if isinstance(declared, int) else max([1, *self.csms.answers.status])

    def has_key(self, name: str) -> bool:
        """Whether the station reported a configuration key."""
        return any(str(key.get("key")).casefold() == name.casefold() for key in self.keys or [])

    def begin(self, case_id: str, attempt: int) -> Scene:
        """Starts an attempt at a case."""
        self.record.case, self.attempt = case_id, attempt
        self.record.write("case.start", attempt=attempt, name=self.plan[case_id].case.name)
        case = CaseRun(case_id, self.record, section=self.plan[case_id].case.section)
        case.cursor = len(self.csms.traffic.entries)
        self.current = case
        return self.scene(case)

    def ready(self, scene: Scene) -> None:
        """The document's general preconditions; Inconclusive when they do not hold.

        AbortRun when the operator aborted the run while no case was running.
        """
        if self._aborted:
            raise AbortRun
        if self.problem:
            raise Inconclusive(self.problem, "network")
        if (tested := self.bench.connector) not in scene.station.connectors:
            what = (
                f"station.connector = {tested} of the bench: the station has {self.connectors} connector(s)"
            )
            raise Inconclusive(what, "configuration")
        try:
            self._reach(scene)
        except Judgement as silent:
            # What hangs since the case before gets a fresh start, or every case after it pays for that one.
            if self.world.stuck and self.world.stuck == self._incurable:
                raise
            try:
                power_cycle(scene.station, scene.driver, f"it needs a fresh start: {silent.reason}")
            except Judgement:
                self._incurable = dict(self.world.stuck)
                raise silent from None
            scene.case.remark(f"the power was cycled before the case: {silent.reason}")
            self._reach(scene)

    def _reach(self, scene: Scene) -> None:
        station = scene.station
        if not self.csms.connected:
            station.connects(again=False)
        if self.bench.connector in self.world.stuck:
            await_available(station, self.world)
        if not self.has_key("AuthorizationCacheEnabled"):
            station.call("GetConfiguration", key=["NumberOfConnectors"])
            return
        reply = station.call("ClearCache")
        given = f"CALLERROR {reply.seen.frame.error_code}" if reply.is_error else reply.payload.get("status")
        if given != "Accepted":
            found = f"ClearCache gave {given}, so idTags of earlier cases may still be cached"
            station.remark(found, reply.seen, cite="OCPP 1.6 5.4")

    def end(self, scene: Scene, attempt: int, error: BaseException | None) -> tuple[Verdict, str]:
        """Puts everything back and decides the verdict. A harness error never reads as FAIL."""
        case, last = scene.case, len(self.csms.traffic.entries)
        problems: list[str] = []
        if not self.problem and not isinstance(error, AbortRun):
            try:
                problems = put_back(scene.station, scene.csms, scene.driver)
            except AbortRun:
                self._aborted = True
                problems = ["not everything was put back: the operator aborted the run"]
            except Exception as failure:
                problems = [f"putting things back failed: {failure}"]
        self.csms.answers.disarm()
        problems += [f"{undo.what} was not put back: the run was aborted" for undo in case.undos]
        for problem in problems:
            case.remark(problem)
        self._remark_unexpected(case, last)
        verdict, blame, reason = _verdict(error, case)
        seconds = round(time.monotonic() - case.started, 3)
        self.record.write(
            "case.end",
            attempt=attempt,
            verdict=verdict,
            blame=blame,
            reason=reason,
            seconds=seconds,
            forced=round(case.forced, 3),
        )
        self.record.case = None
        self.current = None
        return verdict, reason

    def skip(self, case_id: str, reason: str) -> None:
        """Records that a case does not apply."""
        self.record.write(
            "case.end", case=case_id, attempt=0, verdict="NOT APPLICABLE", reason=reason, seconds=0
        )

    def _remark_unexpected(self, case: CaseRun, last: int) -> None:
        connector = self.bench.connector
        for index in range(last if case.test_from is None else case.test_from, last):
            seen = self.csms.traffic.entries[index]
            if seen.is_call() and index not in case.used and not needs_no_remark(seen, connector):
                case.remark(f"not asked for by any step: {seen.short()}", seen, by="script")

    def _watch(self, event: Event, frame: Frame | None) -> None:
        with self._watching:
            findings = self.monitors.see(event, frame)
        for finding in findings:
            case = self.current
            self.record.write(
                "remark",
                text=finding.text,
                frame=finding.frame,
                cite=finding.cite,
                by="monitor",
                rule=finding.rule,
                severity=finding.severity,
            )
            if case and finding.severity == "violation":
                case.violations.append(f"{finding.text} [{finding.cite}]")


def _verdict(error: BaseException | None, case: CaseRun) -> tuple[Verdict, str, str]:
    if isinstance(error, Judgement):
        return error.verdict, error.blame, error.reason
    if isinstance(error, RepeatCase):
        return "INCONCLUSIVE", "operator", "the operator repeats the case"
    if isinstance(error, AbortRun | KeyboardInterrupt):
        return "INCONCLUSIVE", "operator", "the run was aborted"
    if error is not None:
        return "ERROR", "tool", f"{type(error).__name__}: {error}"
    if case.violations:
        return "FAIL", "station", "the steps passed, but " + "; ".join(case.violations[:3])
    return "PASS", "", ""
