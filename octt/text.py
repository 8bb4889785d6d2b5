"""Text from outside, made fit to be shown: a station or a rig may send any character in any text."""

from __future__ import annotations

import re

# Characters that a reader cannot see or that reorder what he sees: controls, bidirectional marks, zero widths, halves
# of surrogate pairs. A terminal would obey some of them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)


def visible(value: object, limit: int = 0) -> str:
    """`value` as text in which invisible characters are written as ‹U+001B›; cut at `limit` characters if given."""
    if type(value) is str and not limit and value.isprintable():  # nearly always, and much faster
        return value
    text = "" if value is None else str(value)
    if limit and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _INVISIBLE.sub(lambda match: f"‹U+{ord(match[0]):04X}›", text)


def one_line(value: object, limit: int = 0) -> str:
    """As `visible`, in one line: nothing in it can look like a line of ours."""
    return visible(value, limit).replace("\n", "‹U+000A›").replace("\t", " ")
