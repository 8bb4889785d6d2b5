"""A run whose station is an old record: pytest and the scripts carry it out as any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from octt.audit.judge.hands import Drawer, Hands, Shelves
from octt.audit.judge.parting import Parted
from octt.audit.judge.system import Replayed
from octt.audit.judge.tape import Attempt, Tape
from octt.bench import Bench, ConfigError
from octt.bench.settings import SECRET
from octt.csms.endpoints import Endpoint, Settings
from octt.ocpp import values
from octt.ocpp.values import table
from octt.pics.declaration import declaration_of
from octt.pki.pki import Pki
from octt.record import Event, Record
from octt.record.events import ConfigurationRead, FileTransferred, FrameSeen, StepDecided
from octt.record.words import Blame
from octt.script.restore.means import Means
from octt.script.undo import still_open
from octt.script.verdicts import Verdict
from octt.suite import attempt as attempts
from octt.suite.attempt import Scene
from octt.suite.catalogue import load_catalogue
from octt.suite.laboratory import Laboratory, answers_of
from octt.suite.options import Options
from octt.suite.run import Run, Stage

PASSWORDS = {"password": "(password of then)", "new_password": "(password to be)"}
"""In place of what no record holds."""
_OUT_OF_ORDER = ("Unavailable", "Faulted")


@dataclass
class Judged:
    """What today's script makes of a case. `parted`: where script and record part, so that there is no verdict."""

    case: str
    verdict: Verdict = Verdict.ERROR
    blame: Blame = Blame.NOBODY
    reason: str = ""
    parted: Parted | None = None
    steps: list[StepDecided] = field(default_factory=list)


def bench_of(tape: Tape) -> Bench:
    """The bench of then. Raises ConfigError."""
    sections = {
        name: dict(table(section)) for name, section in tape.began.bench.items() if name != "laboratory"
    }
    for section in sections.values():
        for key in [key for key, value in section.items() if value == SECRET]:
            section[key] = PASSWORDS.get(key, "(secret of then)")
    firmware = sections.get("firmware", {})
    for key in ("image", "corrupt_image", "signing_certificate"):
        if firmware.get(key) and not Path(firmware[key]).is_file():
            firmware[key] = __file__  # any file: what was in it is on no record, and nobody fetches it
    try:
        return Bench.model_validate(sections)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"the bench on the record cannot be used by this version: {key}: {first['msg']}"
        ) from None


def options_of(tape: Tape, out: Path) -> Options:
    """What a run like that of the record is asked. Raises ConfigError."""
    known = load_catalogue()
    cases = tuple(dict.fromkeys(case for case, _ in tape.attempts if case in known))
    options = Options(bench_of(tape), declaration_of(tape.began.pics), out, cases)
    options.connectors = tuple(sorted({connector for _, connector in tape.attempts if connector}))
    return options


class Room(Laboratory):
    """A laboratory with a tape in it."""

    def __init__(self, options: Options, tape: Tape) -> None:
        self.options, self.bench = options, options.bench
        options.out.mkdir(parents=True, exist_ok=True)
        self.record = Record(options.out / "record.jsonl")
        central = self.bench.central_system
        settings = Settings(
            identity=self.bench.station.identity,
            host=central.host,
            path=central.path,
            password=central.password,
            endpoints=[Endpoint(central.security_profile)],
        )
        self.csms = self.system = Replayed(settings, self.record, answers_of(self.bench), tape)
        self.driver = Hands(self.bench.driver.kind, self.system.player)
        ports = {name: 0 for name, port in vars(self.bench.files.ports).items() if port is not None}
        self.shelves = Shelves(self.system.player, ports, tape.folder)
        self.drawer: Drawer | None = None

    @property
    def files(self) -> Shelves:
        """The file servers of then."""
        return self.shelves

    @property
    def pki(self) -> Pki:
        """The certificates of then, as far as they are on the record."""
        if self.drawer is None:
            self.drawer = Drawer.open(self.options.out / "pki", ["localhost"])  # type: ignore[assignment]
            assert self.drawer is not None
            self.drawer.player = self.system.player
        return self.drawer

    def close(self) -> None:
        """Nothing was opened."""


class Replay(Run):
    """The cases of a tape, each judged by the script of today."""

    laboratory: Room

    def __init__(self, options: Options, tape: Tape) -> None:
        self.tape = tape
        self.judged: dict[tuple[str, int], Judged] = {}
        self._key = "", 0
        super().__init__(options, Room(options, tape))
        self.system, self.player = self.laboratory.system, self.laboratory.system.player
        tell = self.player.tell

        def told(event: Event) -> None:
            tell(event)
            self._notice(event)

        self.player.tell = told
        self.record.listen(self._written)

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Everything before the first case is told."""
        self.stage = Stage.READY

    def finish(self, reason: str = "finished") -> None:
        """Nothing is to be put back."""
        self.stage = Stage.ENDED
        self.record.close()

    def _notice(self, event: Event) -> None:
        if isinstance(event, FileTransferred):
            self.laboratory.shelves.tell(event)
        elif isinstance(event, ConfigurationRead) and event.when == "before":
            self.keys = [dict(key) for key in event.keys]
            self.plan = self._plan(self.options.cases)
        elif isinstance(event, FrameSeen):
            self._statuses(event)

    def _statuses(self, event: FrameSeen) -> None:
        """What a connector told before the last boot holds no more."""
        known = self.system.timeline.latest.statuses
        if event.dir == "in" and event.type == "CALL" and event.action == "BootNotification":
            self.ground.untold = set(known)
        elif event.dir == "in" and event.action == "StatusNotification":
            told = self.system.last.payload.get("connectorId")
            self.ground.untold.discard(values.whole(told) or 0)

    def _written(self, event: Event) -> None:
        if isinstance(event, StepDecided) and event.case == self._key[0]:
            self.judged[self._key].steps.append(event)
            if not self.player.parted:
                self.player.follow(event)

    # -- cases ------------------------------------------------------------------------------------------------------

    def begin(self, case_id: str, number: int, connector: int = 0) -> Scene:
        """The attempt that counted then begins again."""
        self._key = case_id, connector
        attempt = self.tape.attempts[self._key]
        judged = self.judged[self._key] = Judged(case_id)
        if not attempt.made:
            last = self.tape.events[attempt.last]
            judged.parted = Parted(f"the case applies today; then it was not tried: {attempt.reason}", last.n)
            raise judged.parted
        self._rewind(attempt)
        self.stage = Stage.OPEN  # so that nothing is put back before it
        scene = super().begin(case_id, attempt.number, connector)
        self.stage = Stage.READY
        scene.may_repeat = False
        return scene

    def _rewind(self, attempt: Attempt) -> None:
        first_case = min(one.first for one in self.tape.attempts.values() if one.made)
        if self.player.place <= first_case:
            self.player.begin(first_case, attempt.last)
            known = self.system.timeline.latest.statuses
            self.ground.unusable = {number for number, status in known.items() if status in _OUT_OF_ORDER}
        self.player.begin(attempt.first, attempt.last)
        self.system.begin_case()
        for undo in self.journal.open:
            self.journal.restored(undo)
        for undo in still_open(self.tape.events[: attempt.first]):
            self.journal.inherit(undo, undo.run)

    def end(self, scene: Scene, error: BaseException | None) -> tuple[Verdict, str]:
        """The verdict of today; none where script and record parted."""
        judged, attempt = self.judged[self._key], self.tape.attempts[self._key]
        if isinstance(error, FileNotFoundError):
            at = self.tape.events[attempt.last].n
            error = Parted(
                f"a file that the station sent is not in the folder any more ({error.filename})", at
            )
        parted = self.player.parted or (error if isinstance(error, Parted) else None)
        if parted is None:
            scene.breaches += attempt.breaches
            judged.verdict, judged.reason = attempts.end(
                scene, error, reachable=True, put_back=self._put_back
            )
            parted = self.player.parted
        judged.parted = parted
        self.record.case = self.record.phase = None
        self.current = None
        return judged.verdict, judged.reason

    def _put_back(self, _means: Means) -> list[str]:
        """What was put back is told, and judged by the rules alone."""
        self.player.end()
        return []
