"""What is known of a campaign, kept in campaign.json of its folder: runs, attempts, verdicts; safe against a crash."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from octt import __version__
from octt.bench import ConfigError
from octt.campaign.file import Asked, Campaign
from octt.campaign.following import Seen
from octt.report.write import write_file

FILE = "campaign.json"
FORMAT = 1
PASSED, FAILED, UNDECIDED, NOT_CARRIED_OUT = 0, 1, 3, 4
"""Exit codes of a run, and of a campaign."""
VERDICTS = (PASSED, FAILED, UNDECIDED)
_WORST = (NOT_CARRIED_OUT, FAILED, UNDECIDED, PASSED)


@dataclass
class Tried:
    """An attempt at a run. `folder` is below the campaign's; `code` is None while there is none to be had."""

    folder: str
    code: int | None = None
    why: str = ""
    """Why it was not carried out, a sentence."""

    record: str = ""
    """The last hash of its record, where it came from a rack: as the rack had it."""

    over: bool = False

    @property
    def verdict(self) -> bool:
        """Whether it was carried out."""
        return self.over and self.code in VERDICTS


@dataclass
class Run:
    """What was asked for, what was tried, and what is seen of it now."""

    asked: Asked
    print: str
    """Fingerprint of what was asked: bench, declaration, cases."""

    tried: list[Tried] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)

    @property
    def name(self) -> str:
        """Its name in the campaign."""
        return self.asked.name

    @property
    def last(self) -> Tried | None:
        """The attempt that counts."""
        return self.tried[-1] if self.tried else None

    @property
    def done(self) -> bool:
        """Whether it has a verdict."""
        return self.last is not None and self.last.verdict

    @property
    def code(self) -> int:
        """Its exit code; what was refused, killed or not begun was not carried out."""
        return self.last.code if self.done and self.last and self.last.code is not None else NOT_CARRIED_OUT

    def next(self) -> Tried:
        """The attempt to go on with: one that is not over, else a new one."""
        if self.last is None or self.last.over:
            stem = self.asked.name.partition("/")[2]
            number = len(self.tried) + 1
            self.tried.append(Tried(f"{self.asked.station}/{stem}{'-' if stem else ''}{number}"))
        return self.tried[-1]


class Ledger:
    """A campaign and its folder, which nobody else may use meanwhile."""

    def __init__(self, campaign: Campaign, folder: Path) -> None:
        """Raises ConfigError for a folder that is in use, holds another campaign, or cannot be written to."""
        self.campaign, self.folder = campaign, folder
        self.notices: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "campaign.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise ConfigError(f"output folder {folder}: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigError(
                f"{folder} is in use by a campaign that goes on; choose another --out"
            ) from None
        self.id = uuid.uuid4().hex[:12]
        self.runs = [Run(asked, _fingerprint(asked)) for asked in campaign.runs]
        self.left_out: list[dict[str, Any]] = []
        """Runs of the folder that are not asked for any more; they are kept."""

        try:
            self._read()
        except ConfigError:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._lock)

    def _read(self) -> None:
        path = self.folder / FILE
        if not path.exists():
            if (self.folder / "record.jsonl").exists():
                raise ConfigError(f"{self.folder} is the folder of a run; choose another folder with --out")
            return
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            known = {str(one["run"]): one for one in data["runs"]}
            self.id = str(data["id"])
            tried = {name: [Tried(**each) for each in one["tried"]] for name, one in known.items()}
        except (OSError, ValueError, TypeError, KeyError):
            raise ConfigError(f"{path} cannot be read; choose another folder with --out") from None
        for run in self.runs:
            run.tried = tried.get(run.name, [])
            if run.done and known[run.name].get("asked") != run.print:
                self.notices.append(f"{run.name} is run again: its bench, declaration or cases were changed")
                run.tried[-1].code, run.tried[-1].why = None, "asked for something else"
            elif run.done and not (self.folder / run.tried[-1].folder / "record.jsonl").exists():
                self.notices.append(f"{run.name} is run again: its record is gone")
                run.tried[-1].code, run.tried[-1].why = None, "its record is gone"
        names = {run.name for run in self.runs}
        self.left_out = [one for name, one in known.items() if name not in names]
        done = sum(run.done for run in self.runs)
        self.notices.append(f"{done} of {len(self.runs)} runs have a verdict; the others are run now")

    def save(self, **more: Any) -> None:
        """Writes campaign.json, as a whole or not at all. Raises OSError."""
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        details: dict[str, dict[str, Any]] = more.pop("details", {})
        runs = [self._as_dict(run) | details.get(run.name, {}) for run in self.runs]
        data = {
            "format": FORMAT,
            "id": self.id,
            "name": self.campaign.name,
            "tool": __version__,
            **more,
            "runs": [*runs, *self.left_out],
        }
        write_file(self.folder / FILE, orjson.dumps(data, option=option))

    def _as_dict(self, run: Run) -> dict[str, Any]:
        return {
            "run": run.name,
            "station": run.asked.station,
            "rack": run.asked.rack,
            "asked": run.print,
            "code": run.code if run.last and run.last.over else None,
            "tried": [asdict(one) for one in run.tried],
        }


def worst(codes: Sequence[int]) -> int:
    """The exit code of a campaign: 4 over 1 over 3 over 0.

    What was not carried out comes first: as long as a run is missing, nothing can be said of the whole.
    """
    return next((code for code in _WORST if code in codes), NOT_CARRIED_OUT)


def _fingerprint(asked: Asked) -> str:
    digest = hashlib.sha256()
    for path in (asked.bench, asked.pics):
        with contextlib.suppress(OSError):
            digest.update(path.read_bytes() if path else b"")
        digest.update(b"\0")
    digest.update(repr((asked.cases, asked.profiles)).encode())
    return digest.hexdigest()[:16]
