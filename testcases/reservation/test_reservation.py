"""Test-case document 2.20: reservations."""

import pytest

from octt.ocpp.values import instant, same, shown
from octt.script import but, case
from octt.script.states import (
    authorized_and_plugged,
    reserve,
    set_faulted,
    set_occupied,
    set_unavailable,
    shows,
    start_charging,
)


@pytest.fixture
def only_one(station, bench):
    """State SetConnectorUnavailable for every connector but the one under test."""
    for connector in station.connectors:
        if connector != bench.connector:
            set_unavailable(station, connector)


def _starts_reserved(station, reservation, started):
    """The transaction of step 5 carries the reservation."""
    station.check(
        started.start.payload.get("reservationId") == reservation,
        f"StartTransaction with reservationId = {reservation}",
        f"reservationId is {started.start.payload.get('reservationId', 'absent')}",
        step=5,
        cite="OCPP 1.6 4.8",
        frame=started.start,
    )


@case("TC_046_1_CS")
def test_local_start_on_reserved_connector(station, driver, bench, only_one):
    """Only the reserved idTag can charge on a reserved connector.

    Whether the station asks about the other card is left open by the document; it must not let it in.
    """
    tag, connector = bench.id_tags.valid, bench.connector
    reservation = reserve(station, connector, id_tag=tag)
    station.reports("Reserved", step=3, cite="OCPP 1.6 5.13")
    plugged = station.newest() if bench.station.cable_first else None
    if plugged:
        driver.plug_in(connector, "a card counts only then")
    driver.present_id_tag(
        connector, bench.id_tags.other, why="another card must not use the reserved connector", shown=False
    )
    if plugged:
        station.stays_silent("StartTransaction", connectorId=connector, step="result")
    else:
        station.stays_silent("StatusNotification", connectorId=connector, status="Preparing", step="result")
    before = station.newest()
    driver.present_id_tag(connector, tag, why="the reservation is for this card")
    mine = {"idTag": but(bench.id_tags.other)}  # a slow station may ask about the other card only now
    if plugged:
        with station.in_any_order(after=plugged):
            station.reports("Preparing", step=7)
    else:
        preparing = ("StatusNotification", {"connectorId": connector, "status": "Preparing"})
        if station.either(("Authorize", mine), preparing, step=7).action == "Authorize":
            station.reports("Preparing", step=7)
        driver.plug_in(connector)
    station.sends(
        "StartTransaction",
        connectorId=connector,
        idTag=tag,
        reservationId=reservation,
        step=9,
        cite="OCPP 1.6 4.8",
    )
    station.reports("Charging", step=11)
    asked = station.sent("Authorize", since=before, **mine)
    station.check(
        all(same(seen.payload.get("idTag"), tag) for seen in asked),
        f"Authorize, if any, with idTag = {tag}",
        f"idTag is {', '.join(shown(seen.payload.get('idTag')) for seen in asked)}",
        step=5,
        frame=asked[0] if asked else None,
    )


@case("TC_046_2_CS")
def test_remote_start_on_reserved_connector(station, driver, bench):
    """A remote start with the reserved idTag uses the reservation."""
    reservation = reserve(station, bench.connector, id_tag=bench.id_tags.valid)
    station.reports("Reserved", step=3)
    _starts_reserved(station, reservation, start_charging(station, driver, step=5))


@case("TC_047_CS")
def test_reservation_expires(station, driver, bench, only_one):
    """After its expiryDate a reservation is gone, and another idTag can charge.

    The time runs from the request, which carries the expiryDate, and not from what the station makes of it.
    """
    expiry = bench.times.reservation_expiry
    reserve(station, bench.connector, id_tag=bench.id_tags.valid, expiry=expiry)
    station.reports("Reserved", step=3)
    request = station.asked("ReserveNow")
    left = instant(request.payload["expiryDate"]).timestamp() - request.t / 1e9
    station.reports("Available", step=5, after=left, since=request, cite="OCPP 1.6 5.13")
    start_charging(station, driver, id_tag=bench.id_tags.other, step="result")


def _cannot_reserve(station, connector, status):
    """Steps 1 and 2, and that normal operation goes on."""
    reserve(station, connector, id_tag=station.bench.id_tags.valid, status=status)
    station.stays_silent("StatusNotification", status="Reserved", step="result", cite="OCPP 1.6 5.13")
    station.still_works(step="result")


@case("TC_048_1_CS")
def test_reserve_faulted_connector(station, driver, bench):
    """A faulted connector cannot be reserved."""
    with station.setup():
        set_faulted(station, driver, bench.connector)
    _cannot_reserve(station, bench.connector, "Faulted")


@case("TC_048_2_CS")
def test_reserve_occupied_connector(station, driver, bench):
    """An occupied connector cannot be reserved."""
    with station.setup():
        set_occupied(station, driver, bench.connector)
    _cannot_reserve(station, bench.connector, "Occupied")


@case("TC_048_3_CS")
def test_reserve_unavailable_connector(station, bench):
    """An unavailable connector cannot be reserved."""
    with station.setup():
        set_unavailable(station, bench.connector)
    _cannot_reserve(station, bench.connector, "Unavailable")


@case("TC_049_CS")
def test_reserve_station(station, driver, bench, only_one):
    """A reservation of the whole station is used on any connector.

    Whether Reserved is reported for connectorId 0 or for the free connector is left open by the document.
    """
    reservation = reserve(station, 0, id_tag=bench.id_tags.valid)
    station.sends("StatusNotification", connectorId={0, bench.connector}, status="Reserved", step=3)
    _starts_reserved(station, reservation, start_charging(station, driver, step=5))


@case("TC_050_1_CS")
def test_reserve_faulted_station(station, driver):
    """A faulted station cannot be reserved."""
    with station.setup():
        set_faulted(station, driver, 0)
    _cannot_reserve(station, 0, "Faulted")


@case("TC_050_2_CS")
def test_reserve_occupied_station(station, driver):
    """A station without a free connector cannot be reserved."""
    with station.setup():
        for connector in station.connectors:
            set_occupied(station, driver, connector)
    _cannot_reserve(station, 0, "Occupied")


@case("TC_050_3_CS")
def test_reserve_unavailable_station(station):
    """An unavailable station cannot be reserved."""
    with station.setup():
        set_unavailable(station, 0)
    _cannot_reserve(station, 0, "Unavailable")


@pytest.fixture
def reserved(station, bench):
    """State Reserved; the reservationId."""
    with station.case.during("setup", "Reserved."):
        reservation = reserve(station, bench.connector, id_tag=bench.id_tags.valid)
        shows(station, "Reserved", step=3)
    return reservation


@case("TC_051_CS")
def test_cancel_reservation(station, driver, bench, reserved):
    """A cancelled reservation frees the connector for another idTag."""
    reply = station.call("CancelReservation", reservationId=reserved, step=1)
    reply.returns(status="Accepted", cite="OCPP 1.6 5.1")
    station.reports("Available", step=3)
    started = start_charging(station, driver, id_tag=bench.id_tags.valid_2, step=5)
    station.check(
        "reservationId" not in started.start.payload,
        "StartTransaction without reservationId",
        f"reservationId is {started.start.payload.get('reservationId')}",
        step=5,
        frame=started.start,
    )


@case("TC_052_CS")
def test_cancel_unknown_reservation(station, bench, reserved):
    """A reservation the station does not have cannot be cancelled, and the one it has stays."""
    reply = station.call("CancelReservation", reservationId=reserved + 1000, step=1)
    reply.returns(status="Rejected", cite="OCPP 1.6 5.1")
    station.stays_silent("StatusNotification", connectorId=bench.connector, status="Available", step="result")


@case("TC_053_CS")
def test_reservation_by_parent(station, driver, bench, only_one):
    """Another card with the reservation's parentIdTag can use it."""
    tags, connector = bench.id_tags, bench.connector
    reservation = reserve(station, connector, id_tag=tags.valid, parentIdTag=tags.parent)
    station.reports("Reserved", step=3)
    authorized_and_plugged(station, driver, tags.valid_2, step=5)
    station.sends(
        "StartTransaction",
        connectorId=connector,
        idTag=tags.valid_2,
        reservationId=reservation,
        step=7,
        cite="OCPP 1.6 5.13",
    )
    station.reports("Charging", step=9)
