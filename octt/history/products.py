"""What the runs of a product say together: firmwares in order, what got better and worse, what is doubtful."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from octt.history.reading import CaseResult, RunResult

DECIDED = ("PASS", "FAIL", "INCONCLUSIVE", "ERROR")
"""Verdicts that say something about a case: it was carried out."""

ORDER = ("worse", "other", "better")


@dataclass(frozen=True)
class Move:
    """A case whose verdict is another with another firmware."""

    case: str
    name: str
    before: str
    after: str
    fault: str

    @property
    def kind(self) -> str:
        """Worse when it passed or newly fails, better when it passes now, other between what is open."""
        if self.after == "FAIL" or self.before == "PASS":
            return "worse"
        return "better" if self.after == "PASS" else "other"


@dataclass(frozen=True)
class Doubt:
    """A case that had different verdicts with one and the same firmware, from the first run to the last."""

    case: str
    name: str
    firmware: str
    verdicts: tuple[tuple[str, str], ...]  # folder and verdict
    other_tool: bool  # the version of octt was another too


@dataclass
class Firmware:
    """The runs with one version of a product's software, the oldest first."""

    version: str
    runs: list[RunResult] = field(default_factory=list)

    @cached_property
    def verdicts(self) -> dict[str, CaseResult]:
        """For each case its result in the last run that carried it out."""
        found: dict[str, CaseResult] = {}
        for run in self.runs:
            found |= {case.id: case for case in run.cases if case.verdict in DECIDED}
        return found

    @cached_property
    def best(self) -> RunResult | None:
        """Of the complete runs, in which every case that applies passed or failed, the one with the fewest failures.

        Of equal ones that whose report may be filed, then that with the most passes, then the last.
        """
        whole = [run for run in self.runs if not run.part and not any(_open(case) for case in run.cases)]
        return min(whole, key=_rank, default=None)

    @cached_property
    def doubts(self) -> dict[str, Doubt]:
        """The cases that changed without a change of the firmware, by id."""
        seen: dict[str, list[tuple[RunResult, CaseResult]]] = {}
        for run in self.runs:
            for case in run.cases:
                if case.verdict in DECIDED:
                    seen.setdefault(case.id, []).append((run, case))
        return {
            case: Doubt(
                case,
                results[-1][1].name,
                self.version,
                tuple((run.folder, result.verdict) for run, result in results),
                other_tool=len({run.tool for run, _ in results}) > 1,
            )
            for case, results in seen.items()
            if len({result.verdict for _, result in results}) > 1
        }


@dataclass
class Product:
    """A product with its firmwares in the order of their versions."""

    vendor: str
    model: str
    firmwares: list[Firmware]
    unusable: list[RunResult] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Vendor and model."""
        return f"{self.vendor} {self.model}".strip() or "unknown product"

    @property
    def runs(self) -> list[RunResult]:
        """All its runs, by firmware."""
        return [run for firmware in self.firmwares for run in firmware.runs]

    @cached_property
    def cases(self) -> list[CaseResult]:
        """Every case that any run is about, in plan order, as the last run tells it."""
        found: dict[str, CaseResult] = {}
        for run in sorted(self.runs, key=lambda run: -len(run.cases)):
            for case in run.cases:
                found.setdefault(case.id, case)
        return list(found.values())

    @property
    def doubts(self) -> list[Doubt]:
        """Those of every firmware."""
        return [doubt for firmware in self.firmwares for doubt in firmware.doubts.values()]

    @property
    def moves(self) -> list[tuple[Firmware, Firmware, list[Move]]]:
        """From each firmware to the next: the cases that got worse, then those that got better."""
        return [(one, other, moves(one, other)) for one, other in pairwise(self.firmwares)]


def products(runs: Iterable[RunResult]) -> list[Product]:
    """The runs by product, by name; runs that cannot be used are told with the product they are about, if any.

    Products of which there is no other come last.
    """
    by_name: dict[tuple[str, str], list[RunResult]] = {}
    for run in runs:
        by_name.setdefault((run.vendor, run.model), []).append(run)
    found = [
        Product(
            vendor,
            model,
            _firmwares([run for run in its if not run.problem]),
            [run for run in its if run.problem],
        )
        for (vendor, model), its in sorted(by_name.items())
    ]
    return sorted(found, key=lambda product: not product.firmwares)


def _firmwares(runs: list[RunResult]) -> list[Firmware]:
    by_version: dict[str, Firmware] = {}
    for run in runs:
        by_version.setdefault(run.firmware, Firmware(run.firmware)).runs.append(run)
    return sorted(by_version.values(), key=lambda one: (version_key(one.version), one.runs[0].started))


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """What a version is sorted by: its numbers as numbers, so that 1.10 comes after 1.9."""
    parts = re.findall(r"\d+|[^\d.\s_+-]+", version)
    return tuple((1, int(part[:30]), "") if part.isdecimal() else (0, 0, part) for part in parts)


def moves(before: Firmware, after: Firmware) -> list[Move]:
    """The cases that both firmwares were tested with and that have another verdict, the worse ones first."""
    found = [
        Move(case, new.name, old.verdict, new.verdict, new.fault)
        for case, new in after.verdicts.items()
        if (old := before.verdicts.get(case)) is not None and old.verdict != new.verdict
    ]
    return sorted(found, key=lambda move: ORDER.index(move.kind))


def _open(case: CaseResult) -> bool:
    return case.verdict in ("INCONCLUSIVE", "ERROR", "NOT RUN")


def _rank(run: RunResult) -> tuple[int, bool, int, int]:
    return _count(run, "FAIL"), not run.issuable, -_count(run, "PASS"), -run.started


def _count(run: RunResult, verdict: str) -> int:
    return sum(case.verdict == verdict for case in run.cases)
