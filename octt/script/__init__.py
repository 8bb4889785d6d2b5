"""The language of the test scripts: what the station must do, what we do, and what puts it back.

A script needs no more than this module: `case` marks a test as a test case of the catalogue. May import `bench`,
`csms`, `files`, `ocpp`, `pics`, `pki`, `record`, `station`, `timeline` and `tls`; it does not know the run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from octt.timeline.matching import ABSENT, PRESENT, but

__all__ = ["ABSENT", "PRESENT", "but", "case"]

F = TypeVar("F", bound=Callable[..., None])


def case(case_id: str) -> Callable[[F], F]:
    """Marks a test function as the script of a test case, by its id in testcases/catalogue.toml."""
    import pytest

    return pytest.mark.octt_case(case_id)
