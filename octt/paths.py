"""Where the files that ship with the tool are: beside the package in a checkout, inside it when installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
DATA = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent

TESTCASES = DATA / "testcases"
PICS = DATA / "pics"
REPORTS = DATA / "reports"
