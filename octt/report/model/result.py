"""The one result model: built from the record's events in one pass; every output is a view of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from octt.measure import Meter, declared_maxima
from octt.ocpp.values import payload, shown, table
from octt.record import Chain, Event
from octt.record.events import (
    AnswerExamined,
    ConfigurationRead,
    Connected,
    Disconnected,
    FileTransferred,
    FrameSeen,
    FrameUnsent,
    Listening,
    NetworkChanged,
    Refused,
    RunEnded,
    RunResumed,
    RunStarted,
    VerdictOverruled,
)
from octt.report.model import verdict
from octt.report.model.building import CaseBuilder
from octt.report.model.findings.merging import findings
from octt.report.model.frames import Frames
from octt.report.model.health import Health
from octt.report.model.parts import (
    ConfigKey,
    Configuration,
    Connection,
    Laboratory,
    NetworkEvent,
    Override,
    PicsResult,
    Refusal,
    Result,
    Station,
    Transfer,
)
from octt.report.model.run import Run, Sitting

PROBLEM_FRAMES = 1000


def build(events: Iterable[Event]) -> Result:
    """The result of a run from its events; frames are kept in memory (`load` leaves them in the record's file)."""
    builder = Builder(None)
    for event in events:
        builder.feed(event, 0)
    return builder.finish()


def load(path: Path) -> Result:
    """The result of a run from its `record.jsonl`, checking the record's chain on the way.

    A record that was cut off by a crash gives an incomplete run; a damaged one is read as far as it makes sense, and
    `run.damages` says where it is damaged. OSError when the file cannot be read.
    """
    chain, builder = Chain(path), Builder(path)
    for event, offset in chain.events():
        builder.feed(event, offset)
    builder.cut_off = chain.cut_off
    builder.run.damages, builder.run.last_hash = chain.damages, chain.last_hash
    return builder.finish()


class Builder:
    """Takes a record's events in order (`feed`) and makes the result of them (`finish`)."""

    def __init__(self, source: Path | None) -> None:
        self.run = Run()
        self.cut_off = False
        self._frames = Frames(source)
        self._cases = CaseBuilder(self._frames)
        self._meter, self._health = Meter(), Health()
        self._station = Station()
        self._declaration: dict[str, Any] = {}
        self._connections: list[Connection] = []
        self._open: dict[int, Connection] = {}
        self._refusals: list[Refusal] = []
        self._transfers: list[Transfer] = []
        self._network: list[NetworkEvent] = []
        self._pics: dict[str, PicsResult] = {}
        self._overrides: list[Override] = []
        self._config: dict[str, dict[str, tuple[str | None, bool | None]]] = {}
        self._unknown_keys: list[str] = []
        self._problem_frames: list[int] = []
        self._problem_count = 0
        self._unsent: list[int] = []
        self._booted, self._firmware = False, ""
        """Whether a BootNotification came in this sitting, and what firmware the last one told of."""

    def feed(self, event: Event, offset: int) -> None:
        """Takes the next event; `offset` is where its line begins in the source file."""
        self._meter.feed(event)
        self._health.feed(event)
        match event:
            case FrameSeen():
                self._frame(event, offset)
            case FrameUnsent():
                self._unsent.append(event.frame)
            case Connected():
                self._connect(event)
            case Disconnected():
                self._disconnect(event)
            case Refused():
                self._refused(event)
            case NetworkChanged():
                self._network.append(NetworkEvent(event.n, event.t, event.event))
            case Listening():
                self.run.listening.append((event.url, event.security_profile))
            case ConfigurationRead():
                self._config_snapshot(event)
            case FileTransferred():
                self._transfer(event)
            case AnswerExamined():
                self._pics[event.item] = PicsResult(
                    event.item, event.answer, event.result, event.why, event.line or None
                )
            case VerdictOverruled():
                self._overrides.append(self._cases.override(event))
            case RunStarted():
                self._run_start(event)
            case RunResumed():
                self._run_resume(event)
            case RunEnded():
                self._run_end(event)
            case _:
                self._cases.feed(event)
        self.run.lines = event.n
        self.run.ended = max(self.run.ended, event.t)

    def finish(self) -> Result:
        """The result of everything fed."""
        if self.cut_off:
            self.run.complete = False
            self.run.why_incomplete = "the record ends in the middle of a line"
        cases, not_chosen = self._cases.finish()
        result = Result(
            run=self.run,
            laboratory=laboratory(self.run.bench),
            station=self._station,
            declaration=self._declaration,
            cases=cases,
            not_chosen=not_chosen,
            profiles=[],
            findings=[],
            performance=self._meter.performance(declared_maxima(self._declaration)),
            pics=list(self._pics.values()),
            configuration=self._configuration(),
            transfers=self._transfers,
            connections=self._connections,
            health=self._health,
            refusals=self._refusals,
            network=self._network,
            overrides=self._overrides,
            actions=self._cases.actions,
            prompts=self._cases.prompts,
            remarks=self._cases.remarks,
            notes=self._cases.notes,
            frames=self._frames,
            problem_frames=self._problem_frames,
            problem_count=self._problem_count,
            unsent=frozenset(self._unsent),
        )
        result.profiles = verdict.profiles(result)
        result.verdict = verdict.run_verdict(result)
        result.not_issuable = verdict.obstacles(result)
        result.findings = findings(result)
        return result

    def _run_start(self, event: RunStarted) -> None:
        run = self.run
        run.tool, run.bench, run.limits = event.tool, event.bench, event.limits
        run.started, run.started_text, run.signer = event.t, event.started, event.signer
        run.why_incomplete = "the record ends without a run.end line"
        self._declaration = event.pics
        self._station.declared = table(event.pics.get("product"))
        self._cases.plan(event.plan, event.not_chosen)

    def _run_resume(self, event: RunResumed) -> None:
        ended = event.ended or self.run.reason or "broken off"
        before, version = min(self.run.ended, event.t), shown(event.tool.get("version"))
        cases = len({line.case for line in event.cases})
        sitting = Sitting(event.n, event.t, before, ended, cases, version, [*map(shown, event.changed)])
        self.run.sittings.append(sitting)
        self.run.signer = event.signer or self.run.signer
        self._booted = False
        self.run.complete, self.run.why_incomplete = False, "the record ends without a run.end line"
        self._cases.interrupted()
        self._cases.plan(event.plan, event.not_chosen)
        for connection in self._open.values():
            connection.ended, connection.reason = event.t, "the run was interrupted"
        self._open.clear()

    def _run_end(self, event: RunEnded) -> None:
        self.run.reason = event.reason
        self.run.complete = event.reason == "finished"
        self.run.why_incomplete = "" if self.run.complete else f"it ended as {event.reason or 'unknown'}"

    def _frame(self, event: FrameSeen, offset: int) -> None:
        self._frames.add(event, offset)
        if event.dir == "out":
            return
        if event.problems:
            self._problem_count += 1
            if len(self._problem_frames) < PROBLEM_FRAMES:
                self._problem_frames.append(event.n)
        if event.action == "BootNotification" and event.type == "CALL":
            self._boot(event)

    def _boot(self, event: FrameSeen) -> None:
        """The first one says which station it is; the first one of a later sitting, whether its firmware is other."""
        boot = {key: shown(value) for key, value in (payload(event.raw) or {}).items()}
        firmware = boot.get("firmwareVersion", "")
        if boot and not self._booted and self.run.sittings and self._firmware not in ("", firmware):
            self.run.sittings[-1].changed.append(
                f"firmware {firmware or 'not told'}, it was {self._firmware}"
            )
            self.run.other_firmware = True
        if boot:
            self._booted, self._firmware = True, firmware
        if boot and not self._station.boot:
            self._station.boot, self._station.boot_line = boot, event.n

    def _connect(self, event: Connected) -> None:
        connection = Connection(
            n=event.n,
            t=event.t,
            number=event.connection,
            identity=event.identity,
            remote=event.remote,
            path=event.path,
            subprotocol=event.subprotocol or "",
            security_profile=event.security_profile,
            user=event.user,
            auth=event.auth,
            tls=event.tls,
            replaces=event.replaces,
        )
        self._connections.append(connection)
        self._open[connection.number] = connection
        self._station.identity = self._station.identity or connection.identity

    def _disconnect(self, event: Disconnected) -> None:
        connection = self._open.pop(event.connection, None)
        if connection is not None:
            connection.ended, connection.code = event.t, event.code
            connection.reason, connection.by = event.reason, event.by

    def _refused(self, event: Refused) -> None:
        self._refusals.append(
            Refusal(
                n=event.n,
                t=event.t,
                remote=event.remote,
                path=event.path,
                status=event.status,
                reason=event.reason,
                user=event.user,
                tls=event.tls,
            )
        )

    def _transfer(self, event: FileTransferred) -> None:
        self._transfers.append(
            Transfer(
                n=event.n,
                t=event.t,
                protocol=event.protocol,
                direction=event.direction,
                path=event.path,
                bytes=event.bytes,
                sha256=event.sha256,
                seconds=event.seconds,
                remote=event.remote,
                user=event.user,
                tls=event.tls,
                complete=event.complete,
                error=event.error,
                file=event.file,
            )
        )

    def _config_snapshot(self, event: ConfigurationRead) -> None:
        if (
            event.when == "before" and event.when in self._config
        ):  # of a resumed run the first snapshot counts
            return
        self._config[event.when] = {
            shown(entry.get("key")): (
                None if entry.get("value") is None else shown(entry["value"]),
                entry["readonly"] if isinstance(entry.get("readonly"), bool) else None,
            )
            for entry in event.keys
        }
        for key in event.unknown if isinstance(event.unknown, list) else []:
            if shown(key) not in self._unknown_keys:
                self._unknown_keys.append(shown(key))

    def _configuration(self) -> Configuration:
        before, after = self._config.get("before"), self._config.get("after")
        keys = []
        for name in sorted(
            (before or {}).keys() | (after or {}).keys(), key=lambda key: (key.casefold(), key)
        ):
            first, last = (before or {}).get(name), (after or {}).get(name)
            keys.append(
                ConfigKey(
                    key=name,
                    before=first[0] if first else None,
                    after=last[0] if last else None,
                    readonly=(last or first or (None, None))[1],
                    seen_before=first is not None,
                    seen_after=last is not None,
                )
            )
        return Configuration(keys, self._unknown_keys, before is not None, after is not None)


def laboratory(bench: dict[str, Any]) -> Laboratory:
    """The laboratory's data of a bench file; what is missing or of another type is empty."""
    given = table(bench.get("laboratory"))
    return Laboratory(**{field.name: shown(given.get(field.name)) for field in fields(Laboratory)})
