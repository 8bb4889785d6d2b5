"""How a script says which test case it is. Imported with every pytest run, so it imports nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MARK = "octt_case"


def case_id(item: pytest.Item) -> str | None:
    """The case that a collected test is; None for a test that is none."""
    mark = item.get_closest_marker(MARK)
    return str(mark.args[0]) if mark else None
