"""People of every kind, each through all cases of all profiles, at a real pseudo-terminal.

    python -m tests.hands                  everything; exit code 1 when a person became a verdict about the station
    python -m tests.hands --only card      the behaviours with this word in their names
    python -m tests.hands --write FILE     also writes the summary; rows of what was not played stay as they were

Times are those of the simulated station's bench: seconds where a laboratory has minutes.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from octt.pics.writing import write_declaration
from tests.campaign import STATIONS
from tests.hands.behaviours import ENDING, RIGHT, WRONG, Behaviour
from tests.hands.person import Person
from tests.hands.stage import Stage

LONGEST = 1800
"""Seconds for one run."""
_KINDS = {station.name: station for station in STATIONS}
PROFILE_2 = "security profile 2"
"""With it every case of the simulated station applies that is not of another cable or power supply."""


@dataclass
class Played:
    """What became of a run with a person."""

    behaviour: Behaviour
    station: str
    verdicts: collections.Counter = field(default_factory=collections.Counter)
    attempts: int = 0
    wrong: list[str] = field(default_factory=list)
    """What must not have happened."""
    seconds: float = 0.0


def plays():
    """Every behaviour with the standard station, and who does right with the others too."""
    for behaviour in (*RIGHT, *WRONG, *ENDING):
        yield behaviour, "standard"
    for station in ("fixed cable", "back-up power"):
        yield RIGHT[0], station
        yield WRONG[1], station


def play(behaviour: Behaviour, station: str) -> Played:
    """One run."""
    began, kind = time.monotonic(), _KINDS[station]
    with tempfile.TemporaryDirectory() as folder:
        pics = Path(folder) / "pics.toml"
        pics.write_text(write_declaration(kind.declaration()), encoding="utf-8")
        arguments = (*kind.arguments, *behaviour.station)
        stage = Stage(folder, profile=2, pics=pics, times=dict(behaviour.times), arguments=arguments)
        person = Person(stage, behaviour.habits)
        try:
            person.run(LONGEST)
        except AssertionError as late:
            return Played(behaviour, station, wrong=[str(late)], seconds=time.monotonic() - began)
        finally:
            stage.close()
        return _judged(Played(behaviour, station, seconds=time.monotonic() - began), stage, person)


def _judged(played: Played, stage: Stage, person: Person) -> Played:
    worst = played.behaviour.worst
    for case, attempts in stage.attempts().items():
        played.attempts += len(attempts)
        last, reason = attempts[-1]
        played.verdicts[last] += 1
        bad = [verdict for verdict, _ in attempts if verdict in ("FAIL", "ERROR")]
        if bad or (last != "PASS" and worst == "PASS"):
            played.wrong.append(f"{case}: {', '.join(verdict for verdict, _ in attempts)}: {reason}")
    if played.behaviour in RIGHT:
        played.wrong += [f"{case}: doubted: {says}" for case, says in person.doubts]
    return played


def _rows(page: Path) -> dict[tuple[str, str], str]:
    """The rows of an earlier page, by behaviour and station."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| behaviour ")]
    return {(cells[1].strip(), cells[2].strip()): row for row in rows if (cells := row.split("|"))}


def summary(found: list[Played], former: dict[tuple[str, str], str]) -> str:
    """The page."""
    lines = [
        "# People at the terminal",
        "",
        "Made by `make hands`: a real run at a pseudo-terminal, driver *manual*, and a scripted person whose hands are",
        "the control of a simulated station. Who does right passes every case without a doubt; who makes a mistake",
        "fails no case, and passes those that are repeated; who ends the run leaves nothing that fails.",
        "",
        "| behaviour | station | cases | PASS | INCONCLUSIVE | FAIL, ERROR |",
        "|---|---|---|---|---|---|",
    ]
    rows = former | {(one.behaviour.name, one.station): _row(one) for one in found}
    lines += [rows[key] for behaviour, station in plays() if (key := (behaviour.name, station)) in rows]
    return "\n".join(lines) + "\n"


def _row(one: Played) -> str:
    verdicts = one.verdicts
    bad = verdicts["FAIL"] + verdicts["ERROR"]
    counts = f"{sum(verdicts.values())} | {verdicts['PASS']} | {verdicts['INCONCLUSIVE']} | {bad}"
    if one.behaviour in ENDING:  # how far it came depends on when
        counts = f"until then | | | {bad}"
    return f"| {one.behaviour.name} | {one.station} | {counts} |"


def main() -> int:
    """Plays them two at a time, since each waits most of its time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="a word in the names of the behaviours")
    parser.add_argument("--write", type=Path, help="the summary")
    parser.add_argument("--side-by-side", type=int, default=2, help="runs at a time")
    chosen = parser.parse_args()
    wanted = [one for one in plays() if chosen.only in one[0].name]
    with ThreadPoolExecutor(chosen.side_by_side) as pool:
        found = []
        for played in pool.map(lambda one: play(*one), wanted):
            found.append(played)
            told = ", ".join(f"{count} {verdict}" for verdict, count in played.verdicts.items())
            print(f"{played.behaviour.name} ({played.station}, {played.seconds:.0f} s): {told}", flush=True)
            for wrong in played.wrong:
                print(f"    {wrong}", flush=True)
    if chosen.write:
        chosen.write.write_text(summary(found, _rows(chosen.write)), encoding="utf-8")
    return 1 if any(played.wrong for played in found) else 0


if __name__ == "__main__":
    sys.exit(main())
