"""The certified stations, as their declarations say and as slow as they were measured: every applicable case passes.

    python -m tests.certified_stations                 both stations, every case; exit code 1 when one does not pass
    python -m tests.certified_stations --case TC_012_CS
    python -m tests.certified_stations --write FILE    also writes the result as a table

Times are shortened so that a run ends today: what is declared and what was measured by the same factor, kind by kind.
What the certificate excludes (rebooting, firmware, uploads, certificates) takes longer than its limits, and its own
limits are the defaults. The reverse is tried too: a station slower than it declares fails, at the step, by that limit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from octt import paths
from octt.pics.declaration import Declaration, load_declaration
from tests.campaign import CALM, Outcome, Station, cases_of, parallel

WORKERS = 2
CHUNK = 9
"""Cases that one station is put through."""


@dataclass(frozen=True)
class Pace:
    """A time that was measured, what was declared for it, and by how much both are divided. Seconds.

    `item` is the declaration's, `delay` the simulated station's kind of delay.
    """

    item: str
    delay: str
    measured: float
    factor: float


@dataclass(frozen=True)
class Certified(Station):
    """A certified station with its times."""

    file: str = ""
    paces: tuple[Pace, ...] = ()
    others: dict[str, float] = field(default_factory=dict)
    """Delays that the certificate says nothing of."""

    def declaration(self) -> Declaration:
        """What its vendor declares, with shorter times."""
        base = load_declaration(paths.PICS / self.file)
        scaled = {p.item: base.answers[p.item] / p.factor for p in self.paces if p.item in base.answers}
        return replace(base, answers={**base.answers, **scaled})

    def at_pace(self, **slower: float) -> Certified:
        """The same, as slow as it was measured; `slower` are delays of another length."""
        delays = {p.delay: p.measured / p.factor for p in self.paces} | self.others | slower
        words = [word for kind, seconds in delays.items() for word in ("--delay", f"{kind}={seconds:.3f}")]
        return replace(self, arguments=(*self.arguments, *words))


_TIMES = {
    "connection_timeout": 8,
    "meter_value_interval": 3,
    "clock_aligned_interval": 3,
    "reservation_expiry": 12,
    "transaction_duration": 2,
    "observation": 1,
    "max_deviation": 1,
    "heartbeat_interval": 2,
    "boot_retry_interval": 2,
}
_EXCLUDED = {
    "boot": 1.5,
    "status-after-boot": 2.5,
    "download": 2.5,
    "install": 2.5,
    "upload": 2.5,
    "certificate": 2.5,
}
_C6 = (
    Pace("response_timeout", "reply", 5.13, 10),
    Pace("triggered_timeout", "function", 1.78, 5),
    Pace("remote_start_time", "start", 42.87, 20),
    Pace("remote_stop_time", "stop", 5.21, 20),
)
_XJ = (
    Pace("response_timeout", "reply", 1, 2),
    Pace("triggered_timeout", "function", 180, 60),
)


def _plain(name: str, file: str, paces: tuple[Pace, ...], **more: float) -> Certified:
    return Certified(name, file=file, paces=paces, others=_EXCLUDED | more, bench={"times": _TIMES})


C6 = _plain("XCHARGE C6", "xcharge-c6.toml", _C6)
C6_SECURE = replace(C6, name="XCHARGE C6, security extension", security=2)
XJ = _plain("XJ Power iEVQC33", "xj-power-ievqc33.toml", _XJ, start=180 / 60, stop=180 / 60)
"""Its form, that of 2024, has one time for all triggered functions, starts and stops among them."""

STATIONS = (C6, C6_SECURE, XJ)


@dataclass(frozen=True)
class Slower:
    """A delay beyond what is declared, and the step that it fails with the name of the limit.

    `fault`: what holds back one reply only, where a station that is slow with all of them would not get so far.
    """

    delay: str
    item: str
    case: str
    step: str
    fault: str = ""


SLOWER = (
    Slower("reply", "response_timeout", "TC_048_1_CS", "result", "hang-after:ReserveNow"),
    Slower("function", "triggered_timeout", "TC_003_CS", "1"),
    Slower("start", "remote_start_time", "TC_010_CS", "Charging.11"),
    Slower("start", "remote_start_time", "TC_003_CS", "5"),
    Slower("stop", "remote_stop_time", "TC_012_CS", "3"),
    Slower("stop", "remote_stop_time", "TC_016_CS", "3"),
)


def too_slow(slower: Slower) -> Certified:
    """The C6 with one delay of its limit and half of it again, and else as quick as it can."""
    pace = next(p for p in _C6 if p.item == slower.item)
    declared = load_declaration(paths.PICS / C6.file).answers[pace.item]
    option, kind = ("--fault", slower.fault) if slower.fault else ("--delay", slower.delay)
    return replace(C6, arguments=(option, f"{kind}={1.5 * declared / pace.factor:.3f}"))


def wrong(slower: Slower, outcome: Outcome) -> str:
    """Why an outcome is not the failure that was due; nothing when it is."""
    if (
        outcome.verdict == "FAIL"
        and slower.step in outcome.steps
        and f"declared as {slower.item}" in outcome.reason
    ):
        return ""
    return f"{slower.case} with {slower.delay} too slow: {outcome.verdict} ({outcome.reason})"


def run_slower() -> list[str]:
    """The reverse; what did not come out as it should."""
    jobs = {slower: (too_slow(slower), (slower.case,), ()) for slower in SLOWER}
    return [text for slower, result in parallel(jobs, WORKERS) if (text := wrong(slower, result[0]))]


def run_at_pace(station: Certified, only: Iterable[str] = ()) -> dict[str, Outcome]:
    """Every case that applies, as slow as measured; what does not pass on a crowded machine is tried once more."""
    ids = [case.id for case in cases_of(station, only)]
    slow = station.at_pace()
    chunks = {start: (slow, tuple(ids[start : start + CHUNK]), ()) for start in range(0, len(ids), CHUNK)}
    outcomes = {o.case: o for _, result in parallel(chunks, WORKERS) for o in result}
    again = {case: (slow, (case,), ()) for case, o in outcomes.items() if o.verdict not in _GOOD}
    for case, result in parallel(again, min(CALM, WORKERS)):
        print(f"second attempt: {case}: {outcomes[case].verdict} ({outcomes[case].reason})", flush=True)
        outcomes[case] = result[0]
    return outcomes


_GOOD = ("PASS", "NOT APPLICABLE")
Results = list[tuple[Certified, dict[str, Outcome]]]


def table(results: Results, reversed_: list[str]) -> str:
    """The result as a readable file, without anything that differs from run to run."""
    lines = [
        "# The certified stations, as slow as they were measured",
        "",
        "Made by `make c6`: the simulated station with each shipped declaration, delays as measured, limits as",
        "declared, both divided by the same factor. What no certificate measures takes longer than its limits here.",
        "",
        "| station | limit | declared | measured | divided by |",
        "|---|---|---|---|---|",
    ]
    for station, _ in results:
        declared = load_declaration(paths.PICS / station.file).answers
        for pace in station.paces:
            values = f"{declared[pace.item]:g} s | {pace.measured:g} s | {pace.factor:g}"
            lines.append(f"| {station.name} | `{pace.item}` | {values} |")
    lines += ["", "| station | cases that apply | passed | not passed |", "|---|---|---|---|"]
    for station, outcomes in results:
        passed = [o for o in outcomes.values() if o.verdict == "PASS"]
        failed = ", ".join(o.case for o in outcomes.values() if o.verdict not in _GOOD) or "none"
        applying = sum(o.verdict != "NOT APPLICABLE" for o in outcomes.values())
        lines.append(f"| {station.name} | {applying} | {len(passed)} | {failed} |")
    lines += ["", "Slower than declared, the C6 fails, with the name of the limit:", ""]
    lines += ["| too slow | case | step | limit |", "|---|---|---|---|"]
    lines += [f"| `{s.delay}` | {s.case} | {s.step} | `{s.item}` |" for s in SLOWER]
    lines += [f"\nNOT PROVEN: {text}" for text in reversed_]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs both ways; exit code 1 when something does not come out as it should."""
    parser = argparse.ArgumentParser(description="the certified stations, as slow as they were measured")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--station", action="append", default=[])
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    results: Results = []
    reversed_ = [] if chosen.case else run_slower()
    problems = [*reversed_]
    for station in STATIONS:
        if chosen.station and station.name not in chosen.station:
            continue
        outcomes = run_at_pace(station, chosen.case)
        results.append((station, outcomes))
        for outcome in outcomes.values():
            if outcome.verdict not in _GOOD:
                problems.append(f"{station.name}: {outcome.case}: {outcome.verdict} ({outcome.reason})")
        print(f"{station.name}: {len(outcomes)} cases", flush=True)
    if chosen.write:
        chosen.write.write_text(table(results, reversed_), encoding="utf-8")
    for problem in problems:
        print("NOT PROVEN " + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
