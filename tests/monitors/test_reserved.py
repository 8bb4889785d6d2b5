"""The reservation that a transaction ends: named, and none that it cannot end (sections 4.8, 5.13, 6.45)."""

import pytest
from monitor_wire import Wire

PARENTS = {"CARD": "family", "FRIEND": "family", "STRANGER": None}


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    for tag in PARENTS:
        wire.call("Authorize", idTag=tag, result=info(tag))
    return wire.wait(5)


def info(tag):
    parent = PARENTS[tag]
    return {"idTagInfo": {"status": "Accepted"} | ({"parentIdTag": parent} if parent else {})}


def reserve(wire, ident=7, status="Accepted", connector=1, tag="CARD", seconds=3600, **more):
    asked = wire.ask(
        "ReserveNow",
        connectorId=connector,
        idTag=tag,
        reservationId=ident,
        expiryDate=wire.time(ago=-seconds),
        **more,
    )
    wire.reply(asked, {"status": status})
    return wire.wait(10)


def start(wire, reservation=7, connector=1, tag="CARD", transaction=1001):
    payload = {"connectorId": connector, "idTag": tag, "meterStart": 100, "timestamp": wire.time()}
    payload |= {"reservationId": reservation} if reservation is not None else {}
    wire.call("StartTransaction", result={"transactionId": transaction} | info(tag), **payload)
    wire.wait(30)


def test_a_reservation_that_is_ended_as_it_should(wire):
    reserve(wire)
    start(wire)
    reserve(wire, 8, connector=0, tag="STRANGER")
    start(wire, 8, connector=2, tag="STRANGER")
    reserve(wire, 9, connector=3, parentIdTag="family")
    start(wire, 9, connector=3, tag="FRIEND")
    reserve(wire, 10, connector=4)
    start(wire, 10, connector=4, tag="FRIEND")
    assert [breach for breach in wire.findings if breach.rule == "reservation"] == []


@pytest.mark.parametrize(
    ("reserved", "started", "why"),
    [
        ({}, {"connector": 2}, "of another connector"),
        ({}, {"tag": "STRANGER"}, "for another idTag"),
        ({"status": "Occupied"}, {}, "answered with Occupied"),
        ({"status": "Rejected"}, {}, "answered with Rejected"),
    ],
)
def test_a_reservation_that_the_transaction_cannot_end(wire, reserved, started, why):
    reserve(wire, **reserved)
    start(wire, **started)
    (breach,) = wire.violations("reservation")
    assert why in breach.fault
    assert "6.45" in breach.cite


def test_a_reservation_that_had_expired(wire):
    reserve(wire, seconds=60)
    wire.wait(60 + 300 + 60)
    start(wire)
    (breach,) = wire.violations("reservation")
    assert "had expired" in breach.fault


@pytest.mark.parametrize("late", [50, 200])
def test_the_card_came_in_time_and_the_cable_later(wire, late):
    reserve(wire, seconds=60)
    wire.wait(late)
    start(wire)
    assert wire.violations() == []


def test_a_reservation_that_had_expired_by_a_clock_that_is_ahead(wire):
    reserve(wire, seconds=600)
    payload = {"connectorId": 1, "idTag": "CARD", "meterStart": 100, "timestamp": wire.time(ago=-3600)}
    wire.call("StartTransaction", result={"transactionId": 1} | info("CARD"), reservationId=7, **payload)
    assert wire.violations() == []


def test_a_reservation_that_was_cancelled(wire):
    reserve(wire)
    wire.reply(wire.ask("CancelReservation", reservationId=7), {"status": "Accepted"})
    wire.wait(10)
    start(wire)
    (breach,) = wire.violations("reservation")
    assert "cancelled" in breach.fault


def test_a_reservation_that_was_cancelled_after_the_start_or_not_at_all(wire):
    reserve(wire)
    began = wire.time()
    wire.reconnect(60)
    wire.reply(wire.ask("CancelReservation", reservationId=7), {"status": "Accepted"})
    wire.wait(10)
    payload = {"connectorId": 1, "idTag": "CARD", "meterStart": 100, "timestamp": began, "reservationId": 7}
    wire.call("StartTransaction", result={"transactionId": 1} | info("CARD"), **payload)
    reserve(wire, 8, connector=2)
    wire.reply(wire.ask("CancelReservation", reservationId=8), {"status": "Rejected"})
    start(wire, 8, connector=2)
    assert wire.violations() == []


def test_a_reservation_ends_once(wire):
    reserve(wire)
    start(wire)
    wire.stop(1001, meter=200)
    start(wire, transaction=1002)
    (breach,) = wire.violations("reservation")
    assert "another transaction had ended" in breach.fault


def test_a_start_that_is_repeated_ends_its_reservation_once(wire):
    reserve(wire)
    payload = {
        "connectorId": 1,
        "idTag": "CARD",
        "meterStart": 1,
        "timestamp": wire.time(),
        "reservationId": 7,
    }
    wire.send("StartTransaction", **payload)
    wire.wait(30).call("StartTransaction", result={"transactionId": 1} | info("CARD"), **payload)
    assert wire.violations() == []


def test_a_reservation_of_an_earlier_run_is_a_remark(wire):
    start(wire, 4711)
    assert wire.violations() == []
    assert len(wire.remarks("reservation")) == 1


def test_a_reservation_that_is_replaced(wire):
    reserve(wire)
    reserve(wire, connector=2, tag="STRANGER")
    start(wire, connector=2, tag="STRANGER")
    assert wire.violations() == []


def test_the_reservation_is_not_named(wire):
    reserve(wire)
    start(wire, None)
    (breach,) = wire.violations("reservation")
    assert "without the reservationId" in breach.fault


def test_a_stranger_on_the_reserved_connector(wire):
    reserve(wire)
    start(wire, None, tag="STRANGER")
    (breach,) = wire.violations("reservation")
    assert "not for" in breach.fault


def test_when_nothing_is_known_of_a_reservation_any_more(wire):
    def reboot():
        wire.reconnect().boot()

    def fault():
        wire.status("Faulted", error="OtherError")
        wire.status("Available")

    def reset():
        wire.reply(wire.ask("Reset", type="Soft"), {"status": "Accepted"})

    def expiry():
        wire.wait(3600)

    def power():
        wire.act("power_cycle")

    for number, accident in enumerate((wire.reconnect, reboot, fault, reset, expiry, power)):
        reserve(wire, number)
        accident()
        start(wire, None, tag="STRANGER" if number % 2 else "CARD", transaction=number)
        wire.stop(number, meter=200)
    assert wire.violations("reservation") == []


def test_others_elsewhere_and_what_began_before(wire):
    began = wire.time()
    reserve(wire)
    start(wire, None, connector=2, tag="STRANGER", transaction=1)
    payload = {"connectorId": 1, "idTag": "STRANGER", "meterStart": 1, "timestamp": began}
    wire.call("StartTransaction", result={"transactionId": 2} | info("STRANGER"), **payload)
    assert wire.violations() == []
