"""Where the files that ship with the tool are: beside the package in a checkout, inside it when installed."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
DATA = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent

TESTCASES = DATA / "testcases"
PICS = DATA / "pics"
REPORTS = DATA / "reports"


def cache(name: str) -> Path:
    """A folder of the user's cache, for what costs time to make again; it may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "octt" / name


def config(name: str) -> Path:
    """A file of the user's settings, which are kept; it may not exist yet. RuntimeError when nobody is at home."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "octt" / name
