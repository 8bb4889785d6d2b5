"""The reusable states of the test-case document (section 2.25): the way into them, step by step.

As a precondition a state is a fixture (octt/suite/fixtures.py); inside a scenario the case calls the function with
the label of its own step as `step`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from octt.record.words import Phase
from octt.script.actions import Actions
from octt.script.calling import Reply
from octt.script.case_run import following
from octt.script.states.remote import authorize_remote, did_not_ask, may_authorize
from octt.script.station import Station
from octt.script.times import in_seconds
from octt.script.undo import Kind
from octt.timeline.entry import Entry
from octt.timeline.matching import ABSENT


@dataclass(frozen=True)
class Transaction:
    """The transaction that a state or case started; `id` is the transactionId we issued."""

    id: int
    id_tag: str
    connector: int
    start: Entry


def _labels(step: str | int, state: str) -> str:
    return f"{step}/{state}." if step != "" else f"{state}."


def shows(
    station: Station,
    status: str,
    *,
    step: str | int,
    connector: int | None = None,
) -> None:
    """The status that a state is seen by.

    Where the state is a precondition, what the case needs is the state: a status that is missing is a remark there.
    """
    number = station.bench.connector if connector is None else connector
    if station.case.phase is Phase.TEST:
        station.reports(status, connector=number, step=step)
        return
    wanted: dict[str, Any] = {"connectorId": number, "status": status}
    if station.may_send("StatusNotification", step=step, **wanted) is None:
        what = (
            f"StatusNotification {status} of connector {number} did not come where the case needs that state"
        )
        station.remark(what, cite="OCPP 1.6 4.9")


def start_authorized(
    station: Station,
    driver: Actions,
    *,
    id_tag: str = "",
    step: str | int = "",
    why: str = "so that the station asks us to authorize it",
    plugged: bool = False,
) -> str:
    """State Authorized (table 104): a card is presented and accepted. The idTag that was used.

    `plugged`: the cable is in.
    """
    if not plugged:
        card_only(station)
    tag, connector = id_tag or station.bench.id_tags.valid, station.bench.connector
    already = station.state.statuses.get(connector) == "Preparing"
    with station.case.during(station.case.phase, _labels(step, "Authorized")):
        driver.present_id_tag(connector, tag, why)
        with station.in_any_order():
            station.sends("Authorize", idTag=tag, step=1, cite="OCPP 1.6 4.1")
            if not already:
                becomes_preparing(station, step=3)
    return tag


def card_only(station: Station) -> None:
    """Inconclusive where a card counts only once the cable is in: OCPP prescribes no order (4.1), the document does.

    No item of the questionnaire tells of it, so that the bench has to.
    """
    if station.bench.station.cable_first:
        what = "the scenario has a card without a cable, which counts for nothing here (station.cable_first)"
        raise station.impossible(what)


def authorized_and_plugged(station: Station, driver: Actions, id_tag: str, *, step: str | int) -> None:
    """State Authorized, then the cable; the other way round where a card counts only once the cable is in."""
    connector, first = station.bench.connector, station.bench.station.cable_first
    if first:
        driver.plug_in(connector, "a card counts only then")
    start_authorized(station, driver, id_tag=id_tag, step=step, plugged=first)
    if not first:
        driver.plug_in(connector)


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

    Where the socket is locked until somebody is authorized (AQ-2) the cable goes in after the remote start.
    `request` adds fields to RemoteStartTransaction. `plug` False: the cable is in already.
    """
    tag, connector = id_tag or station.bench.id_tags.valid, station.bench.connector
    statuses = station.state.statuses
    reserved = "Reserved" in (statuses.get(connector), statuses.get(0))
    with station.case.during(station.case.phase, _labels(step, "Charging")):
        asks = authorize_remote(station)
        before = station.newest()
        cable_last = plug and station.locks_first
        if plug and not cable_last:
            driver.plug_in(connector, "a transaction needs a car")
            if not reserved:
                shows(station, "Preparing", step=3)
        reply = station.call("RemoteStartTransaction", connectorId=connector, idTag=tag, step=5, **request)
        reply.returns(status="Accepted", cite="OCPP 1.6 5.11")
        if reserved and not cable_last:
            # A station reserved as a whole may report Preparing as soon as the cable is in.
            with station.in_any_order(after=before):
                shows(station, "Preparing", step=7)
        may_authorize(station, tag, asks, step=9, optional=reserved)
        if cable_last:
            shows(station, "Preparing", step=7)
            driver.plug_in(connector, "a transaction needs a car; the socket is unlocked now")
        start = station.sends(
            "StartTransaction",
            connectorId=connector,
            idTag=tag,
            step=11,
        )
        if not reserved:  # there the document leaves it to the station (tables 61, 67)
            did_not_ask(station, tag, asks, until=start, step=9)
        shows(station, "Charging", step=13)
    return transaction(station, start)


def asks_to_start(
    station: Station, driver: Actions, id_tag: str, *, plugged: str | int, asked: str | int
) -> Reply:
    """The cable goes in and the start is asked for remotely; in the other order where the socket is locked (AQ-2).

    `plugged` and `asked` are the labels of the steps. The reply, which must be Accepted.
    """
    connector = station.bench.connector
    if not station.locks_first:
        driver.plug_in(connector)
        station.reports("Preparing", step=plugged)
    reply = station.call("RemoteStartTransaction", connectorId=connector, idTag=id_tag, step=asked)
    reply.returns(status="Accepted", cite="OCPP 1.6 5.11")
    if station.locks_first:
        station.reports("Preparing", step=plugged)
        driver.plug_in(connector, "the socket is unlocked now")
    return reply


def transaction(station: Station, start: Entry) -> Transaction:
    """The transaction that a StartTransaction.req began."""
    transactions = station.state.transactions.values()
    # The same message again has the line of the first one; an equal one of an ended transaction is another's.
    begun = [one for one in transactions if one.line == start.n or one.start == start.payload]
    known = max(begun, key=lambda one: (one.line == start.n, one.line), default=None)
    if known is None:
        wrong = "; ".join(start.problems) or "it was not answered"
        station.case.fail("", "a valid StartTransaction.req", wrong, closest=start, cite="OCPP 1.6 6.45")
    return Transaction(known.id, known.id_tag, known.connector, start)


def make_unavailable(station: Station, connector: int, *, step: str | int = 1) -> None:
    """ChangeAvailability Inoperative, with its reports; operative again when the case ends. Connector 0: all."""
    place, request = f"connector {connector}", {"connectorId": connector, "type": "Inoperative"}
    owed = station.owes(
        Kind.AVAILABILITY, place, before="Operative", after="Inoperative", connector=connector
    )
    owed.call("ChangeAvailability", step=step, **request).returns(status="Accepted", cite="OCPP 1.6 5.2")
    numbers = [0, *station.connectors] if connector == 0 else [connector]
    with station.in_any_order():
        for number in numbers:
            shows(station, "Unavailable", connector=number, step=following(following(step)))


def make_operative(station: Station, connector: int, *, step: str | int) -> None:
    """The way back from `make_unavailable`, as a step of the scenario."""
    reply = station.call("ChangeAvailability", connectorId=connector, type="Operative", step=step)
    reply.returns(status="Accepted", cite="OCPP 1.6 5.2")
    for undo in station.case.journal.of(Kind.AVAILABILITY):
        if undo.connector == connector:
            station.case.journal.restored(undo)


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
        with station.in_any_order():
            for number in [connector] if connector else [0, *station.connectors]:
                shows(station, "Faulted", connector=number, step=1)


def set_occupied(station: Station, driver: Actions, connector: int) -> None:
    """State SetConnectorOccupied (table 110)."""
    with station.case.during(station.case.phase, "SetConnectorOccupied."):
        driver.plug_in(connector, "the case needs an occupied connector")
        shows(station, "Preparing", connector=connector, step=1)


def ask_to_stop(
    station: Station, driver: Actions, running: Transaction, why: str, *, locally: bool
) -> str | set[Any]:
    """The card that began a transaction ends it; remotely where there is no local stop (C-08). The reason for it."""
    if locally:
        driver.present_id_tag(running.connector, running.id_tag, why)
        return {"Local", ABSENT}
    station.call("RemoteStopTransaction", transactionId=running.id).returns(status="Accepted")
    return "Remote"


def cache_id_tag(station: Station, driver: Actions, *, id_tag: str = "", locally: bool = True) -> str:
    """Memory state IdTagCached (table 112): a whole session puts the idTag into the cache. The idTag.

    `locally` False: the station has no local stop (C-08). How the session ends is nothing to the cache, which takes
    the idTag from the replies to Authorize and StartTransaction too (OCPP 1.6 3.5.1).
    """
    station.configure(AuthorizationCacheEnabled=True)
    station.call("ClearCache")  # a cache that was switched off until now may still hold something
    started = start_charging(station, driver, id_tag=id_tag)
    with station.case.during(station.case.phase, "IdTagCached."):
        ask_to_stop(station, driver, started, "the session ends", locally=locally)
        station.sends("StopTransaction", transactionId=started.id, step=1)
        shows(station, "Finishing", step=3)
        driver.unplug(started.connector, "the session is over")
        shows(station, "Available", step=5)
    return started.id_tag


def store_local_list(station: Station, id_tag: str) -> None:
    """Memory state IdTagLocalAuthList (table 113); the list is emptied when the case ends."""
    station.configure(LocalAuthListEnabled=True, optional=True)
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
    reply = offer_local_list(station, version, update, entries, step=step)
    reply.returns(status="Accepted", cite="OCPP 1.6 5.15")


def offer_local_list(
    station: Station, version: int, update: str, entries: list[dict[str, Any]] | None, *, step: str | int
) -> Reply:
    """SendLocalList; the list is emptied when the case ends, if it was taken. The reply is not judged."""
    payload: dict[str, Any] = {} if entries is None else {"localAuthorizationList": entries}
    owed = station.owes(Kind.LIST, "local authorization list", before="empty", after=f"version {version}")
    return owed.call("SendLocalList", listVersion=version, updateType=update, step=step, **payload)


def local_list_room(station: Station) -> int:
    """How many entries one SendLocalList may bring; Inconclusive when the station declares none."""
    limits = [station.number_of(key) for key in ("SendLocalListMaxLength", "LocalAuthListMaxLength")]
    room = min((limit for limit in limits if limit is not None), default=1)
    if room < 1:
        raise station.impossible("the station declares a local list without room for an entry")
    return room


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
    reservation, place = station.fresh("reservationId"), f"connector {connector}"
    owed = station.owes(
        *(Kind.RESERVATION, f"reservation {reservation}"),
        before=None,
        after=place,
        id=reservation,
        connector=connector,
    )
    reply = owed.call(
        "ReserveNow",
        connectorId=connector,
        expiryDate=in_seconds(expiry),
        idTag=id_tag,
        reservationId=reservation,
        step=step,
        **more,
    )
    reply.returns(status=status, cite="OCPP 1.6 5.13")
    return reservation
