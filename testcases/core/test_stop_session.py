"""Test-case document 2.3: how a transaction ends at the station."""

from octt.script import case
from octt.script.states import set_unavailable, start_charging
from octt.script.undo import Kind


def _ends(station, transaction, *, step, **fields):
    """StopTransaction and the status Finishing, in either order."""
    station.sends("StopTransaction", transactionId=transaction.id, step=step, **fields)
    station.reports("Finishing", step=step + 2)


def _occupy_others(station, bench, pics):
    """Setup: when all connectors share a card reader, the others must not take the card (the document's prerequisite).

    The document wants them occupied; out of service does the same and takes neither a second car nor a hand.
    """
    if pics.says("HFS-10", "Single"):
        for other in station.connectors:
            if other != bench.connector:
                set_unavailable(station, other)


@case("TC_068_CS")
def test_stop_by_the_same_id_tag(station, csms, driver, bench, pics):
    """Another card does not stop the transaction, the card that started it does.

    The document wants no Authorize.req for the other card here and one in TC_069. Both hold for a station that knows
    whether the transaction has a parent: so this transaction is started without a parentIdTag.
    """
    with station.setup():
        alone = {"status": "Accepted", "parentIdTag": None}
        for action in ("Authorize", "StartTransaction"):
            csms.answer(action, idTagInfo=alone)
        _occupy_others(station, bench, pics)
        transaction = start_charging(station, driver)
    driver.present_id_tag(
        bench.connector, bench.id_tags.valid_2, why="another card must not stop the transaction", shown=False
    )
    station.stays_silent("Authorize", "StopTransaction", step=1, cite="test-case document 2.3.1")
    driver.present_id_tag(bench.connector, bench.id_tags.valid, why="the card that started it stops it")
    _ends(station, transaction, step=3, idTag=bench.id_tags.valid, cite="OCPP 1.6 4.10")


@case("TC_069_CS")
def test_stop_by_the_same_parent(station, driver, bench, pics):
    """A card of the same group, once authorized, stops the transaction."""
    tag = bench.id_tags.valid_2
    with station.setup():
        _occupy_others(station, bench, pics)
        charging = start_charging(station, driver)
    driver.present_id_tag(bench.connector, tag, why="a card of the same group may stop the transaction")
    station.sends("Authorize", idTag=tag, step=1, cite="OCPP 1.6 4.1")
    _ends(station, charging, step=3, idTag=tag, cite="OCPP 1.6 3.10")


def _charging_until_ev_leaves(station, driver, bench, pics, *, stop, unlock):
    """Setup with both keys as given, then the cable is pulled out on the EV's side. The transaction.

    A station need not have StopTransactionOnEVSideDisconnect (errata 3.80): then C-06.2 says that it stops.
    """
    with station.setup():
        by_nature = (
            stop and pics.yes("C-06.2") and station.value_of("StopTransactionOnEVSideDisconnect") is None
        )
        station.configure(StopTransactionOnEVSideDisconnect=stop, optional=by_nature)
        station.configure(UnlockConnectorOnEVSideDisconnect=unlock, optional=True)
        transaction = start_charging(station, driver)
    if not pics.fixed_cable(bench.connector):
        station.case.owe(Kind.LOCK, f"connector {bench.connector}", connector=bench.connector)
    driver.unplug_ev(bench.connector, why="the EV leaves while it charges")
    return transaction


@case("TC_005_1_CS")
def test_ev_disconnects_stop_and_unlock(station, driver, bench, pics):
    """With both keys true the transaction ends when the EV leaves."""
    transaction = _charging_until_ev_leaves(station, driver, bench, pics, stop=True, unlock=True)
    _ends(station, transaction, step=1, reason="EVDisconnected", cite="OCPP 1.6 9.1.23")


@case("TC_005_2_CS")
def test_ev_disconnects_stop_without_unlock(station, driver, bench, pics):
    """The transaction ends when the EV leaves, the cable stays locked until the Central System unlocks it."""
    transaction = _charging_until_ev_leaves(station, driver, bench, pics, stop=True, unlock=False)
    with station.in_any_order():
        station.sends("StopTransaction", transactionId=transaction.id, reason="EVDisconnected", step=1)
        station.reports({"Finishing", "Available"}, step=3)
    station.call("UnlockConnector", connectorId=bench.connector, step=5).returns(
        status={"Unlocked", "NotSupported"}, cite="OCPP 1.6 5.18"
    )


def says_ev_side_disconnected(info):
    """EV side disconnected"""
    return str(info).strip().casefold() == "ev side disconnected"


@case("TC_005_3_CS")
def test_ev_disconnects_and_transaction_stays(station, driver, bench, pics):
    """With the key false the transaction is suspended when the EV leaves, and ends remotely."""
    transaction = _charging_until_ev_leaves(station, driver, bench, pics, stop=False, unlock=False)
    suspended = {"SuspendedEV", "SuspendedEVSE"}
    station.reports(
        suspended, info=says_ev_side_disconnected, step=1, cite="test-case document 2.3.5; OCPP 1.6 4.9"
    )
    reply = station.call("RemoteStopTransaction", transactionId=transaction.id, step=3)
    reply.returns(status="Accepted", cite="OCPP 1.6 5.12")
    with station.in_any_order():
        ended = {"Finishing", "Available"} if pics.fixed_cable(bench.connector) else {"Finishing"}
        station.reports(ended, step=5)
        station.sends(
            "StopTransaction",
            transactionId=transaction.id,
            reason="Remote",
            step=7,
        )
