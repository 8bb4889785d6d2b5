"""Reading a bench file: what is wrong is said before the run, with file, key, found value and what is allowed."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from octt.bench.settings import SECRET, Bench, Secret

TEMPLATE = Path(__file__).with_name("template.toml")
"""A commented bench file to start from."""


class ConfigError(Exception):
    """The bench, the PICS or the command line is wrong; the message names the place and the remedy."""


def load(path: Path) -> Bench:
    """Reads a bench file. Raises ConfigError with file, key, found value and allowed values."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"bench file {path}: {error.strerror}; write one with: octt new {path}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"bench file {path}: not a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"bench file {path}: not valid TOML: {error}") from None
    try:
        return Bench.model_validate(data)
    except ValidationError as error:
        lines = [sentence(detail) for detail in error.errors()]
        raise ConfigError("\n".join(f"bench file {path}: {line}" for line in lines)) from None


def sentence(detail: Any, root: type[BaseModel] = Bench) -> str:
    """One of pydantic's errors about a file with tables as `root` has them: key, found value, what is allowed."""
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        known = _keys_at(root, location[:-1])
        near = difflib.get_close_matches(location[-1], known, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return f"unknown key {key}; {hint}"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    found = detail["input"]
    shown = "" if isinstance(found, dict) else f" = {SECRET if _is_secret(location) else repr(found)}"
    return f"{key}{shown}: {message}" if key else message


def _keys_at(root: type[BaseModel], location: list[str]) -> list[str]:
    """The keys of a table."""
    model: Any = root
    for part in location:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return []
        model = field.annotation
    return list(getattr(model, "model_fields", {}))


def _is_secret(location: list[str]) -> bool:
    """Whether the value at a key, or one in the table at that key, must not be shown."""
    place, *rest = location or [""]
    section = getattr(Bench.model_fields.get(place), "annotation", None)
    fields = getattr(section, "model_fields", {})
    return any(Secret in field.metadata for key, field in fields.items() if not rest or key == rest[0])
