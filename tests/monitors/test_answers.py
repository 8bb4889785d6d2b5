"""How a station answers what it was asked, and whether; and peers that compete for one identity."""

import pytest
from monitor_wire import Wire

from octt import ocpp


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def told(wire, rule):
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == rule]


# -- invalid requests ---------------------------------------------------------------------------------------------


def ask(wire, action, answer, **payload):
    wire.reply(wire.ask(action, **payload), answer)


def test_an_invalid_request_that_is_accepted_is_a_remark(wire):
    ask(wire, "Reset", {"status": "Accepted"}, type="Lukewarm")
    ask(wire, "ChangeConfiguration", {"status": "RebootRequired"}, key="A", value=5)
    assert told(wire, "invalid request") == [
        ("remark", "Reset.req that breaks its schema is Accepted"),
        ("remark", "ChangeConfiguration.req that breaks its schema is RebootRequired"),
    ]


def profile(unit):
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        },
    }


@pytest.mark.parametrize("status", ["Accepted", "Rejected"])
def test_the_enumerations_of_charging_need_a_call_error(wire, status):
    ask(wire, "SetChargingProfile", {"status": status}, **profile("V"))
    ask(wire, "GetCompositeSchedule", {"status": status}, connectorId=1, duration=60, chargingRateUnit="V")
    assert [severity for severity, _ in told(wire, "invalid request")] == ["violation", "violation"]
    assert {breach.cite.partition(", ")[2] for breach in wire.violations()} == {"errata 3.24", "errata 3.38"}


def test_requests_that_are_valid_or_refused(wire):
    ask(wire, "Reset", {"status": "Rejected"}, type="Lukewarm")
    wire.raw(ocpp.error(wire.ask("Reset", type="Lukewarm"), "PropertyConstraintViolation"))
    wire.raw(ocpp.error(wire.ask("SetChargingProfile", **profile("V")), "PropertyConstraintViolation"))
    ask(wire, "SetChargingProfile", {"status": "Accepted"}, **profile("A"))
    ask(wire, "SetChargingProfile", {"status": "Rejected"}, connectorId="1", csChargingProfiles={})
    ask(wire, "Reset", {"status": "Accepted"}, type="Soft")
    assert told(wire, "invalid request") == []


# -- error codes --------------------------------------------------------------------------------------------------


def reserve_now(wire):
    return wire.ask(
        "ReserveNow", connectorId=1, idTag="A", reservationId=1, expiryDate="2099-01-01T00:00:00Z"
    )


@pytest.mark.parametrize("code", ["PropertyConstraintViolation", "InternalError", "GenericError"])
def test_a_reservation_far_away_needs_a_status(wire, code):
    wire.raw(ocpp.error(reserve_now(wire), code))
    ((severity, fault),) = told(wire, "error code")
    assert severity == "remark"
    assert "ReserveNow.req" in fault


@pytest.mark.parametrize("code", ["NotSupported", "NotImplemented", "SecurityError"])
def test_a_station_without_reservations(wire, code):
    wire.raw(ocpp.error(reserve_now(wire), code))
    assert told(wire, "error code") == []


# -- DataTransfer, ClearChargingProfile ---------------------------------------------------------------------------


def test_an_unknown_vendor_is_not_rejected(wire):
    ask(wire, "DataTransfer", {"status": "Rejected"}, vendorId="org.example.unknown")
    assert [severity for severity, _ in told(wire, "unknown vendor")] == ["remark"]


def test_vendors_that_are_known_or_said_not_to_be(wire):
    for status in ("UnknownVendor", "UnknownMessageId", "Accepted"):
        ask(wire, "DataTransfer", {"status": status}, vendorId="org.example.unknown")
    wire.call("DataTransfer", vendorId="com.vendor", result={"status": "Rejected"})
    ask(wire, "DataTransfer", {"status": "Rejected"}, vendorId="com.vendor")
    assert told(wire, "unknown vendor") == []


def test_nothing_is_cleared_twice(wire):
    ask(wire, "ClearChargingProfile", {"status": "Accepted"}, connectorId=1)
    ask(wire, "ClearChargingProfile", {"status": "Accepted"}, connectorId=1)
    assert [severity for severity, _ in told(wire, "cleared twice")] == ["remark"]


def test_profiles_that_there_may_be_again(wire):
    ask(wire, "ClearChargingProfile", {"status": "Accepted"}, connectorId=1)
    ask(wire, "ClearChargingProfile", {"status": "Unknown"}, connectorId=1)
    ask(wire, "ClearChargingProfile", {"status": "Accepted"}, connectorId=2)
    ask(wire, "SetChargingProfile", {"status": "Accepted"}, **profile("A"))
    ask(wire, "ClearChargingProfile", {"status": "Accepted"}, connectorId=1)
    ask(wire, "RemoteStartTransaction", {"status": "Accepted"}, idTag="A")
    ask(wire, "ClearChargingProfile", {"status": "Accepted"}, connectorId=1)
    assert told(wire, "cleared twice") == []


# -- no answer at all ---------------------------------------------------------------------------------------------


def heartbeat(wire):
    wire.call("Heartbeat", result={"currentTime": wire.time()})


def test_a_request_that_is_never_answered(wire):
    wire.ask("ClearCache")
    wire.wait(30)
    heartbeat(wire)
    assert told(wire, "unanswered") == []
    wire.wait(31)
    heartbeat(wire)
    ((severity, fault),) = told(wire, "unanswered")
    assert (severity, fault) == (
        "remark",
        "ClearCache.req was not answered, though the station went on talking",
    )
    wire.wait(100)
    heartbeat(wire)
    assert len(told(wire, "unanswered")) == 1


def test_a_text_of_ours_that_is_no_message(wire):
    wire.raw("[2,", incoming=False)
    wire.wait(61)
    heartbeat(wire)
    assert told(wire, "unanswered") == [
        ("remark", "a text of ours that is no message was not answered, though the station went on talking")
    ]


def test_answers_of_every_kind(wire):
    wire.reply(wire.ask("ClearCache"), {"status": "Accepted"})
    wire.raw(ocpp.error(wire.ask("ClearCache"), "NotSupported"))
    wire.raw("[2,", incoming=False)
    wire.raw(ocpp.error("-1", "FormationViolation"))
    wire.ask("ClearCache")
    wire.reconnect()
    wire.wait(61)
    heartbeat(wire)
    wire.ask("ClearCache")
    wire.boot("Rejected", 300)  # while rejected it shall not answer
    wire.wait(100).boot("Rejected", 300)
    assert told(wire, "unanswered") == []


# -- rivals -------------------------------------------------------------------------------------------------------


def test_two_peers_with_one_identity(wire):
    for number in range(8):
        wire.wait(2).connect(replaces=wire.connection, remote=f"192.0.2.{1 + number % 2}:50000")
    ((severity, fault),) = told(wire, "rivals")
    assert severity == "remark"
    assert "two peers" in fault


def test_one_host_that_replaces_its_connection_again_and_again(wire):
    for _ in range(8):
        wire.wait(2).connect(replaces=wire.connection)
    ((_, fault),) = told(wire, "rivals")
    assert "by a second peer with the same identity or by the station itself" in fault


def test_connections_of_a_bad_network(wire):
    for _ in range(10):
        wire.wait(40).connect(replaces=wire.connection)
    for _ in range(10):
        wire.reconnect(1)
    assert told(wire, "rivals") == []
