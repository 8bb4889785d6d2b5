"""What every line of a record has, and what stands for a kind that this version does not know."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer that every reader of JSON can hold."""
Table = dict[str, Any]
"""A JSON object whose fields are set elsewhere."""


class PlanLine(Struct, frozen=True, kw_only=True):
    """A case of the plan, and whether the declaration lets it be tested."""

    case: str = ""  # its id
    name: str = ""  # its title in the test-case document
    profile: str = ""  # its certification profile
    section: str = ""  # where it stands in the test-case document
    applicable: bool | None = None  # null: not decided yet
    reason: str = ""  # the answers that decided, in a sentence
    connector: Int = 0  # which one it is for, where a run tests each


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """One line of a record. Its head is set when it is written."""

    n: Int = 0  # number of the line, from 1
    t: Int = 0  # wall clock, Unix nanoseconds
    m: Int = 0  # monotonic clock, nanoseconds
    case: str | None = None  # id of the test case that it belongs to; none between cases
    prev: str = ""  # SHA-256 (hex) of the whole line before, without its newline; 64 zeros in line 1

    @property
    def kind(self) -> str:
        """What stands under `kind` on its line."""
        return str(self.__struct_config__.tag)


class Other(Event, frozen=True, kw_only=True):
    """An event of a kind that this version does not know."""

    name: str  # its kind
    fields: Table  # all of the line

    @property
    def kind(self) -> str:
        """What stands under `kind` on its line."""
        return self.name
