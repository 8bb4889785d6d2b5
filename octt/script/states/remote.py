"""Whether the station asks about a card before it starts what was asked for remotely (OCPP 1.6 section 5.11)."""

from __future__ import annotations

from typing import Any

from octt.ocpp.values import boolean
from octt.record.words import Phase
from octt.script.station import Station
from octt.script.verdicts import Inconclusive
from octt.timeline.entry import Entry

_KEY = "AuthorizeRemoteTxRequests"


def authorize_remote(station: Station, step: str | int = "") -> bool | None:
    """Whether AuthorizeRemoteTxRequests is true now: read from the station, as the document does.

    None when the station does not have the key: then either behaviour of section 5.11 is right. That it is missing is
    found by TC_019_CS, not a second time by every case that begins with this step of the document.
    """
    tested = station.case.phase is Phase.TEST
    try:
        reply = station.call("GetConfiguration", key=[_KEY], step=step or 1)
        if tested:
            reply.returns()
    except Inconclusive as silent:
        station.remark(f"whether the station authorizes remote requests is not known: {silent.reason}")
        return None
    found = station.read(reply, _KEY)
    if found is None or found.value is None:
        return None
    asks = boolean(found.value)
    if asks is None and tested:
        what, actual = f"{_KEY} is true or false", f"it is {found.value!r:.60}"
        station.check(False, what, actual, step=reply.label, cite="OCPP 1.6 9.1.3", frame=reply.seen)
    return asks


def may_authorize(station: Station, tag: str, asks: bool | None, *, step: str | int, **more: Any) -> None:
    """Authorize before a remotely started transaction: due, not due, or left to the station."""
    if asks is not False:
        optional = asks is None or station.case.phase is not Phase.TEST
        more = {"optional": True} if optional else more
        station.sends("Authorize", idTag=tag, step=step, cite="OCPP 1.6 5.11", **more)


def did_not_ask(
    station: Station, tag: str, asks: bool | None, *, until: Entry | None = None, step: str | int
) -> None:
    """Where it is not to be asked about, the station starts at once: no Authorize since the remote start.

    As a precondition a transaction is what counts. `until` its StartTransaction: then the card may be presented.
    """
    if asks is False and station.case.phase is Phase.TEST:
        since = station.asked("RemoteStartTransaction")
        station.sent_none("Authorize", idTag=tag, since=since, until=until, step=step, cite="OCPP 1.6 5.11")
