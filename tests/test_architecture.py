"""Imports go in one direction (docs/architecture.md), and files stay short enough to read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import octt

PACKAGE = Path(octt.__file__).parent
MAY_IMPORT = {
    "ocpp": set(),
    "record": set(),
    "bench": set(),
    "paths": set(),
    "csms": {"ocpp", "record"},
    "monitors": {"ocpp", "record"},
    "station": {"record"},
    "measure": {"ocpp", "record"},
    "pics": {"measure", "ocpp", "paths", "record"},
    "suite": {"bench", "csms", "monitors", "ocpp", "paths", "pics", "record", "station"},
    "report": {"measure", "ocpp", "paths", "pics", "record"},
    "simulator": {"bench", "pics"},
    "front": {"bench", "paths", "pics", "record", "report", "station", "suite"},
    "probe": {"bench", "front", "suite"},
    "pki_commands": {"bench", "csms", "suite"},
    "cli": {"bench", "front", "pics", "probe", "report", "simulator", "suite"},
}
"""Each room, and those it may know."""


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The rooms a file imports, late imports included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"octt.{alias.name}" for alias in node.names] if node.module == "octt" else [node.module]
        for name in names:
            parts = name.split(".")
            if parts[0] == "octt" and len(parts) > 1 and not parts[1].startswith("_"):
                yield parts[1]


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_in_one_direction(path):
    own = room(path)
    assert set(imported(path)) - {own} <= MAY_IMPORT[own]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 470


def test_the_simulator_shares_no_protocol_code_with_the_central_system():
    for path in (PACKAGE / "simulator").rglob("*.py"):
        assert not {"csms", "ocpp", "suite", "monitors"} & set(imported(path)), path.name
