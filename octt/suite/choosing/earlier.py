"""How the cases of a station ended in its earlier runs, read from the records in the folder of runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from octt.bench import Bench
from octt.ocpp.values import table
from octt.record import Event, decode
from octt.record.events import CaseEnded, CaseRevised, RunStarted, VerdictOverruled
from octt.record.words import Verdict, worst
from octt.suite.leftover import first_of

_CONCERNS = (b'"case.end"', b'"case.revised"', b'"override"')


@dataclass
class Earlier:
    """For each case its last verdict and how many seconds it took; `runs` are the folders looked at, newest first."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    runs: list[Path] = field(default_factory=list)

    @property
    def not_passed(self) -> list[str]:
        """The cases whose last verdict leaves something to do."""
        settled = (Verdict.PASS, Verdict.NOT_APPLICABLE)
        return [case for case, verdict in self.verdicts.items() if verdict not in settled]


def earlier(bench: Bench, folder: Path) -> Earlier:
    """The runs of this station in a folder of runs, back to the last one of which every case was chosen."""
    found = Earlier()
    begun = ((first_of(path), path) for path in folder.glob("*/record.jsonl"))
    runs = [(first, path) for first, path in begun if first and _same(first, bench)]
    for first, path in sorted(runs, key=lambda run: run[0].t, reverse=True):
        _take(found, path)
        if not first.not_chosen:
            break
    return found


def runs_before(bench: Bench, out: Path | None) -> Earlier:
    """Those in the folder where the output folder `out` is going to be, which by default is among octt-runs."""
    return earlier(bench, out.absolute().parent if out else Path("octt-runs"))


def _same(run: RunStarted, bench: Bench) -> bool:
    """Whether a run had the station of this bench; a simulated one is no real one."""
    simulated = table(run.bench.get("driver")).get("kind") == "simulated"
    identity = table(run.bench.get("station")).get("identity")
    return identity == bench.station.identity and simulated == (bench.driver.kind == "simulated")


def _take(found: Earlier, path: Path) -> None:
    """What a run says of cases that no later run says anything of."""
    last: dict[str, dict[int, Verdict]] = {}
    seconds: dict[str, float] = {}
    try:
        for event in _concerning(path):
            if isinstance(event, CaseEnded | CaseRevised) and event.case:
                last.setdefault(event.case, {})[event.connector] = event.verdict
            if isinstance(event, VerdictOverruled) and event.case:
                last[event.case] = {0: event.verdict}
            if isinstance(event, CaseEnded) and event.case and event.attempt:
                seconds[event.case] = event.seconds
    except OSError:
        return
    found.runs.append(path.parent)
    found.verdicts = {case: worst(verdicts.values()) for case, verdicts in last.items()} | found.verdicts
    found.seconds = seconds | found.seconds


def _concerning(path: Path) -> Iterator[Event]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and any(word in line for word in _CONCERNS) and (event := decode(line)):
                yield event
