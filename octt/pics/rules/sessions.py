"""Rules on charging sessions: who starts and stops them, and what a power or connection loss does to them.

Line numbers order everything; a case is one attempt at it. Actions count from the line where they were asked for,
since their effect may be seen before they are acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator

from octt.ocpp.values import instant, same, shown
from octt.pics.evidence import Done, Evidence, Message
from octt.pics.rules.base import Asked, Sighting, judged

CLOCK_TOLERANCE = 2.0
"""Seconds by which the station's clock may be ahead of ours when it timestamps what it did offline."""


def transactions(evidence: Evidence) -> Iterator[tuple[Message, Message | None]]:
    """Each StartTransaction with the StopTransaction of the same transactionId, as far as there was one."""
    stops = list(evidence.sent("StopTransaction"))
    for start in evidence.sent("StartTransaction"):
        number = start.reply.get("transactionId")
        ends = (
            stop for stop in stops if stop.line > start.line and stop.payload.get("transactionId") == number
        )
        yield start, next(ends, None) if number is not None else None


def running(evidence: Evidence, line: int, case: int) -> Iterator[tuple[Message, Message | None]]:
    """Transactions of a case that were running at a line of the record."""
    for start, stop in transactions(evidence):
        if start.case == case and start.line < line and (stop is None or stop.line > line):
            yield start, stop


def offline_start(asked: Asked) -> Sighting | None:
    """An idTag presented while cut off; the transaction began before the connection was back, without Authorize."""
    evidence = asked.evidence
    cut: int | None = None
    for network in evidence.networks:
        if network.event == "cut":
            cut = network.n
        elif cut is not None:
            back, wall = network.n, network.t / 1e9
            for card in evidence.acted("present_id_tag"):
                if cut < card.asked < back and (start := _first_start(evidence, card, back)):
                    began = instant(start.payload.get("timestamp"))
                    if began is not None and began.timestamp() <= wall + CLOCK_TOLERANCE:
                        why = "a transaction was started while the Central System was out of reach"
                        return judged(asked.answer is True, why, start.line)
            cut = None
    return None


def _first_start(evidence: Evidence, card: Done, after: int) -> Message | None:
    """The StartTransaction of a card's idTag, unless Authorize was sent for it first."""
    tag = card.params.get("id_tag")
    for message in evidence.sent("Authorize", "StartTransaction"):
        if message.line > after and message.case == card.case and same(message.payload.get("idTag"), tag):
            return message if message.action == "StartTransaction" else None
    return None


def local_start(asked: Asked) -> Sighting | None:
    """A transaction of an idTag that was presented at the station and not given by a remote start."""
    evidence = asked.evidence
    for card in evidence.acted("present_id_tag"):
        tag = card.params.get("id_tag")
        remote = [
            call.line
            for call in evidence.called("RemoteStartTransaction")
            if call.case == card.case and same(call.payload.get("idTag"), tag)
        ]
        for start in evidence.sent("StartTransaction"):
            of_card = (
                start.case == card.case and start.line > card.asked and same(start.payload.get("idTag"), tag)
            )
            if of_card and not any(line < start.line for line in remote):
                why = "a transaction was started by presenting an idTag at the station"
                return judged(asked.answer is True, why, start.line)
    return None


def local_stop(asked: Asked) -> Sighting | None:
    """A transaction that ends with reason Local (or none, which means the same) after an action at the station."""
    evidence = asked.evidence
    for start, stop in transactions(evidence):
        if stop is None or stop.payload.get("reason", "Local") != "Local":
            continue
        between = [
            done
            for done in evidence.acted("present_id_tag", "press_stop")
            if done.case == stop.case and start.line < done.asked < stop.line
        ]
        remote = any(start.line < call.line < stop.line for call in evidence.called("RemoteStopTransaction"))
        if between and not remote:
            why = f"a transaction was stopped at the station ({between[-1].action})"
            return judged(asked.answer is True, why, stop.line)
    return None


def ev_disconnect(asked: Asked) -> Sighting | None:
    """What follows when the cable is pulled out on the EV's side; with the configuration key, the key decides."""
    evidence = asked.evidence
    if asked.question.key in evidence.keys:
        return None
    for done in evidence.acted("unplug_ev"):
        for start, stop in running(evidence, done.asked, done.case):
            if stop is not None and stop.payload.get("reason") == "EVDisconnected":
                agrees = asked.answer is (asked.question.id == "C-06.2")
                return judged(agrees, "the transaction stopped with reason EVDisconnected", stop.line)
            for status in evidence.sent("StatusNotification"):
                here = status.payload.get("connectorId") == start.payload.get("connectorId")
                between = stop is not None and stop.case == done.case and done.asked < status.line < stop.line
                if here and between and str(status.payload.get("status")).startswith("Suspended"):
                    agrees = asked.answer is (asked.question.id == "C-06.1")
                    return judged(agrees, "the transaction went on, suspended", status.line)
    return None


def plugged_unauthorized(asked: Asked) -> Sighting | None:
    """Preparing after the cable went in, in a case in which nothing was authorized, started or reserved before."""
    evidence = asked.evidence
    for done in evidence.acted("plug_in"):
        if not done.case:
            continue
        for status in evidence.sent("StatusNotification"):
            after = status.case == done.case and status.line > done.asked
            here = status.payload.get("connectorId") == done.params.get("connector")
            if not (after and here and status.payload.get("status") == "Preparing"):
                continue
            authorized = [
                *(card.asked for card in evidence.acted("present_id_tag") if card.case == done.case),
                *(
                    sent.line
                    for sent in evidence.sent("Authorize", "StartTransaction")
                    if sent.case == done.case
                ),
                *(call.line for call in evidence.called("RemoteStartTransaction") if call.case == done.case),
                *(call.line for call in evidence.called("ReserveNow") if call.case == done.case),
            ]
            if not any(line < status.line for line in authorized):
                why = "the cable was plugged in before any authorization"
                return judged(asked.answer is False, why, status.line)
    return None


def download_in_transaction(asked: Asked) -> Sighting | None:
    """Downloading is reported while a transaction is running."""
    for status in asked.evidence.sent("FirmwareStatusNotification", "SignedFirmwareStatusNotification"):
        busy = next(running(asked.evidence, status.line, status.case), None)
        if status.payload.get("status") == "Downloading" and busy:
            why = "firmware was downloaded while a transaction was running"
            return judged(asked.answer is True, why, status.line)
    return None


def power_loss(asked: Asked) -> Sighting | None:
    """Whether StopTransaction came before the station went down, after its return, or not: the transaction went on.

    The reason does not matter here (TC_032 judges it): what came without anything that ends a transaction was the
    station's own doing.
    """
    evidence = asked.evidence
    for done in evidence.acted("power_off", "power_cycle"):
        for start, stop in running(evidence, done.asked, done.case):
            end = stop.line if stop is not None and stop.case == done.case else None
            back = next((connect.n for connect in evidence.connects if connect.n > done.asked), 0)
            if stop is not None and end is not None and not _was_ended(evidence, done.asked, end):
                again = 0 < back < end
                agrees = asked.answer is (asked.question.id == ("AQ-7.2" if again else "AQ-7.1"))
                when = "after power came back" if again else "before the station went down"
                reason = shown(stop.payload.get("reason", "absent"))
                return judged(agrees, f"StopTransaction (reason {reason}) came {when}", end)
            if resumed := _reports_charging(evidence, start, done.case, back, end):
                why = "the transaction went on after power came back"
                return judged(asked.answer is False, why, resumed)
    return None


def _was_ended(evidence: Evidence, since: int, until: int) -> bool:
    """Whether somebody ended a transaction between two lines: by card, cable or a request of ours."""
    acts = [done.asked for done in evidence.acted("present_id_tag", "press_stop", "unplug", "unplug_ev")]
    calls = [call.line for call in evidence.called("RemoteStopTransaction", "Reset", "UnlockConnector")]
    return any(since < line < until for line in [*acts, *calls])


def _reports_charging(evidence: Evidence, start: Message, case: int, back: int, end: int | None) -> int:
    """The line after a connection where the transaction's connector was Charging before its end; 0 for none."""
    for status in evidence.sent("StatusNotification"):
        here = status.payload.get("connectorId") == start.payload.get("connectorId")
        during = status.case == case and 0 < back < status.line and (end is None or status.line < end)
        if here and during and status.payload.get("status") == "Charging":
            return status.line
    return 0
