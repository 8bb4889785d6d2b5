"""What is refused is not done; what looks alike and has another cause is no offence."""

import pytest
from monitor_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    wire.act("plug_in", connector=1)
    return wire.wait(5)


def faults(wire):
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == "refused yet done"]


def remote_start(wire, status="Rejected", tag="TAG", **more):
    wire.reply(wire.ask("RemoteStartTransaction", idTag=tag, **more), {"status": status})
    return wire.wait(1)


def remote_stop(wire, status="Rejected", transaction=1001):
    wire.reply(wire.ask("RemoteStopTransaction", transactionId=transaction), {"status": status})
    return wire.wait(1)


# -- remote start -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"connectorId": 1}])
@pytest.mark.parametrize("asks", [True, False])
def test_a_remote_start_that_was_rejected_and_happens(wire, more, asks):
    remote_start(wire, **more)
    if asks:
        wire.call("Authorize", idTag="TAG", result={"idTagInfo": {"status": "Accepted"}})
    wire.start()
    ((severity, fault),) = faults(wire)
    assert severity == "violation"
    assert fault == "RemoteStartTransaction was Rejected, and then the transaction began"


@pytest.mark.parametrize("how", ["manual", "operator", "nobody"])
def test_where_persons_act_it_is_a_remark(how):
    wire = Wire()
    wire.boot()
    if how == "manual":
        wire.act("plug_in", connector=1, driver="manual")
    elif how == "operator":
        wire.act("plug_in", connector=1, driver="http", who="operator")
    remote_start(wire)
    wire.start()
    assert [severity for severity, _ in faults(wire)] == ["remark"]


def card_before(wire):
    wire.act("present_id_tag", connector=1, id_tag="TAG")
    wire.wait(60)
    remote_start(wire)


def card_after(wire):
    remote_start(wire)
    wire.act("present_id_tag", connector=1, id_tag="TAG")


def authorized_before(wire):
    wire.call("Authorize", idTag="TAG", result={"idTagInfo": {"status": "Accepted"}})
    remote_start(wire)


def accepted_before(wire):
    remote_start(wire, "Accepted")
    remote_start(wire)


def accepted_after(wire):
    remote_start(wire)
    remote_start(wire, "Accepted")


def asked_again_without_an_answer(wire):
    remote_start(wire)
    wire.ask("RemoteStartTransaction", idTag="TAG")


def another_card(wire):
    remote_start(wire, tag="OTHER")


def another_connector(wire):
    remote_start(wire, connectorId=2)


def much_later(wire):
    remote_start(wire)
    wire.wait(61)


def another_connection(wire):
    remote_start(wire)
    wire.reconnect()


@pytest.mark.parametrize(
    "before",
    [
        *(card_before, card_after, authorized_before, accepted_before, accepted_after, much_later),
        *(asked_again_without_an_answer, another_card, another_connector, another_connection),
    ],
)
def test_a_start_with_another_cause(wire, before):
    before(wire)
    wire.start()
    assert faults(wire) == []


def test_a_start_that_was_queued_before(wire):
    began = wire.time()
    wire.wait(10)
    remote_start(wire)
    wire.start(time=began)
    assert faults(wire) == []


# -- remote stop --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked_for", [1001, 4711])
def test_a_remote_stop_that_was_rejected_and_happens(wire, asked_for):
    wire.start()
    remote_stop(wire.wait(30), transaction=asked_for)
    wire.stop(reason="Remote")
    ((severity, fault),) = faults(wire)
    assert severity == "violation"
    assert "RemoteStopTransaction was Rejected" in fault


def test_a_stop_with_another_cause(wire):
    wire.start()
    remote_stop(wire)
    wire.stop(reason="Local")
    wire.wait(60).start(1002, meter=500)
    remote_stop(wire, "Accepted", 1002)
    remote_stop(wire, "Rejected", 1002)
    wire.stop(1002, meter=600, reason="Remote")
    wire.wait(60).start(1003, meter=600)
    wire.ask("RemoteStopTransaction", transactionId=1003)  # its answer is on the way
    remote_stop(wire, "Rejected", 1003)
    wire.stop(1003, meter=700, reason="Remote")
    wire.stop(4711, meter=700, reason="Remote")  # of an earlier run
    assert faults(wire) == []


# -- reservations and the rest ------------------------------------------------------------------------------------


def reserve(wire, status, connector=1):
    ident = wire.ask(
        "ReserveNow", connectorId=connector, idTag="TAG", reservationId=1, expiryDate=wire.time(ago=-600)
    )
    wire.reply(ident, {"status": status})


@pytest.mark.parametrize("connector", [0, 1])
@pytest.mark.parametrize("status", ["Rejected", "Occupied", "Faulted", "Unavailable"])
def test_a_reservation_that_was_refused_and_made(wire, status, connector):
    wire.status("Available")
    reserve(wire, status, connector)
    wire.status("Reserved")
    assert faults(wire) == [("violation", f"ReserveNow was {status}, and then the connector was reserved")]


def test_a_reservation_that_was_there_before(wire):
    wire.status("Reserved")
    reserve(wire, "Occupied")
    wire.status("Reserved")
    wire.status("Faulted", error="OtherError")
    reserve(wire, "Faulted")
    wire.status("Reserved")  # back from the fault
    wire.status("Available", 2)
    reserve(wire, "Accepted", 2)
    reserve(wire, "Occupied", 2)
    wire.status("Reserved", 2)
    wire.status("Reserved", 3)  # its former status is not known
    wire.reconnect()
    reserve(wire, "Rejected")
    wire.status("Reserved")
    assert faults(wire) == []


def test_a_connector_that_was_reserved_before_and_now_is_not(wire):
    wire.status("Available")
    reserve(wire, "Accepted")
    wire.status("Reserved")
    wire.status("Available")
    wire.wait(100)
    reserve(wire, "Rejected")
    wire.status("Reserved")
    assert len(faults(wire)) == 1


def test_an_availability_that_was_refused_and_changes_is_a_remark(wire):
    wire.status("Available")
    ident = wire.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    wire.reply(ident, {"status": "Rejected"})
    wire.wait(1).status("Unavailable")
    assert [severity for severity, _ in faults(wire)] == ["remark"]
    wire.status("Available")
    ident = wire.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    wire.reply(ident, {"status": "Scheduled"})
    wire.status("Unavailable")
    assert len(faults(wire)) == 1


def test_a_list_that_was_refused_and_has_its_version(wire):
    def version(number):
        wire.reply(wire.ask("GetLocalListVersion"), {"listVersion": number})

    def send(number, status):
        ident = wire.ask("SendLocalList", listVersion=number, updateType="Full", localAuthorizationList=[])
        wire.reply(ident, {"status": status})

    version(3)
    send(4, "Failed")
    version(3)
    send(5, "Accepted")
    version(5)
    send(5, "VersionMismatch")
    version(5)
    assert faults(wire) == []
    send(6, "Failed")
    version(6)
    assert faults(wire) == [("violation", "SendLocalList was Failed, and then the list has its version")]
