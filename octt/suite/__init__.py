"""Catalogue and PICS make the plan; the pytest plugin; the words that test scripts are written in.

A script needs no more than this module: `case` marks a test as a test case of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from octt.suite.matching import ABSENT, PRESENT

__all__ = ["ABSENT", "PRESENT", "case"]

F = TypeVar("F", bound=Callable[..., None])


def case(case_id: str) -> Callable[[F], F]:
    """Marks a test function as the script of a test case, by its id in testcases/catalogue.toml."""
    import pytest

    return pytest.mark.octt_case(case_id)
