"""A finding as a text that can be pasted into a ticket: fault, requirement, frame, where, how to see it again."""

from __future__ import annotations

from octt.record.words import Blame
from octt.report.model.parts import Finding, Place, Result
from octt.report.model.sections import demanded
from octt.report.text import clock, visible

FRAME_LIMIT, PLACES_LIMIT, CASES_LIMIT = 1500, 8, 3


def ticket(finding: Finding, result: Result) -> str:
    """Plain text, with what a reader needs who has neither the report nor this tool."""
    station = result.station
    lines = [finding.title, "", f"Station: {_product(result)}"]
    lines += [f"Serial number: {station.serial}"] if station.serial else []
    lines += [f"Fault: {finding.detail}"] if finding.detail and finding.detail != finding.title else []
    first = next((place for place in finding.places if place.expected), None)
    if first is not None:
        lines += [f"Expected: {first.expected}", f"Instead: {first.actual}"]
    lines += [
        f"Required by {section}{f' ({section.title})' if section.title else ''}: {section.demands}".rstrip(
            ": "
        )
        for section in demanded(finding.cite, finding.title)
    ]
    lines += _seen(finding)
    lines += _frame(finding, result)
    if command := reproduce(finding):
        lines += ["", f"To see it again: {command}"]
    tool = f"{result.run.tool.get('name') or 'octt'} {result.run.tool.get('version') or ''}".strip()
    lines += [f"Found with {tool}; record {result.run.last_hash[:16] or 'without a fingerprint'}"]
    return visible("\n".join(lines)) + "\n"


def reproduce(finding: Finding) -> str:
    """The command that runs what shows the fault again; empty for what is not the station's."""
    if finding.group != "station" or finding.blame not in (Blame.STATION, Blame.NOBODY) or not finding.cases:
        return ""
    cases = " ".join(f"--case {case}" for case in finding.cases[:CASES_LIMIT])
    return f"octt run --bench BENCH.toml --pics PICS.toml {cases}"


def _product(result: Result) -> str:
    station = result.station
    name = f"{station.vendor} {station.model}".strip() or station.identity or "unknown"
    return name + (f", software {station.firmware}" if station.firmware else "")


def _seen(finding: Finding) -> list[str]:
    places = [_place(place) for place in finding.places[:PLACES_LIMIT]]
    more = len(finding.places) - len(places)
    if not any(places):
        return []
    told = ", ".join(place for place in places if place) + (f" and {more} more" if more > 0 else "")
    return [f"Seen {finding.count} times: {told}" if finding.count > 1 else f"Seen: {told}"]


def _place(place: Place) -> str:
    step = f" step {place.step}" if place.step else ""
    return f"{place.case}{step}" if place.case else ""


def _frame(finding: Finding, result: Result) -> list[str]:
    frame = result.frames.by_line(finding.frame)
    if frame is None:
        return [f"Record: line {finding.frame}"] if finding.frame else []
    who = "from the station" if frame.dir == "in" else "to the station"
    text = frame.raw if len(frame.raw) <= FRAME_LIMIT else frame.raw[:FRAME_LIMIT] + " …"
    return ["", f"Frame {who} at {clock(frame.t)} UTC (line {frame.n} of the record):", text]
