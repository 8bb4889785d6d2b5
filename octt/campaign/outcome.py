"""What came of a campaign, read from the records of its runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from octt.campaign.ledger import Ledger, Run
from octt.history.reading import CaseResult, RunResult, read
from octt.ocpp.values import dicts, table
from octt.record.words import Verdict
from octt.report.html.page import slug
from octt.report.json_out import iso, short


@dataclass(frozen=True)
class Outcome:
    """A run and what its record says, None when there is no record. `places`: where the frames of a case are shown."""

    run: Run
    result: RunResult | None
    places: dict[str, str]

    @property
    def cases(self) -> dict[str, CaseResult]:
        """What became of each case, by id."""
        return {case.id: case for case in self.result.cases} if self.result else {}

    @property
    def why(self) -> str:
        """Why it was not carried out; nothing when it was."""
        if not self.run.done:
            return (self.run.last.why if self.run.last else "") or "it was not begun"
        return self.result.problem if self.result else "its record is gone"

    def details(self) -> dict[str, Any]:
        """What campaign.json says of it."""
        found: dict[str, Any] = {"why": self.why}
        if self.result is not None:
            one = self.result
            plain = ("vendor", "model", "serial", "firmware", "verdict", "headline", "part", "hash")
            found |= {name: getattr(one, name) for name in plain}
            found |= {"started": iso(one.started), "seconds": short(one.seconds)}
            found["cases"] = {case.id: case.verdict for case in one.cases}
        return found


def outcomes(ledger: Ledger) -> list[Outcome]:
    """All runs, in their order."""
    return [_outcome(ledger.folder, run) for run in ledger.runs]


def _outcome(root: Path, run: Run) -> Outcome:
    folder = run.last.folder if run.last else ""
    if not folder or not (root / folder / "record.jsonl").is_file():
        return Outcome(run, None, {})
    return Outcome(run, read(root, folder), _places(root, folder))


def _places(root: Path, folder: str) -> dict[str, str]:
    """For each case, the part of the run's report that shows its frames: of what failed the very frame or step."""
    try:
        page = (root / folder / "report.html").read_bytes()
        result = orjson.loads((root / folder / "result.json").read_bytes())
    except (OSError, ValueError):
        return {}
    link, places = quote(f"{folder}/report.html"), {}
    for case in dicts(table(result).get("cases")):
        name = str(case.get("id"))
        shown = (anchor for anchor in _decisive(case) if f'id="{anchor}"'.encode() in page)
        places[name] = f"{link}#{next(shown, slug(name))}"
    return places


def _decisive(case: dict[str, Any]) -> Iterator[str]:
    """Where a report shows what decided a case that did not pass: the frame, or the step for which none came."""
    if case.get("verdict") == Verdict.PASS:
        return
    for step in dicts(case.get("steps")):
        if step.get("outcome") == "fail":
            yield from (f"f{step[key]}" for key in ("frame", "closest") if step.get(key))
            yield f"s{step.get('n')}"
    for remark in dicts(case.get("remarks")):
        if remark.get("severity") == "violation" and remark.get("frame"):
            yield f"f{remark['frame']}"
