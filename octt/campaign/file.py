"""The campaign file: which stations, with which declarations and cases; what is wrong is said before it starts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from octt.bench import ConfigError
from octt.bench.file import sentence
from octt.bench.section import Seconds, Section

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Entry(Section):
    """A station: its bench, its declarations, and what it is to be asked. `rack`: which machine has it."""

    name: Name
    bench: str = ""
    pics: str | list[str] | None = None
    cases: list[str] | None = None
    profiles: list[str] | None = None
    rack: Name | None = None


class CampaignFile(Section):
    """The whole file. What a station does not say itself is said here for all of them."""

    name: Annotated[str, Field(max_length=200)] = ""
    side_by_side: Annotated[int, Field(ge=1, le=10_000)] | None = None
    patience: Seconds = 600
    pics: str | list[str] = ""
    cases: list[str] = Field(default_factory=list)
    profiles: list[str] = Field(default_factory=list)
    station: Annotated[list[Entry], Field(min_length=1, max_length=10_000)]


@dataclass(frozen=True)
class Asked:
    """One run that is asked for: a station, a declaration, a choice of cases. `name` is the run's, as a path."""

    name: str
    station: str
    rack: str
    bench: Path
    pics: Path | None = None
    cases: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Campaign:
    """What a file asks for, in its order."""

    file: Path
    name: str
    side_by_side: int | None
    patience: float
    """Seconds for which a rack may be silent."""

    runs: tuple[Asked, ...]


def load(path: Path) -> Campaign:
    """Reads a campaign file; other files are looked for from where it is. Raises ConfigError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found = CampaignFile.model_validate(data)
    except OSError as error:
        raise ConfigError(f"campaign file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"campaign file {path}: not a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"campaign file {path}: not valid TOML: {error}") from None
    except ValidationError as error:
        lines = [_told(detail, data) for detail in error.errors()]
        raise ConfigError("\n".join(f"campaign file {path}: {line}" for line in lines)) from None
    runs = tuple(run for entry in found.station for run in _runs(path, found, entry))
    seen: dict[str, str] = {}
    for entry in found.station:
        if entry.name.casefold() in seen:
            raise ConfigError(
                f"campaign file {path}: two stations are called {entry.name}; each needs a name"
            )
        seen[entry.name.casefold()] = entry.name
    return Campaign(path, found.name or path.stem, found.side_by_side, found.patience, runs)


def _told(detail: Any, data: dict[str, Any]) -> str:
    """An error, with the name of its station where it has one."""
    place = list(detail["loc"])
    if place[:1] != ["station"] or len(place) < 2 or not isinstance(place[1], int):
        return sentence(detail, CampaignFile)
    found = data["station"][place[1]]
    named = found.get("name") if isinstance(found, dict) else None
    of: type[BaseModel] = Entry
    whose = f"station {named!r}" if isinstance(named, str) and named else f"station number {place[1] + 1}"
    return f"{whose}: {sentence({**detail, 'loc': place[2:]}, of)}"


def _runs(path: Path, file: CampaignFile, entry: Entry) -> list[Asked]:
    """A run for each declaration of a station."""
    if not entry.bench:
        raise ConfigError(
            f"campaign file {path}: station {entry.name!r} has no bench; name its bench file: "
            f'bench = "{entry.name}.toml"'
        )
    given = file.pics if entry.pics is None else entry.pics
    declared = [given] if isinstance(given, str) and given else list(given or [])
    stems = [Path(one).stem for one in declared]
    if twice := next((stem for stem in stems if stems.count(stem) > 1), None):
        raise ConfigError(
            f"campaign file {path}: station {entry.name!r} has two declarations called {twice}; "
            "each needs a file name of its own"
        )
    cases = tuple(file.cases if entry.cases is None else entry.cases)
    profiles = tuple(file.profiles if entry.profiles is None else entry.profiles)
    common = (entry.name, entry.rack or entry.name, path.parent / entry.bench)
    if len(declared) < 2:
        return [Asked(entry.name, *common, path.parent / declared[0] if declared else None, cases, profiles)]
    return [
        Asked(f"{entry.name}/{Path(one).stem}", *common, path.parent / one, cases, profiles)
        for one in declared
    ]
