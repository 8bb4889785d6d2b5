"""Rules about what ends a transaction: its idTag and its reason (sections 3.10, 4.10, 6.49 and 7.36)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import ClassVar

from octt.monitors.known.hands import Act
from octt.monitors.known.heard import Heard, keep
from octt.monitors.known.ledger import Transaction
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import same, text, whole
from octt.record.event import Event
from octt.record.events import Acted, Disconnected

_LOCAL = ("", "Local")
"""Reasons of a stop at the station; without one it is Local (4.10)."""
_STOPPING = ("RemoteStopTransaction", "Reset", "UnlockConnector", "ChangeAvailability")
"""Requests of ours that may stop a transaction."""
_KEPT = 200
"""Remote stops that are remembered."""
_CARD = 120.0
"""Seconds after a card was presented in which a stop is its effect."""


def _ended(heard: Heard, talk: Talk) -> Transaction | None:
    """The transaction of a first, sound StopTransaction."""
    ident = whole(heard.payload.get("transactionId"))
    if not heard.request("StopTransaction") or not heard.sound or ident is None:
        return None
    found = talk.ledger.by_id.get(ident)
    return found if found and found.stop is None else None


class StopTag(Rule):
    """The idTag that ends a transaction is the one that began it, or one with the same parentIdTag.

    Certain when the Central System had told of both idTags which group they are in, if only in StopTransaction.conf,
    and the stop is a local one.
    """

    name = "idTag of the stop"
    cite = "OCPP 1.6 section 3.10; test-case document TC_068"
    requests = answers = of("StopTransaction")

    def __init__(self) -> None:
        self._open: tuple[Heard, Transaction, str] | None = None

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Compares the idTags of start and stop, when the stop has been answered or another comes."""
        if heard.action != "StopTransaction" or heard.frame.type == "MALFORMED":
            return ()
        former, self._open = self._open, None
        transaction, tag = _ended(heard, talk), text(heard.payload.get("idTag"))
        if transaction and tag and transaction.tag and not talk.tags.together(transaction.tag, tag):
            self._open = (heard, transaction, tag)
        return self._apart(talk, *former) if former else ()

    def _apart(self, talk: Talk, heard: Heard, transaction: Transaction, tag: str) -> Iterator[Breach]:
        together = talk.tags.together(transaction.tag, tag)
        told = f"{tag[:20]!r} instead of {transaction.tag[:20]!r}, transaction {transaction.name}"
        if together is False and text(heard.payload.get("reason")) in _LOCAL:
            yield self.violation(
                heard,
                "a transaction was stopped with an idTag of another group than the one that began it",
                told,
            )
        elif not together:
            fault = "a transaction was stopped with another idTag than it began with, "
            fault += "of an unknown group" if together is None else "of another group, and not at the station"
            yield self.remark(heard, fault, told)


class CardNotNamed(Rule):
    """StopTransaction has the idTag if it is known, as it is when a card stopped the transaction.

    Certain when a rig presented the card and nothing else was done to the connector, or asked for, since.
    """

    name = "card not named"
    cite = "OCPP 1.6 section 6.49"
    requests = of("StopTransaction", "StatusNotification")
    asked = of(*_STOPPING)

    def __init__(self) -> None:
        self._ours = 0
        self._open: tuple[Heard, Transaction, Act] | None = None

    def event(self, event: Event, talk: Talk) -> Iterator[Breach]:
        """The rig says that it is done when the stop may have come already."""
        if isinstance(event, Acted) and self._open:
            heard, transaction, act = self._open
            if act.done:
                self._open = None
                yield self._told(heard, transaction, act)
        elif isinstance(event, Disconnected):
            self._open = None

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Looks for the card behind a local stop without idTag."""
        if heard.asked(*_STOPPING):
            self._ours = heard.m
        if heard.request("StatusNotification") and heard.payload.get("status") == "Faulted":
            self._ours = heard.m  # a fault may have stopped it
        transaction = _ended(heard, talk)
        if (
            transaction is None
            or text(heard.payload.get("reason")) not in _LOCAL
            or heard.payload.get("idTag")
        ):
            return
        act, start = talk.hands.last_at(transaction.connector), transaction.start
        if (
            act is None
            or act.name != "present_id_tag"
            or not heard.settled(start)
            or act.m < start.answered
            or self._ours >= act.m
            or heard.since(act.m) > _CARD
        ):
            return
        if act.done:
            yield self._told(heard, transaction, act)
        else:
            self._open = (heard, transaction, act)

    def _told(self, heard: Heard, transaction: Transaction, act: Act) -> Breach:
        tell = self.violation if act.by_rig else self.remark
        return tell(
            heard,
            "StopTransaction without the idTag of the card that stopped the transaction",
            f"transaction {transaction.name}, card presented in line {act.n}",
        )


class StopReason(Rule):
    """The reason of a stop is the true one. 4.10 says SHOULD, so it is never more than a remark."""

    name = "stop reason"
    cite = "OCPP 1.6 sections 4.10 and 7.36"
    requests = of("StopTransaction")
    asked = of("RemoteStopTransaction", "Reset", "UnlockConnector")

    _COMMANDS: ClassVar = {"HardReset": "Reset", "SoftReset": "Reset", "UnlockCommand": "UnlockConnector"}
    """Reasons that a command of ours explains."""
    _OF_CARDS = (
        "EmergencyStop",
        "EVDisconnected",
        "PowerLoss",
        "Reboot",
        "HardReset",
        "SoftReset",
        "UnlockCommand",
    )
    """Reasons that a card does not explain."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._stopped: OrderedDict[int, None] = OrderedDict()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Holds the reason beside what was asked for, done and answered."""
        if heard.asked("Reset", "UnlockConnector"):
            self._asked.add(heard.action)
        elif heard.asked("RemoteStopTransaction"):
            keep(self._stopped, whole(heard.payload.get("transactionId")) or 0, None, _KEPT)
        transaction = _ended(heard, talk)
        if transaction is None or not heard.settled(transaction.start):
            return
        reason = text(heard.payload.get("reason"))
        if why := self._untrue(heard, transaction, reason, talk):
            yield self.remark(
                heard,
                f"a transaction was stopped with reason {reason}, {why}",
                f"transaction {transaction.name}",
            )

    def _untrue(self, heard: Heard, transaction: Transaction, reason: str, talk: Talk) -> str:
        command = self._COMMANDS.get(reason)
        act = talk.hands.last_at(transaction.connector)
        card = act if act and act.name == "present_id_tag" and act.m > transaction.start.answered else None
        if command and command not in self._asked:
            return f"though no {command} was asked for"
        if reason == "Remote" and transaction.id not in self._stopped and talk.hands.at_work:
            return "though no RemoteStopTransaction asked for it"
        if reason == "DeAuthorized" and transaction.status == "Accepted":
            return "though StartTransaction.conf had accepted the idTag"
        if reason == "DeAuthorized" and talk.keys.get("stoptransactiononinvalidid", "").lower() == "false":
            return "though StopTransactionOnInvalidId is false"
        if reason in self._OF_CARDS and card and same(card.id_tag, transaction.tag):
            return "though its card had just been presented" if heard.since(card.m) < _CARD else ""
        return ""
