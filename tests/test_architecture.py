"""Imports go in one direction (docs/architecture.md), and files and folders stay short enough to take in."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import octt
from octt.paths import TESTCASES

PACKAGE = Path(octt.__file__).parent
LONGEST_FILE, FULLEST_FOLDER, LINES_PER_CASE = 350, 20, 20

LIMITING = ("within", "during", "after", "due", "at_most", "seconds", "timeout")
"""Words of the language that take a time; how long something may take is none of a script's business."""

ROOMS = {
    "ocpp": set(),
    "record": set(),
    "pki": set(),
    "bench": set(),
    "paths": set(),
    "text": set(),
    "timeline": {"ocpp", "record"},
    "tls": {"pki"},
    "csms": {"ocpp", "pki", "record", "text", "timeline", "tls"},
    "files": {"pki", "tls"},
    "monitors": {"ocpp", "record"},
    "station": {"ocpp", "text", "timeline"},
    "console": {"ocpp", "record", "station", "text", "timeline"},
    "measure": {"ocpp", "record"},
    "pics": {"measure", "ocpp", "paths", "record"},
    "script": {"bench", "csms", "files", "ocpp", "pics", "pki", "record", "station", "timeline", "tls"},
    "suite": {
        *("bench", "csms", "files", "monitors", "ocpp", "paths", "pics", "pki", "record", "script"),
        *("station", "text", "timeline", "tls"),
    },
    "report": {"measure", "ocpp", "paths", "pics", "record", "text"},
    "history": {"measure", "record", "report"},
    "campaign": {"bench", "history", "ocpp", "record", "report", "suite", "text"},
    "simulator": {"bench", "pics"},
    "audit": {
        *("bench", "csms", "files", "monitors", "ocpp", "paths", "pics", "pki", "record", "script"),
        *("station", "suite", "text", "timeline"),
    },
    "fuzz": {
        *("bench", "csms", "ocpp", "paths", "record", "report", "script", "station", "suite", "text"),
        "timeline",
    },
    "commands": {
        *(
            "audit",
            "bench",
            "campaign",
            "console",
            "fuzz",
            "history",
            "paths",
            "pics",
            "pki",
            "record",
            "report",
            "script",
            "simulator",
            "station",
            "suite",
            "text",
        ),
    },
}
"""Each room, and those it may know: from the bottom to the top."""

WITHIN = {
    "audit": {
        "inventory": set(),
        "reading": set(),
        "judge": {"reading"},
        "inspect": {"reading"},
        "mutants": set(),
        "proxy": {"mutants"},
        "outcome": {"mutants"},
        "equivalent": {"mutants"},
        "player": {"mutants", "outcome", "proxy"},
        "tables": {"equivalent", "mutants", "outcome"},
        "audit": {"mutants", "outcome", "player"},
    },
    "fuzz": {
        "story": set(),
        "frames": set(),
        "dangers": set(),
        "drawing": {"dangers", "story"},
        "striking": {"story"},
        "machine": {"story", "striking"},
        "search": {"machine", "story", "striking"},
        "script": {"story"},
        "fuzzing": {"dangers", "drawing", "frames", "script", "search", "story", "striking"},
        "outputs": {"dangers", "fuzzing", "story"},
    },
    "monitors": {"known": set(), "rules": {"known"}, "monitors": {"known", "rules"}},
    "timeline": {
        "matching": set(),
        "state": set(),
        "entry": {"state"},
        "fold": {"entry", "state"},
        "expectation": {"entry", "matching"},
        "order": {"entry", "expectation"},
        "judge": {"entry", "expectation", "order"},
        "timeline": {"entry", "fold", "state"},
    },
    "report": {
        "text": set(),
        "differences": set(),
        "evidence": set(),
        "model": {"evidence", "text"},
        "certificate": {"model", "text"},
        "html": {"certificate", "diff", "differences", "model", "text", "ticket"},
        "pdf": {"certificate", "model", "text"},
        "ticket": {"model", "text"},
        "json_out": {"model", "text", "ticket"},
        "junit": {"json_out", "model", "text"},
        "summary": {"model", "text"},
        "github": {"model", "text"},
        "diff": {"json_out", "model", "text"},
        "write": {"evidence", "html", "json_out", "junit", "model", "pdf", "summary"},
    },
    "simulator": {
        "freedom": set(),
        "options": {"freedom"},
        "part": set(),
        "world": set(),
        "link": {"options", "part", "world"},
        "parts": {"freedom", "link", "options", "part", "world"},
        "faults": {"link", "options", "part", "parts", "world"},
        "station": {"faults", "link", "options", "part", "parts", "world"},
        "control": {"parts", "station", "world"},
        "main": {"control", "faults", "freedom", "link", "options", "station"},
    },
}
"""The same inside a room that has rooms of its own."""

UPWARDS = {("simulator", "part"): {"station"}}
"""Imports against the order, for types only: a part reaches the others through the station they belong to."""


def files(folder=PACKAGE):
    return sorted(
        path for path in folder.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py"
    )


def module(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imported(path, *, at_run_time=False):
    """The modules of ours that a file imports, late imports included; without type-only ones `at_run_time`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if at_run_time:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                tuple(alias.name.split(".")) for alias in node.names if alias.name.startswith("octt.")
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "octt":
            package = tuple(str(node.module).split("."))
            for alias in node.names:
                below = PACKAGE.parent.joinpath(*package, alias.name)
                inside = below.is_dir() or below.with_suffix(".py").exists()
                yield (*package, alias.name) if inside else package


def names(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(PACKAGE)))


def room(parts):
    return parts[1].removesuffix(".py")


@names(files())
def test_imports_go_in_one_direction(path):
    own = room(module(path))
    assert {room(target) for target in imported(path) if len(target) > 1} - {own} <= ROOMS[own]


@names([path for path in files() if room(module(path)) in WITHIN])
def test_imports_go_in_one_direction_inside_a_room(path):
    _, outer, *inner = module(path)
    if inner and inner[0] != "__main__":
        known, needed = (
            {target[2] for target in imported(path, at_run_time=at) if len(target) > 2 and target[1] == outer}
            for at in (False, True)
        )
        allowed = {inner[0], *WITHIN[outer][inner[0]]}
        assert needed <= allowed
        assert known <= allowed | UPWARDS.get((outer, inner[0]), set())


def test_every_room_is_in_the_list_and_the_list_has_no_circle():
    def inside(folder):
        found = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
        return found | {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}

    for listed, folder in ((ROOMS, PACKAGE), *((WITHIN[name], PACKAGE / name) for name in WITHIN)):
        assert inside(folder) == set(listed)
        seen = set()
        for name, below in listed.items():
            assert below <= seen | {name} or below <= set(listed)
            seen.add(name)
        assert not circle({name: below - {name} for name, below in listed.items()})


def circle(graph):
    """The names that lead to themselves, if any: what is left when those that lead nowhere are taken away."""
    left = {name: set(below) for name, below in graph.items()}
    while free := [name for name, below in left.items() if not below & set(left)]:
        for name in free:
            del left[name]
    return sorted(left)


@pytest.mark.parametrize("name", sorted(name for name in ROOMS if (PACKAGE / name).is_dir()))
def test_a_room_says_what_it_may_import(name):
    said = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8")))
    _, _, names = " ".join(said.split()).partition("May import ")
    if name == "commands":
        assert names.startswith("every room")
    else:
        told = set(re.findall(r"`(\w+)`", names.partition(".")[0])) & set(ROOMS)
        assert told == ROOMS[name] - {"paths", "text"}
        assert told or "Imports no other room." in said


def test_no_file_imports_itself_over_others():
    modules = {module(path): path for path in files()}
    graph = {
        own: {target for target in imported(path, at_run_time=True) if target in modules} - {own}
        for own, path in modules.items()
    }
    # A package that only gathers what is below it is no part of a circle.
    for own, path in modules.items():
        if path.name == "__init__.py":
            graph[own] = {target for target in graph[own] if target[: len(own)] != own}
    assert circle(graph) == []


@names(files())
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def folders():
    return sorted({path.parent for path in files()} - {PACKAGE})


@pytest.mark.parametrize("folder", folders(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_folder_can_be_seen_at_a_glance(folder):
    entries = [path for path in folder.iterdir() if path.suffix == ".py" and path.name != "__init__.py"]
    assert len(entries) <= FULLEST_FOLDER
    stems = {path.stem for path in entries} | {folder.name}
    assert not {s for s in stems for t in stems if s != t and s.startswith(f"{t}_")}, (
        "a sibling plus a suffix"
    )
    assert (ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or "").strip()


def test_a_case_can_be_read_on_one_screen():
    """On average; what several cases need is a word of the language."""
    scripts = [path.read_text(encoding="utf-8") for path in TESTCASES.rglob("test_*.py")]
    lines = sum(len(text.splitlines()) for text in scripts)
    assert lines <= LINES_PER_CASE * sum(text.count("@case(") for text in scripts)


def test_no_script_names_seconds_as_a_limit():
    """They follow from what is waited for (octt/script/limits.py), or are the bench's."""
    for path in TESTCASES.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            given = node.keywords if isinstance(node, ast.Call) else []
            named = [word.arg for word in given if word.arg in LIMITING and _is_number(word.value)]
            assert named == [], f"{path.name}:{node.lineno}"


def _is_number(node):
    """Whether an expression is made of numbers only."""
    inside = {type(part) for part in ast.walk(node)}
    return ast.Constant in inside and not {ast.Name, ast.Attribute, ast.Call} & inside


def test_the_simulator_shares_no_protocol_code_with_the_central_system():
    for path in files(PACKAGE / "simulator"):
        rooms = {room(target) for target in imported(path) if len(target) > 1}
        assert not {"csms", "ocpp", "script", "suite", "monitors", "timeline"} & rooms, path.name
