"""Rules about the idTag that a transaction begins with (sections 4.1, 4.8, 5.11 and 6.45)."""

from __future__ import annotations

from collections.abc import Iterator

from octt.monitors.known.heard import Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import same, text

_TAGGED = ("Authorize", "StartTransaction", "StopTransaction")


class IdTags(Rule):
    """An idTag has at most 20 printable ASCII characters."""

    name = "idTag"
    cite = "OCPP 1.6 sections 2.2, 7.15 and 7.28"
    requests = of(*_TAGGED)

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Judges the idTag of a request; a length the schema was found to forbid is not told twice."""
        tag = text(heard.payload.get("idTag")) if heard.request(*_TAGGED) else ""
        if len(tag) > 20 and not heard.problems:
            yield self.violation(
                heard, f"idTag of more than 20 characters in {heard.action}", f"{len(tag)} characters"
            )
        if tag and not (tag.isascii() and tag.isprintable()):
            yield self.remark(heard, f"idTag in {heard.action} has characters other than printable ASCII")


class StartTag(Rule):
    """A transaction begins with an idTag that was presented, or that the Central System sent.

    A remark: a cache or list of an earlier run may know a card that was presented unseen by us, and a station may
    charge without authorization.
    """

    name = "idTag of the start"
    cite = "OCPP 1.6 sections 4.1 and 6.45"
    requests = of("StartTransaction")

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Looks whether anybody has named the idTag before."""
        tag = text(heard.payload.get("idTag"))
        if not heard.request("StartTransaction") or not tag or talk.tags.known(tag):
            return
        if talk.hands.at_work and not any(same(act.id_tag, tag) for act in talk.hands.latest()):
            yield self.remark(
                heard,
                "StartTransaction with an idTag that was neither authorized nor presented nor sent by us before",
                repr(tag[:20]),
            )
