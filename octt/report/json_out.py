"""result.json: the result for programs, as `reports/result.schema.json` describes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from octt.measure import Statistic
from octt.report.model.case import Attempt, Case, Note, Remark
from octt.report.model.headline import headline
from octt.report.model.health import Health
from octt.report.model.parts import Connection, Finding, Result
from octt.report.model.run import Sitting
from octt.report.model.sections import demanded
from octt.report.model.verdict import part
from octt.report.ticket import reproduce

FORMAT = 4  # what changed is said in the schema
PERCENTILES = (50, 90, 95, 99)


def render(result: Result) -> bytes:
    """The result as JSON, indented, always the same bytes for the same result."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    data = as_dict(result)
    try:
        return orjson.dumps(data, default=str, option=option)
    except orjson.JSONEncodeError:  # an integer of more than 64 bits, or nested deeper than anybody writes
        return msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=2) + b"\n"


def as_dict(result: Result) -> dict[str, Any]:
    """The result as plain data."""
    run = result.run
    return {
        "format": FORMAT,
        "headline": headline(result),
        "verdict": result.verdict,
        "issuable": result.issuable,
        "not_issuable": result.not_issuable,
        "part": part(result),
        "counts": result.counts(),
        "run": {
            "tool": run.tool,
            "started": iso(run.started),
            "ended": iso(run.ended),
            "seconds": short(run.seconds),
            "complete": run.complete,
            "why_incomplete": run.why_incomplete,
            "resumed": [iso(sitting.started) for sitting in run.sittings],
            "sittings": [_sitting(sitting) for sitting in run.sittings],
            "lines": run.lines,
            "last_hash": run.last_hash,
            "signer": run.signer,
            "damages": [{"line": damage.line, "what": damage.what} for damage in run.damages],
            "frames": len(result.frames),
            "frames_with_problems": result.problem_count,
        },
        "station": {
            "identity": result.station.identity,
            "vendor": result.station.vendor,
            "model": result.station.model,
            "serial": result.station.serial,
            "firmware": result.station.firmware,
            "boot": result.station.boot,
        },
        "laboratory": vars(result.laboratory),
        "bench": run.bench,
        "limits": run.limits,
        "declaration": result.declaration,
        "profiles": [vars(profile) for profile in result.profiles],
        "cases": [_case(case) for case in result.cases],
        "not_chosen": [_not_chosen(case) for case in result.not_chosen],
        "findings": [_finding(finding) for finding in result.findings],
        "remarks": [_remark(remark) for remark in result.remarks],
        "pics": [vars(answer) for answer in result.pics],
        "performance": _performance(result),
        "configuration": {
            "before": result.configuration.has_before,
            "after": result.configuration.has_after,
            "keys": [{**vars(key), "different": key.different} for key in result.configuration.keys],
            "unknown": result.configuration.unknown,
        },
        "connections": [_connection(connection) for connection in result.connections],
        "health": _health(result.health),
        "refusals": [_dated(vars(refusal)) for refusal in result.refusals],
        "transfers": [_dated(vars(transfer)) for transfer in result.transfers],
        "overrides": [_dated(vars(override)) for override in result.overrides],
        **_notes(result.notes),
    }


def _sitting(sitting: Sitting) -> dict[str, Any]:
    return {
        "line": sitting.n,
        "started": iso(sitting.started),
        "gap": short(sitting.gap),
        "ended_before": sitting.ended,
        "cases": sitting.cases,
        "tool": sitting.tool,
        "changed": sitting.changed,
    }


def iso(nanoseconds: int | None) -> str | None:
    """A Unix time in nanoseconds as ISO 8601 in UTC with microseconds; None when there is none or it is absurd."""
    if nanoseconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.replace(microsecond=nanoseconds // 1000 % 1_000_000).isoformat(timespec="microseconds")


def short(value: float | None) -> float | None:
    """Seconds to the microsecond: what is behind that is noise."""
    return None if value is None else round(value, 6)


def _health(health: Health) -> dict[str, Any]:
    return {
        "connections": health.connections,
        "replaced": health.replaced,
        "ended": {who: health.ended[who] for who in ("station", "network", "csms")},
        "refused": health.refused,
        "boots": health.boots,
        "pings": health.pings,
        "pongs": health.pongs,
        "slowest_pong": short(health.slowest_pong),
        "longest_outage": short(health.longest_outage),
        "clock_offset": health.clock_offset,
        "troubles": [{"at": iso(t), "text": text} for t, text in health.troubles],
    }


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    return {
        ("at" if name == "t" else name): iso(value) if name == "t" else value
        for name, value in values.items()
    }


def _case(case: Case) -> dict[str, Any]:
    counts = _attempt(case.last) if case.last else None
    return {
        "id": case.id,
        "name": case.name,
        "profile": case.profile,
        "section": case.section,
        "applicable": case.applicable,
        "pics_reason": case.pics_reason,
        "verdict": case.verdict,
        "measured_verdict": case.measured_verdict,
        "blame": case.blame,
        "reason": case.reason,
        "seconds": short(case.seconds),
        "forced": short(case.forced),
        "connector": case.last.connector if case.last else 0,
        "connectors": [{"connector": at, "verdict": verdict} for at, verdict in case.verdicts if at],
        "steps": counts["steps"] if counts else [],
        "remarks": counts["remarks"] if counts else [],
        "attempts": [_attempt(attempt) for attempt in case.attempts],
        **_notes(case.notes),
    }


def _notes(notes: list[Note]) -> dict[str, Any]:
    """What a person added; nothing where nobody did."""
    return {"notes": [_dated(vars(note)) for note in notes]} if notes else {}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "connector": attempt.connector,
        "verdict": attempt.verdict,
        "blame": attempt.blame,
        "reason": attempt.reason,
        "line": attempt.n,
        "started": iso(attempt.started),
        "ended": iso(attempt.ended),
        "seconds": short(attempt.seconds),
        "forced": short(attempt.forced),
        "frames": attempt.last_frame - attempt.first_frame,
        "steps": [
            {**_dated(vars(step)), "seconds": short(step.seconds), "margin": short(step.margin)}
            for step in attempt.steps
        ],
        "remarks": [_remark(remark) for remark in attempt.remarks],
        "remarks_left_out": attempt.remarks_left_out,
        "actions": [{**_dated(vars(action)), "ended": iso(action.ended)} for action in attempt.actions],
        "prompts": [_dated(vars(prompt)) for prompt in attempt.prompts],
        "changes": [vars(change) for change in attempt.changes],
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {**vars(remark), "severity": remark.severity or ""}


def _not_chosen(case: Case) -> dict[str, Any]:
    names = ("id", "name", "profile", "section", "applicable", "pics_reason")
    return {name: getattr(case, name) for name in names}


def _finding(finding: Finding) -> dict[str, Any]:
    names = ("name", "group", "kind", "title", "detail", "cases", "step", "cite", "frame", "blame", "count")
    return {
        **{name: getattr(finding, name) for name in names},
        "demands": [
            {"section": str(section), "title": section.title, "demands": section.demands}
            for section in demanded(finding.cite, finding.title)
        ],
        "places": [vars(place) for place in finding.places],
        "reproduce": reproduce(finding),
    }


def _connection(connection: Connection) -> dict[str, Any]:
    return {**_dated(vars(connection)), "ended": iso(connection.ended)}


def _performance(result: Result) -> dict[str, Any]:
    measured = {statistic.key: _statistic(statistic) for statistic in result.performance.all}
    by_action = {name: _statistic(statistic) for name, statistic in result.performance.by_action.items()}
    return {"unit": "seconds", **measured, "by_action": by_action}


def _statistic(statistic: Statistic) -> dict[str, Any]:
    return {
        "name": statistic.name,
        "counts": statistic.counts,
        "declared": statistic.declared,
        "count": statistic.count,
        "minimum": short(statistic.minimum),
        "maximum": short(statistic.maximum),
        "average": short(statistic.average),
        **{f"p{percent}": short(statistic.percentile(percent)) for percent in PERCENTILES},
        "at_least": statistic.at_least,
        "unanswered": statistic.unanswered,
        "exceeded": statistic.exceeded,
    }
