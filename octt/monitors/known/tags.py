"""idTags: where each was heard of, and the group that the Central System said it belongs to (section 3.10)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from octt.monitors.known.heard import Heard, keep
from octt.ocpp.values import Payload, dicts, table, text

_KEPT = 2000
"""idTags that are remembered."""
_NAMES = frozenset(
    {
        *("Authorize", "StartTransaction", "StopTransaction"),
        *("RemoteStartTransaction", "ReserveNow", "SendLocalList"),
    }
)
"""The messages with idTags."""
_PARENTS = 5
"""Parents that are remembered of one idTag."""


@dataclass(eq=False)
class _Tag:
    parents: set[str] = field(default_factory=set)
    """Every parentIdTag it was given, "" for an answer without one: a cache or list may hold an older one."""

    authorized: int = 0
    """When it was last asked about, or a remote start with it accepted, in monotonic nanoseconds."""


class Tags:
    """What is known of idTags, which are equal without regard to case (section 7.28)."""

    def __init__(self) -> None:
        self._tags: OrderedDict[str, _Tag] = OrderedDict()

    def note(self, heard: Heard) -> None:
        """Takes note of the idTags in a frame."""
        if heard.action not in _NAMES:
            return
        payload, call = heard.payload, heard.call
        if heard.request("Authorize"):
            self._tag(payload.get("idTag")).authorized = heard.m
        elif heard.replied("RemoteStartTransaction") and payload.get("status") == "Accepted" and call:
            self._tag(call.payload.get("idTag")).authorized = heard.m
        elif heard.answered("Authorize", "StartTransaction", "StopTransaction") and call:
            self._grouped(call.payload.get("idTag"), table(payload.get("idTagInfo")))
        elif heard.asked("SendLocalList"):
            for entry in dicts(payload.get("localAuthorizationList"))[:_KEPT]:
                self._grouped(entry.get("idTag"), table(entry.get("idTagInfo")))
        elif heard.asked("RemoteStartTransaction", "ReserveNow"):
            self._tag(payload.get("idTag"))

    def known(self, tag: str) -> bool:
        """Whether it was named before by a card that was authorized, by us, or on a list."""
        return tag.casefold() in self._tags

    def authorized(self, tag: str) -> int:
        """When it was last authorized, or a remote start with it accepted; 0 for never."""
        found = self._tags.get(tag.casefold())
        return found.authorized if found else 0

    def together(self, one: str, other: str) -> bool | None:
        """Whether two idTags are the same or in one group; None when we never said which group they are in."""
        if one.casefold() == other.casefold():
            return True
        tags = [self._tags.get(tag.casefold()) for tag in (one, other)]
        parents = [tag.parents if tag else set() for tag in tags]
        if not all(parents):
            return None
        return bool((parents[0] & parents[1]) - {""})

    def in_group(self, tag: str, parent: str) -> bool | None:
        """Whether an idTag is in the group of a parentIdTag; None when we never said which group it is in."""
        found = self._tags.get(tag.casefold())
        return parent.casefold() in found.parents if found and found.parents else None

    def _tag(self, value: object) -> _Tag:
        key = text(value)[:40].casefold()
        found = self._tags.get(key) or _Tag()
        if key:
            keep(self._tags, key, found, _KEPT)
        return found

    def _grouped(self, value: object, info: Payload) -> None:
        parents = self._tag(value).parents
        if info and len(parents) < _PARENTS:
            parents.add(text(info.get("parentIdTag"))[:40].casefold())
