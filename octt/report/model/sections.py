"""What each section that is cited demands, in a line of our own words (octt/report/sections.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).parents[1] / "sections.toml"

_DOCUMENTS = {
    "ocpp 1.6": "OCPP 1.6",
    "ocpp-j": "OCPP-J 1.6",
    "ocpp-j errata": "OCPP-J 1.6 errata",
    "errata": "OCPP 1.6 errata",
    "whitepaper": "whitepaper",
    "test-case document": "test-case document",
}
"""What a citation calls a document, and what the table does."""

_TOKEN = re.compile(
    r"(?P<document>OCPP-J(?: 1\.6)?(?: errata)?|OCPP 1\.6|errata|whitepaper|test-case document)"
    r"|(?P<place>\b(?:TC_\w+|[A-Z]\d\d(?:\.FR\.\d+)?|\d+(?:\.\d+)*)\b)"
)


@dataclass(frozen=True)
class Section:
    """A section of a document: what it is about, and what it demands, a line each."""

    document: str
    place: str
    title: str = ""
    demands: str = ""

    def __str__(self) -> str:
        place = f"requirement {self.place}" if ".FR." in self.place else f"§ {self.place}"
        return f"{self.document} {self.place if self.place[:3] == 'TC_' else place}"


def cited(citation: str) -> Iterator[tuple[str, str]]:
    """The documents and places that a citation names: "OCPP 1.6 4.7, errata 3.57" names two.

    A bare number is a section of OCPP 1.6; one behind a requirement ("A00.FR.312, 318") is another of its group.
    """
    document, before = _DOCUMENTS["ocpp 1.6"], ""
    for token in _TOKEN.finditer(citation):
        if token["document"]:
            document = _DOCUMENTS[token["document"].lower().replace("ocpp-j 1.6", "ocpp-j")]
            continue
        group, of_group, _ = before.partition(".FR.")
        before = f"{group}.FR.{token['place']}" if of_group and token["place"].isdigit() else token["place"]
        yield document, before


def sections(citation: str) -> list[Section]:
    """What a citation demands, section by section; one that the table does not have without words."""
    table = _load()
    return [table.get(place, Section(*place)) for place in dict.fromkeys(cited(citation))]


def demanded(citation: str, message: str) -> list[Section]:
    """What is demanded where a sentence about `message` rests on `citation`.

    The test-case document only sets the scene: where it is all that is cited, the section of the message is added.
    """
    found = sections(citation)
    if any(section.document != _DOCUMENTS["test-case document"] for section in found):
        return found
    name = re.match(r"\w+", message)
    own = _of_messages().get(name[0].casefold()) if name else None
    return [*found, own] if own else found


@lru_cache(maxsize=1)
def _of_messages() -> dict[str, Section]:
    """The section that describes each message, by its name in lower case: the section's title, written together."""
    described = [s for s in _load().values() if s.document == "OCPP 1.6" and s.place[:2] in ("4.", "5.")]
    return {section.title.replace(" ", "").casefold(): section for section in reversed(described)}


@lru_cache(maxsize=1)
def _load() -> dict[tuple[str, str], Section]:
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        (document, place): Section(document, place, entry["title"], entry["demands"])
        for document, places in data.items()
        for place, entry in places.items()
    }
