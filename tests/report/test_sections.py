"""Every section that is cited anywhere has a line that says what it demands."""

import ast
import re
import tomllib

import pytest

from octt import paths
from octt.report.model.sections import TABLE, cited, demanded, sections

PACKAGE = TABLE.parents[1]
NAME = r"(?:OCPP 1\.6|OCPP-J(?: 1\.6)?(?: errata)?|(?:security )?whitepaper|test-case document|errata)"
PLACE = r"(?:TC_\w+|[A-Z]\d\d(?:\.FR\.\d+)?|\d+(?:\.\d+)*)"
DOCUMENT = re.compile(
    rf"{NAME}(?: (?:sections?|chapters?))? {PLACE}(?:(?:,|;| and)* (?:{NAME} )?(?:(?:sections?|chapters?) )?{PLACE})*"
)
REQUIREMENT = re.compile(r"[A-Z]\d\d(?:\.FR\.\d+)?(?:, [\w.]+)*")


def prose(tree):
    """The docstrings of a module: they tell, they do not cite."""
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }


def citations(path):
    """Texts of a file that are citations: whole ones, and requirements that are put behind the document's name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = prose(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in told:
            continue
        text = node.value
        if REQUIREMENT.fullmatch(text):
            yield f"whitepaper {text}"
        elif DOCUMENT.fullmatch(text):
            yield text


def every_citation():
    found = {
        citation
        for folder in (PACKAGE, paths.TESTCASES)
        for path in folder.rglob("*.py")
        if "report" not in path.parts
        for citation in citations(path)
    }
    catalogue = tomllib.loads((paths.TESTCASES / "catalogue.toml").read_text(encoding="utf-8"))
    return found | {f"test-case document {case['document']['section']}" for case in catalogue["case"]}


def test_the_search_finds_citations_of_every_kind():
    found = every_citation()
    assert {"OCPP 1.6 5.11", "whitepaper A00.FR.318", "test-case document 2.1.1"} <= found
    assert any(citation.startswith("OCPP-J") for citation in found)
    assert len(found) > 150


@pytest.mark.parametrize("citation", sorted(every_citation()))
def test_a_section_that_is_cited_says_what_it_demands(citation):
    found = sections(citation)
    assert found
    assert [str(section) for section in found if not section.demands] == []


@pytest.mark.parametrize(
    ("citation", "places"),
    [
        ("4.9", [("OCPP 1.6", "4.9")]),
        ("OCPP 1.6 5.7, errata 3.57", [("OCPP 1.6", "5.7"), ("OCPP 1.6 errata", "3.57")]),
        ("OCPP 1.6 sections 3.7, 4.8 and 4.10", [("OCPP 1.6", place) for place in ("3.7", "4.8", "4.10")]),
        ("OCPP 1.6 chapter 6; OCPP-J errata 3.2", [("OCPP 1.6", "6"), ("OCPP-J 1.6 errata", "3.2")]),
        ("OCPP-J 1.6 4.1.1", [("OCPP-J 1.6", "4.1.1")]),
        (
            "OCPP 1.6 chapters 4 and 5; security whitepaper chapter 5",
            [("OCPP 1.6", "4"), ("OCPP 1.6", "5"), ("whitepaper", "5")],
        ),
        ("whitepaper A00.FR.312, 318", [("whitepaper", "A00.FR.312"), ("whitepaper", "A00.FR.318")]),
        ("whitepaper A02.FR.03, 2.6.1", [("whitepaper", "A02.FR.03"), ("whitepaper", "2.6.1")]),
        ("test-case document 2.3.5; OCPP 1.6 4.9", [("test-case document", "2.3.5"), ("OCPP 1.6", "4.9")]),
        ("", []),
    ],
)
def test_a_citation_is_read_place_by_place(citation, places):
    assert list(cited(citation)) == places


def test_the_lines_are_short_and_say_nothing_twice():
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    for document, places in table.items():
        for place, entry in places.items():
            assert set(entry) == {"title", "demands"}, (document, place)
            assert 10 < len(entry["demands"]) < 240, (document, place)
            assert entry["demands"].endswith((".", "…")), (document, place)


@pytest.mark.parametrize(
    ("citation", "message", "places"),
    [
        ("test-case document 2.3.1", "StatusNotification.req does not come", ["2.3.1", "4.9"]),
        ("test-case document 2.3.1", "the station does not connect", ["2.3.1"]),
        ("OCPP 1.6 5.11", "StatusNotification.req does not come", ["5.11"]),
        ("", "ReserveNow.conf: status is 'Occupied'", ["5.13"]),
    ],
)
def test_the_section_of_the_message_stands_beside_a_scenario(citation, message, places):
    assert [section.place for section in demanded(citation, message)] == places
