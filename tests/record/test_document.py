"""docs/record.md is made from the classes of the events, and nothing of them is left unsaid."""

from __future__ import annotations

from pathlib import Path

from octt.record.document import document
from octt.record.events import KINDS

PAGE = Path(__file__).parent.parent.parent / "docs" / "record.md"


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == document(), "make docs"


def test_every_kind_and_field_is_described():
    page = document()
    for kind, described in KINDS.items():
        of_kind = page.partition(f"\n## `{kind}`\n")[2].partition("\n## ")[0]
        assert of_kind.strip(), kind
        for field in set(described.__struct_fields__) - {"n", "t", "m", "case", "prev"}:
            assert f"| `{field}` | " in of_kind
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row for row in rows if not row.split("|")[3].strip()] == []
