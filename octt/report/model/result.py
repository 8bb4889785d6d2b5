"""The one result model: built from the record's events in one pass; every output is a view of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from octt.measure import Meter, declared_maxima
from octt.record import Event
from octt.report.evidence.chain import Chain
from octt.report.model import rules
from octt.report.model.building import CaseBuilder
from octt.report.model.findings import findings
from octt.report.model.frames import Frames, payload_of
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
    Run,
    Station,
    Transfer,
)
from octt.report.model.values import number, table, tables, text, whole

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
        try:
            builder.feed(event, offset)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            chain.damage(event["n"], f"not as an event of kind {event['kind']} should be")
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
        self._meter = Meter()
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
        self._handlers = {
            "run.start": self._run_start,
            "run.resume": self._run_resume,
            "run.end": self._run_end,
            "listen": self._listen,
            "connect": self._connect,
            "refused": self._refused,
            "disconnect": self._disconnect,
            "network": self._network_event,
            "config": self._config_snapshot,
            "override": self._override,
            "transfer": self._transfer,
            "pics": self._pics_result,
        }

    def feed(self, event: Event, offset: int) -> None:
        """Takes the next event; `offset` is where its line begins in the source file."""
        kind = event["kind"]
        self._meter.feed(event)
        if kind == "frame":
            self._frame(event, offset)
        elif (handler := self._handlers.get(kind)) is not None:
            handler(event)
        else:
            self._cases.feed(event)
        self.run.lines = event["n"]
        self.run.ended = max(self.run.ended, event["t"])

    def finish(self) -> Result:
        """The result of everything fed."""
        if self.cut_off:
            self.run.complete = False
            self.run.why_incomplete = "the record ends in the middle of a line"
        cases = self._cases.finish()
        result = Result(
            run=self.run,
            laboratory=laboratory(self.run.bench),
            station=self._station,
            declaration=self._declaration,
            cases=cases,
            profiles=rules.profiles(cases),
            findings=[],
            performance=self._meter.performance(declared_maxima(self._declaration)),
            pics=list(self._pics.values()),
            configuration=self._configuration(),
            transfers=self._transfers,
            connections=self._connections,
            refusals=self._refusals,
            network=self._network,
            overrides=self._overrides,
            actions=self._cases.actions,
            prompts=self._cases.prompts,
            remarks=self._cases.remarks,
            frames=self._frames,
            problem_frames=self._problem_frames,
            problem_count=self._problem_count,
        )
        result.verdict = rules.run_verdict(result)
        result.not_issuable = rules.obstacles(result)
        result.findings = findings(result)
        return result

    def _run_start(self, event: Event) -> None:
        run = self.run
        run.tool, run.bench = table(event.get("tool")), table(event.get("bench"))
        run.started, run.started_text = event["t"], text(event.get("started"))
        run.why_incomplete = "the record ends without a run.end line"
        self._declaration = table(event.get("pics"))
        self._station.declared = table(self._declaration.get("product"))
        self._cases.plan(tables(event.get("plan")))

    def _run_resume(self, event: Event) -> None:
        self.run.resumed.append(event["t"])
        self.run.complete, self.run.why_incomplete = False, "the record ends without a run.end line"
        self._cases.interrupted()
        self._cases.plan(tables(event.get("plan")))
        for connection in self._open.values():
            connection.ended, connection.reason = event["t"], "the run was interrupted"
        self._open.clear()

    def _run_end(self, event: Event) -> None:
        self.run.reason = text(event.get("reason"))
        self.run.complete = self.run.reason == "finished"
        self.run.why_incomplete = "" if self.run.complete else f"it ended as {self.run.reason or 'unknown'}"

    def _listen(self, event: Event) -> None:
        self.run.listening.append((text(event.get("url")), event.get("security_profile")))

    def _frame(self, event: Event, offset: int) -> None:
        self._frames.add(event, offset)
        if event.get("dir") == "out":
            return
        if event.get("problems"):
            self._problem_count += 1
            if len(self._problem_frames) < PROBLEM_FRAMES:
                self._problem_frames.append(event["n"])
        if (
            not self._station.boot
            and event.get("action") == "BootNotification"
            and event.get("type") == "CALL"
        ):
            payload = payload_of(text(event.get("raw")))
            if isinstance(payload, dict):
                self._station.boot = {key: text(value) for key, value in payload.items()}
                self._station.boot_line = event["n"]

    def _connect(self, event: Event) -> None:
        connection = Connection(
            n=event["n"],
            t=event["t"],
            number=whole(event.get("connection")) or 0,
            identity=text(event.get("identity")),
            remote=text(event.get("remote")),
            path=text(event.get("path")),
            subprotocol=text(event.get("subprotocol")),
            security_profile=whole(event.get("security_profile")),
            user=text(event.get("user")),
            auth=text(event.get("auth")),
            tls=event["tls"] if isinstance(event.get("tls"), dict) else None,
            replaces=whole(event.get("replaces")),
        )
        self._connections.append(connection)
        self._open[connection.number] = connection
        self._station.identity = self._station.identity or connection.identity

    def _disconnect(self, event: Event) -> None:
        connection = self._open.pop(whole(event.get("connection")) or 0, None)
        if connection is not None:
            connection.ended, connection.code = event["t"], whole(event.get("code"))
            connection.reason, connection.by = text(event.get("reason")), text(event.get("by"))

    def _refused(self, event: Event) -> None:
        self._refusals.append(
            Refusal(
                n=event["n"],
                t=event["t"],
                remote=text(event.get("remote")),
                path=text(event.get("path")),
                status=whole(event.get("status")),
                reason=text(event.get("reason")),
                user=text(event.get("user")),
                tls=event["tls"] if isinstance(event.get("tls"), dict) else None,
            )
        )

    def _network_event(self, event: Event) -> None:
        self._network.append(NetworkEvent(event["n"], event["t"], text(event.get("event"))))

    def _override(self, event: Event) -> None:
        self._overrides.append(self._cases.override(event))

    def _transfer(self, event: Event) -> None:
        self._transfers.append(
            Transfer(
                n=event["n"],
                t=event["t"],
                protocol=text(event.get("protocol")),
                direction=text(event.get("direction")),
                path=text(event.get("path")),
                bytes=whole(event.get("bytes")),
                sha256=text(event.get("sha256")),
                seconds=number(event.get("seconds")),
                remote=text(event.get("remote")),
                user=text(event.get("user")),
                tls=event["tls"] if isinstance(event.get("tls"), dict) else None,
                complete=bool(event.get("complete")),
                error=text(event.get("error")),
                file=text(event.get("file")),
            )
        )

    def _pics_result(self, event: Event) -> None:
        item = text(event.get("item"))
        outcome = text(event.get("result"))
        self._pics[item] = PicsResult(
            item, event.get("answer"), outcome, text(event.get("why")), whole(event.get("line")) or None
        )

    def _config_snapshot(self, event: Event) -> None:
        when = text(event.get("when"))
        if when == "before" and when in self._config:  # of a resumed run the first snapshot counts
            return
        keys: dict[str, tuple[str | None, bool | None]] = {}
        for entry in tables(event.get("keys")):
            value, readonly = entry.get("value"), entry.get("readonly")
            keys[text(entry.get("key"))] = (
                None if value is None else text(value),
                readonly if isinstance(readonly, bool) else None,
            )
        self._config[when] = keys
        unknown = event.get("unknown")
        for key in unknown if isinstance(unknown, list) else []:
            if text(key) not in self._unknown_keys:
                self._unknown_keys.append(text(key))

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
    values = table(bench.get("laboratory"))
    return Laboratory(**{field.name: text(values.get(field.name)) for field in fields(Laboratory)})
