"""What must never be shown, in whatever form it comes: passwords, plain and encoded.

A password travels as AuthorizationKey (the hexadecimal text of its bytes), in Base64 behind Basic, in URLs, and in
binary frames, which a record holds as hexadecimal text. Whoever learns of a secret tells `SECRETS`; every line of a
record, and everything that is said at the terminal, is masked by it.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

from ahocorasick_rs import BytesAhoCorasick, MatchKind

MASK = "(secret)"
SHORTEST = 8
"""Characters of the shortest form that is masked; a shorter one may stand anywhere by chance."""


class Secrets:
    """The secrets of this process."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._forms: set[bytes] = set()
        self._search: BytesAhoCorasick | None = None

    def hide(self, *secrets: str) -> None:
        """From now on these are masked. May be called from any thread."""
        new = {secret for one in secrets for secret in (one, _decoded(one)) if secret} - self._known
        if not new:
            return
        self._known |= new
        told = (form.encode("utf-8", "replace") for secret in new for form in _forms(secret))
        self._forms |= {form.lower() for form in told if len(form) >= SHORTEST}
        if self._forms:
            self._search = BytesAhoCorasick(sorted(self._forms), matchkind=MatchKind.LeftmostLongest)

    def within(self, data: bytes) -> bool:
        """Whether a secret stands in these bytes, a line of JSON for example."""
        return self._search is not None and bool(self._search.find_matches_as_indexes(data.lower()))

    def masked(self, text: str) -> str:
        """The text without secrets."""
        if self._search is None:
            return text
        data = text.encode("utf-8", "surrogatepass")
        found = self._search.find_matches_as_indexes(
            data.lower()
        )  # of bytes, this changes ASCII letters only
        if not found:
            return text
        kept, place = [], 0
        for _form, begin, end in found:
            kept.append(data[place:begin])
            place = end
        return MASK.encode().join([*kept, data[place:]]).decode("utf-8", "surrogatepass")

    def masked_in(self, value: Any) -> Any:
        """The same for every text in lists and tables, names apart."""
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, dict):
            return {name: self.masked_in(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.masked_in(one) for one in value]
        return value


def _decoded(code: str) -> str:
    """What a hexadecimal text, as a password is configured in a station, stands for."""
    try:
        return bytes.fromhex(code).decode("utf-8", "surrogateescape")
    except ValueError:
        return ""


def _forms(secret: str) -> Iterator[str]:
    code = secret.encode("utf-8", "surrogateescape")
    texts = (code, code.hex().encode(), code.hex().upper().encode())  # Base64 keeps the case
    for text in texts:
        told = text.decode("utf-8", "replace")
        written = [told, *_in_json(told), *_in_url(text), *_in_base64(text)]
        yield from written
        yield from (one.encode("utf-8", "replace").hex() for one in written)


def _in_json(text: str) -> Iterator[str]:
    """In a text, in one within a text, and in a line that holds that; what is not ASCII as it is, or escaped."""
    written = {text}
    for _ in range(3):
        written = {
            json.dumps(one, ensure_ascii=ascii_only)[1:-1] for one in written for ascii_only in (False, True)
        }
        yield from written


def _in_url(text: bytes) -> Iterator[str]:
    yield urllib.parse.quote(text, safe="")
    yield urllib.parse.quote_plus(text)


def _in_base64(text: bytes) -> Iterator[str]:
    """What of the code is the same whatever stands before and behind, for the three places it can begin at."""
    for before in range(3):
        code = base64.b64encode(b"\0" * before + text).decode()
        core = code[-(-before * 8 // 6) : (before + len(text)) * 8 // 6]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))
        yield core.replace("/", "\\/")  # as some write it in JSON


SECRETS = Secrets()
"""What this process must not show."""
