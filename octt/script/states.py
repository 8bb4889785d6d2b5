"""The reusable states of the test-case document (section 2.25): the way into them, step by step.

As a precondition a state is a fixture (octt/suite/plugin.py); inside a scenario the case calls the function with
the label of its own step as `step`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from octt.script.actions import Actions
from octt.script.station import Station
from octt.script.times import in_seconds
from octt.timeline.entry import Entry


@dataclass(frozen=True)
class Transaction:
    """The transaction that a state or case started; `id` is the transactionId we issued."""

    id: int
    id_tag: str
    connector: int
    start: Entry


def _labels(step: str | int, state: str) -> str:
    return f"{step}/{state}." if step != "" else f"{state}."


def authorize_remote(station: Station, step: str | int = "") -> bool:
    """Whether AuthorizeRemoteTxRequests is true now: read from the station, as the document does."""
    name = "AuthorizeRemoteTxRequests"
    reply = station.call("GetConfiguration", key=[name], step=step or 1).returns()
    values = {str(e.get("key")): e.get("value") for e in reply.payload.get("configurationKey", [])}
    value = next((value for key, value in values.items() if key.casefold() == name.casefold()), None)
    station.check(
        value is not None,
        f"configurationKey holds {name} and its value",
        f"it holds {', '.join(values) or 'nothing'}",
        step=reply.label,
        cite="OCPP 1.6 5.8",
        frame=reply.seen,
    )
    return str(value).strip().lower() == "true"


def start_authorized(station: Station, driver: Actions, *, id_tag: str = "", step: str | int = "") -> str:
    """State Authorized (table 104): a card is presented and accepted. The idTag that was used."""
    tag, connector = id_tag or station.bench.id_tags.valid, station.bench.connector
    already = station.state.statuses.get(connector) == "Preparing"
    with station.case.during(station.case.phase, _labels(step, "Authorized")):
        driver.present_id_tag(connector, tag, "so that the station asks us to authorize it")
        with station.in_any_order():
            station.sends("Authorize", idTag=tag, step=1, cite="OCPP 1.6 4.1")
            if not already:
                becomes_preparing(station, step=3)
    return tag


def becomes_preparing(station: Station, *, step: str | int) -> None:
    """StatusNotification Preparing after a card. With one reader for all connectors no certain one is meant."""
    some = set(station.connectors)
    station.sends("StatusNotification", connectorId=some, status="Preparing", step=step)


def waiting_connector(station: Station) -> int:
    """The connector that waits for its cable after a card: that under test, else the one the station chose."""
    statuses, tested = station.state.statuses, station.bench.connector
    return next((n for n in [tested, *station.connectors] if statuses.get(n) == "Preparing"), tested)


def start_charging(
    station: Station,
    driver: Actions,
    *,
    id_tag: str = "",
    step: str | int = "",
    plug: bool = True,
    **request: Any,
) -> Transaction:
    """State Charging (table 105): cable plugged in, transaction started remotely, energy flows.

    `request` adds fields to RemoteStartTransaction. `plug` False: the cable is in already.
    """
    tag, connector = id_tag or station.bench.id_tags.valid, station.bench.connector
    statuses = station.state.statuses
    reserved = "Reserved" in (statuses.get(connector), statuses.get(0))
    with station.case.during(station.case.phase, _labels(step, "Charging")):
        asks = authorize_remote(station)
        before = station.newest()
        if plug:
            driver.plug_in(connector, "a transaction needs a car")
            if not reserved:
                station.reports("Preparing", step=3)
        reply = station.call("RemoteStartTransaction", connectorId=connector, idTag=tag, step=5, **request)
        reply.returns(status="Accepted", cite="OCPP 1.6 5.11")
        if reserved:
            # A station reserved as a whole may report Preparing as soon as the cable is in.
            with station.in_any_order(after=before):
                station.reports("Preparing", step=7)
        if asks:
            station.sends("Authorize", idTag=tag, step=9, optional=reserved, cite="OCPP 1.6 5.11")
        start = station.sends(
            "StartTransaction",
            connectorId=connector,
            idTag=tag,
            step=11,
            within=station.limits.remote_start,
        )
        station.reports("Charging", step=13, within=station.limits.remote_start)
    return transaction(station, start)


def transaction(station: Station, start: Entry) -> Transaction:
    """The transaction that a StartTransaction.req began."""
    transactions = station.state.transactions.values()
    known = next((one for one in transactions if one.line == start.n or one.start == start.payload), None)
    if known is None:
        wrong = "; ".join(start.problems) or "it was not answered"
        station.case.fail("", "a valid StartTransaction.req", wrong, closest=start, cite="OCPP 1.6 6.45")
    return Transaction(known.id, known.id_tag, known.connector, start)


def make_unavailable(station: Station, connector: int, *, step: str | int = 1) -> None:
    """ChangeAvailability Inoperative, with its reports; operative again when the case ends. Connector 0: all."""
    reply = station.call("ChangeAvailability", connectorId=connector, type="Inoperative", step=step)
    station.changed("availability", f"connector {connector}", "Operative", "Inoperative")
    station.case.undo(f"availability of connector {connector}", lambda: make_operative(station, connector))
    reply.returns(status="Accepted", cite="OCPP 1.6 5.2")
    label = int(str(step)) + 2
    if connector == 0:
        station.reports_all("Unavailable", step=label)
    else:
        station.reports("Unavailable", connector=connector, step=label)


def make_operative(station: Station, connector: int) -> None:
    """The way back from `make_unavailable`."""
    statuses = station.state.statuses
    if connector and statuses.get(connector) == "Available":
        return
    station.call("ChangeAvailability", connectorId=connector, type="Operative")
    station.changed("availability", f"connector {connector}", "Inoperative", "Operative", restored=True)


def set_unavailable(station: Station, connector: int) -> None:
    """States SetConnectorUnavailable and SetChargePointUnavailable (tables 108, 109)."""
    name = "SetConnectorUnavailable" if connector else "SetChargePointUnavailable"
    with station.case.during(station.case.phase, f"{name}."):
        make_unavailable(station, connector)


def set_faulted(station: Station, driver: Actions, connector: int) -> None:
    """States SetConnectorFaulted and SetChargePointFaulted (tables 106, 107)."""
    name = "SetConnectorFaulted" if connector else "SetChargePointFaulted"
    with station.case.during(station.case.phase, f"{name}."):
        driver.fault(connector, "the case needs a faulted station")
        if connector:
            station.reports("Faulted", connector=connector, step=1)
        else:
            station.reports_all("Faulted", step=1)


def set_occupied(station: Station, driver: Actions, connector: int) -> None:
    """State SetConnectorOccupied (table 110)."""
    with station.case.during(station.case.phase, "SetConnectorOccupied."):
        driver.plug_in(connector, "the case needs an occupied connector")
        station.reports("Preparing", connector=connector, step=1)


def cache_id_tag(station: Station, driver: Actions, *, id_tag: str = "", locally: bool = True) -> str:
    """Memory state IdTagCached (table 112): a whole session puts the idTag into the cache. The idTag.

    `locally` False: the station has no local stop (C-08). How the session ends is nothing to the cache, which takes
    the idTag from the replies to Authorize and StartTransaction too (OCPP 1.6 3.5.1).
    """
    station.configure(AuthorizationCacheEnabled=True)
    station.call("ClearCache")  # a cache that was switched off until now may still hold something
    started = start_charging(station, driver, id_tag=id_tag)
    with station.case.during(station.case.phase, "IdTagCached."):
        if locally:
            driver.present_id_tag(started.connector, started.id_tag, "the session ends")
        else:
            station.call("RemoteStopTransaction", transactionId=started.id).returns(status="Accepted")
        within = None if locally else station.limits.remote_stop
        station.sends("StopTransaction", transactionId=started.id, step=1, within=within)
        station.reports("Finishing", step=3)
        driver.unplug(started.connector, "the session is over")
        station.reports("Available", step=5)
    return started.id_tag


def store_local_list(station: Station, id_tag: str) -> None:
    """Memory state IdTagLocalAuthList (table 113); the list is emptied when the case ends."""
    station.configure(LocalAuthListEnabled=True)
    entry = list_entry(station, id_tag)
    with station.case.during(station.case.phase, "IdTagLocalAuthList."):
        send_local_list(station, 1, "Full", [entry], step=1)


def list_entry(station: Station, id_tag: str) -> dict[str, Any]:
    """A card for the local list, with the facts that our Authorize.conf tells of it: a list must not contradict."""
    return {"idTag": id_tag, "idTagInfo": station.system.answers.id_tag_info(id_tag) | {"status": "Accepted"}}


def send_local_list(
    station: Station, version: int, update: str, entries: list[dict[str, Any]] | None, *, step: str | int
) -> None:
    """SendLocalList, which must be Accepted; the list is emptied when the case ends."""
    payload: dict[str, Any] = {} if entries is None else {"localAuthorizationList": entries}
    station.changed("list", "local authorization list", "empty", f"version {version}")
    station.case.undo("local authorization list", lambda: empty_local_list(station))
    reply = station.call("SendLocalList", listVersion=version, updateType=update, step=step, **payload)
    reply.returns(status="Accepted", cite="OCPP 1.6 5.15")


def empty_local_list(station: Station) -> None:
    """The way back from `send_local_list`."""
    station.call("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[])
    station.changed("list", "local authorization list", "a list", "empty", restored=True)


def local_list_room(station: Station) -> int:
    """How many entries one SendLocalList may bring; Inconclusive when the station declares none."""
    limits = [station.number_of(key) for key in ("SendLocalListMaxLength", "LocalAuthListMaxLength")]
    room = min((limit for limit in limits if limit is not None), default=1)
    if room < 1:
        raise station.impossible("the station declares a local list without room for an entry")
    return room


_RESERVATION_IDS = itertools.count(1)


def reserve(
    station: Station,
    connector: int,
    *,
    id_tag: str,
    expiry: float = 3600,
    status: str = "Accepted",
    step: str | int = 1,
    **more: Any,
) -> int:
    """ReserveNow, answered with `status`; cancelled when the case ends. The reservationId. `expiry` in seconds."""
    reservation = next(_RESERVATION_IDS)
    reply = station.call(
        "ReserveNow",
        connectorId=connector,
        expiryDate=in_seconds(expiry),
        idTag=id_tag,
        reservationId=reservation,
        step=step,
        **more,
    )
    if reply.payload.get("status") == "Accepted":
        station.changed("reservation", f"reservation {reservation}", None, f"connector {connector}")
        station.case.undo(f"reservation {reservation}", lambda: _cancel(station, reservation))
    reply.returns(status=status, cite="OCPP 1.6 5.13")
    return reservation


def _cancel(station: Station, reservation: int) -> None:
    station.call("CancelReservation", reservationId=reservation)
    station.changed("reservation", f"reservation {reservation}", "reserved", None, restored=True)
