"""Local lists, reservations and smart charging as a Central System sees them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from octt.simulator.parts.charging.smart_charging import split
from tests.simulator.fake_csms import run

FULL_POWER = 11040
ACCEPTED = {"status": "Accepted"}


def in_seconds(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def entry(id_tag, status="Accepted", **more):
    return {"idTag": id_tag, "idTagInfo": {"status": status, **more}}


async def send_list(csms, version, *entries, update_type="Full"):
    answer = await csms.call(
        "SendLocalList", listVersion=version, updateType=update_type, localAuthorizationList=list(entries)
    )
    return answer["status"]


async def reserve(csms, id=1, connector=1, id_tag="TAG1", seconds=60, **more):
    answer = await csms.call(
        "ReserveNow",
        reservationId=id,
        connectorId=connector,
        idTag=id_tag,
        expiryDate=in_seconds(seconds),
        **more,
    )
    return answer["status"]


def profile(purpose="TxDefaultProfile", periods=((0, 6),), id=1, level=0, unit="A", **more):
    return {
        "chargingProfileId": id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
        },
        **more,
    }


async def set_profile(csms, payload, connector=1):
    answer = await csms.call("SetChargingProfile", connectorId=connector, csChargingProfiles=payload)
    return answer["status"] if isinstance(answer, dict) else answer


@pytest.mark.parametrize(
    ("listed", "said", "told"),
    [("Accepted", "Blocked", True), ("Blocked", "Accepted", True), ("Accepted", "Accepted", False)],
)
def test_a_contradiction_of_the_local_list_is_told(listed, said, told):
    async def scenario(bench):
        csms = bench.csms
        csms.answers["Authorize"] = {"idTagInfo": {"status": said}}
        assert await send_list(csms, 1, entry("TAG1", listed)) == "Accepted"
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.expect("Authorize")
        if told:
            await csms.expect("StatusNotification", connectorId=0, errorCode="LocalListConflict")
        else:
            await csms.status("Preparing")
            assert all(sent["errorCode"] == "NoError" for sent in csms.sent("StatusNotification"))

    run(scenario)


async def composite(csms, connector=1, duration=100, **more):
    answer = await csms.call("GetCompositeSchedule", connectorId=connector, duration=duration, **more)
    if answer["status"] != "Accepted":
        return answer["status"]
    return [(p["startPeriod"], p["limit"]) for p in answer["chargingSchedule"]["chargingSchedulePeriod"]]


def power(bench, connector=1):
    return bench.station.world.outlets[connector].power


# --- local list -----------------------------------------------------------------------------------------------------


def test_a_listed_id_starts_without_authorize():
    async def scenario(bench):
        csms = bench.csms
        assert await send_list(csms, 3, entry("TAG1"), entry("BAD", "Blocked")) == "Accepted"
        await bench.charging()
        assert csms.sent("Authorize") == []

    run(scenario, keys={"LocalPreAuthorize": "true"})


def test_an_offline_start_with_a_blocked_listed_id_is_refused_even_where_unknown_ids_may_charge():
    async def scenario(bench):
        assert await send_list(bench.csms, 1, entry("BAD", "Blocked")) == "Accepted"
        bench.do("unreachable")
        await bench.until(lambda: not bench.station.link.is_open)
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="BAD")
        await asyncio.sleep(0.05)
        assert bench.station.connectors[1].transaction is None
        bench.do("present_id_tag", id_tag="UNKNOWN")
        await bench.until(lambda: bench.station.connectors[1].transaction is not None)

    run(scenario, keys={"AllowOfflineTxForUnknownId": "true"})


def test_a_list_that_is_switched_off_is_not_there():
    async def scenario(bench):
        csms = bench.csms
        assert await send_list(csms, 3, entry("TAG1")) == "Accepted"
        await csms.call("ChangeConfiguration", key="LocalAuthListEnabled", value="false")
        assert await csms.call("GetLocalListVersion") == {"listVersion": -1}
        assert await send_list(csms, 4, entry("TAG1")) == "NotSupported"
        await bench.charging()
        assert csms.sent("Authorize") == [{"idTag": "TAG1"}]

    run(scenario, keys={"LocalPreAuthorize": "true"})


def test_the_list_survives_a_power_cycle_and_a_broken_store_changes_nothing():
    async def scenario(bench):
        csms = bench.csms
        assert await send_list(csms, 3, entry("TAG1")) == "Accepted"
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        await csms.status("Available")
        assert await csms.call("GetLocalListVersion") == {"listVersion": 3}
        bench.do("break_list_storage")
        assert await send_list(csms, 4, entry("TAG2"), update_type="Differential") == "Failed"
        assert await csms.call("GetLocalListVersion") == {"listVersion": 3}
        bench.do("repair_list_storage")
        assert await send_list(csms, 4, entry("TAG2"), update_type="Differential") == "Accepted"

    run(scenario)


# --- reservations ---------------------------------------------------------------------------------------------------


def test_only_the_reserved_id_charges_and_names_the_reservation():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, 17) == "Accepted"
        await csms.status("Reserved")
        bench.do("present_id_tag", id_tag="OTHER")
        answer = await csms.call("RemoteStartTransaction", idTag="OTHER", connectorId=1)
        assert answer == {"status": "Rejected"}
        assert csms.sent("Authorize") == []
        bench.do("present_id_tag", id_tag="tag1")
        await csms.status("Preparing")
        bench.do("plug_in")
        start = await csms.expect("StartTransaction")
        assert (start["reservationId"], start["idTag"]) == (17, "tag1")
        await csms.status("Charging")
        assert await csms.call("CancelReservation", reservationId=17) == {"status": "Rejected"}

    run(scenario)


def test_the_parent_lets_another_card_in_and_only_the_right_one():
    async def scenario(bench):
        csms = bench.csms
        parents = {"FRIEND": "GROUP", "STRANGER": "ELSEWHERE"}
        csms.answers["Authorize"] = lambda payload: {
            "idTagInfo": {**ACCEPTED, "parentIdTag": parents[payload["idTag"]]}
        }
        assert await reserve(csms, 17, parentIdTag="Group") == "Accepted"
        await csms.status("Reserved")
        bench.do("present_id_tag", id_tag="STRANGER")
        await csms.expect("Authorize", idTag="STRANGER")
        await bench.until(lambda: not bench.station.identification._busy)
        assert csms.statuses()[-1] == "Reserved"
        bench.do("present_id_tag", id_tag="FRIEND")
        await csms.status("Preparing")
        bench.do("plug_in")
        await csms.expect("StartTransaction", reservationId=17, idTag="FRIEND")

    run(scenario)


def test_an_expired_reservation_frees_the_connector():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, seconds=0.5) == "Accepted"
        await csms.status("Reserved")
        await csms.status("Available")
        await bench.charging(id_tag="OTHER")
        assert "reservationId" not in csms.sent("StartTransaction")[0]

    run(scenario)


def test_a_reservation_survives_a_power_cycle_and_can_be_cancelled():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, 17) == "Accepted"
        await csms.status("Reserved")
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        await csms.status("Reserved")
        assert await csms.call("CancelReservation", reservationId=18) == {"status": "Rejected"}
        assert await csms.call("CancelReservation", reservationId=17) == ACCEPTED
        await csms.status("Available")

    run(scenario)


@pytest.mark.parametrize("number", [0, 1])
def test_a_fault_ends_a_reservation(number):
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, 17) == "Accepted"
        await csms.status("Reserved")
        bench.do("fault", number)
        await csms.status("Faulted")
        assert await reserve(csms, 18) == "Faulted"
        bench.do("clear_fault", number)
        await csms.status("Available")
        assert await csms.call("CancelReservation", reservationId=17) == {"status": "Rejected"}

    run(scenario)


def test_unavailability_ends_a_reservation():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, 17) == "Accepted"
        await csms.call("ChangeAvailability", connectorId=1, type="Inoperative")
        await csms.status("Unavailable")
        assert await reserve(csms, 18) == "Unavailable"
        assert await csms.call("CancelReservation", reservationId=17) == {"status": "Rejected"}

    run(scenario)


def test_a_reservation_of_the_station_keeps_the_last_free_connector():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, 17, connector=0) == "Accepted"
        await bench.charging(1, "OTHER")
        assert "reservationId" not in csms.sent("StartTransaction")[0]
        await bench.until(lambda: csms.statuses(2)[-1] == "Reserved")
        assert csms.statuses(1) == ["Available", "Preparing", "Charging"]
        answer = await csms.call("RemoteStartTransaction", idTag="THIRD")
        assert answer == {"status": "Rejected"}
        assert await reserve(csms, 18, connector=2) == "Occupied"
        bench.do("plug_in", 2)
        await csms.status("Preparing", 2)
        bench.do("unplug", 2)
        await csms.status("Reserved", 2)
        await bench.charging(2, "TAG1")
        assert csms.sent("StartTransaction")[1]["reservationId"] == 17

    run(scenario, connectors=2)


def test_a_cancelled_reservation_of_the_station_frees_the_last_connector():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, 17, connector=0) == "Accepted"
        await csms.status("Reserved")
        assert await csms.call("CancelReservation", reservationId=17) == ACCEPTED
        await csms.status("Available")

    run(scenario)


def test_reservations_the_station_cannot_make():
    async def scenario(bench):
        csms = bench.csms
        assert await reserve(csms, connector=0) == "Rejected"
        assert await reserve(csms, connector=9) == "Rejected"
        assert await reserve(csms, seconds=-5) == "Rejected"
        bench.do("plug_in")
        assert await reserve(csms) == "Occupied"
        request = {"reservationId": 1, "connectorId": 1, "idTag": "TAG1", "expiryDate": "soon"}
        assert (await csms.call("ReserveNow", **request))[0] == "error"

    run(scenario, keys={"ReserveConnectorZeroSupported": "false"})


# --- smart charging -------------------------------------------------------------------------------------------------


def test_the_power_follows_the_profile_over_time():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        assert power(bench) == FULL_POWER
        assert await set_profile(csms, profile(periods=[(0, 6)])) == "Accepted"
        await bench.until(lambda: power(bench) == 6 * 690)
        assert await set_profile(csms, profile(periods=[(0, 0), (2, 8)])) == "Accepted"
        await bench.until(lambda: power(bench) == 8 * 690)
        assert await csms.call("ClearChargingProfile") == ACCEPTED
        await bench.until(lambda: power(bench) == FULL_POWER)
        assert await csms.call("ClearChargingProfile") == {"status": "Unknown"}

    run(scenario)


def test_a_limit_of_zero_suspends():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        assert await set_profile(csms, profile(unit="W", periods=[(0, 0)])) == "Accepted"
        await csms.status("SuspendedEVSE")
        assert await set_profile(csms, profile(unit="W", periods=[(0, 3450)])) == "Accepted"
        await csms.status("Charging")
        assert power(bench) == 3450

    run(scenario)


def test_two_connectors_share_the_maximum_of_the_station():
    async def scenario(bench):
        csms = bench.csms
        assert await set_profile(csms, profile("ChargePointMaxProfile", [(0, 20)]), 0) == "Accepted"
        await bench.charging(1)
        assert power(bench, 1) == FULL_POWER
        bench.do("plug_in", 2)
        bench.do("present_id_tag", 2, id_tag="TAG2")
        await csms.status("Charging", 2)
        await bench.until(lambda: power(bench, 1) == power(bench, 2) == 10 * 690)
        bench.do("unplug_ev", 2)
        await bench.until(lambda: power(bench, 1) == FULL_POWER)
        assert await composite(csms, 0) == [(0, 20)]

    run(scenario, connectors=2)


def test_a_transaction_profile_lives_as_long_as_its_transaction():
    async def scenario(bench):
        csms = bench.csms
        assert await set_profile(csms, profile("TxProfile", id=9)) == "Rejected"
        id = await bench.charging()
        assert await set_profile(csms, profile("TxProfile", id=9, transactionId=id + 1)) == "Rejected"
        assert await set_profile(csms, profile("TxProfile", id=9, transactionId=id)) == "Accepted"
        assert await set_profile(csms, profile(periods=[(0, 7)])) == "Accepted"
        assert await composite(csms) == [(0, 6)]
        assert await csms.call("RemoteStopTransaction", transactionId=id) == ACCEPTED
        await csms.expect("StopTransaction")
        assert await composite(csms) == [(0, 7)]
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        await csms.expect("StatusNotification", connectorId=1)
        assert await composite(csms) == [(0, 7)]

    run(scenario)


def test_the_profile_of_a_remote_start():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in")
        start = {"idTag": "TAG1", "connectorId": 1}
        for wrong in (profile(), profile("TxProfile", transactionId=5), profile("TxProfile", level=99)):
            answer = await csms.call("RemoteStartTransaction", **start, chargingProfile=wrong)
            assert answer == {"status": "Rejected"}
        own = profile("TxProfile", [(0, 9)], id=5)
        assert await csms.call("RemoteStartTransaction", **start, chargingProfile=own) == ACCEPTED
        await csms.status("Charging")
        assert await composite(csms) == [(0, 9)]
        assert power(bench) == 9 * 690
        better = profile("TxProfile", [(0, 10)], id=6, transactionId=1)
        assert await set_profile(csms, better) == "Accepted"
        assert await composite(csms) == [(0, 10)]

    run(scenario)


def test_what_is_wrong_with_a_request_is_said_as_the_specification_wants():
    async def scenario(bench):
        csms = bench.csms
        assert await set_profile(csms, profile(), 7) == ("error", "PropertyConstraintViolation")
        assert await set_profile(csms, profile(), -1) == ("error", "PropertyConstraintViolation")
        assert await set_profile(csms, profile(unit="V")) == ("error", "PropertyConstraintViolation")
        answer = await csms.call("GetCompositeSchedule", connectorId=1, duration=60, chargingRateUnit="kW")
        assert answer == ("error", "PropertyConstraintViolation")
        assert await composite(csms, 7) == "Rejected"
        assert await composite(csms, duration=0) == "Rejected"
        assert await composite(csms, chargingRateUnit="W") == "Rejected"
        assert await set_profile(csms, profile(unit="W")) == "Rejected"
        assert await set_profile(csms, profile(periods=[(0, 6), (60, 7), (120, 8)])) == "Rejected"
        assert await set_profile(csms, profile(level=2)) == "Rejected"
        assert await set_profile(csms, profile(validTo="never")) == ("error", "PropertyConstraintViolation")
        assert await set_profile(csms, profile(id=1)) == "Accepted"
        assert await set_profile(csms, profile(id=2, level=1)) == "Rejected"
        assert await composite(csms, duration=10**9) == [(0, 6)]

    small = {
        "ChargeProfileMaxStackLevel": "1",
        "ChargingScheduleMaxPeriods": "2",
        "MaxChargingProfilesInstalled": "1",
        "ChargingScheduleAllowedChargingRateUnit": "Current",
    }
    run(scenario, keys=small)


def test_a_station_may_answer_with_call_errors():
    async def scenario(bench):
        csms = bench.csms
        violation = ("error", "PropertyConstraintViolation")
        assert await set_profile(csms, profile("TxProfile")) == violation
        start = {"idTag": "TAG1", "connectorId": 1, "chargingProfile": profile()}
        assert await csms.call("RemoteStartTransaction", **start) == violation
        trigger = {"requestedMessage": "MeterValues", "connectorId": 2}
        assert await csms.call("TriggerMessage", **trigger) == violation

    run(scenario, constraint_errors=True)


def test_without_smart_charging():
    async def scenario(bench):
        csms = bench.csms
        assert await set_profile(csms, profile()) == ("error", "NotSupported")
        bench.do("plug_in")
        start = {"idTag": "TAG1", "connectorId": 1, "chargingProfile": profile("TxProfile")}
        assert await csms.call("RemoteStartTransaction", **start) == ACCEPTED
        await csms.status("Charging")
        assert power(bench) == FULL_POWER

    run(scenario, profiles=("Core",))


def test_a_split_schedule_says_the_same():
    periods = [
        {"startPeriod": 0, "limit": 6.0},
        {"startPeriod": 1, "limit": 8.0},
        {"startPeriod": 5, "limit": 9.0},
    ]
    schedule = {"duration": 11, "chargingSchedulePeriod": [dict(period) for period in periods]}
    split(schedule)

    def at(parts, second):
        return [part["limit"] for part in parts if part["startPeriod"] <= second][-1]

    parts = schedule["chargingSchedulePeriod"]
    assert [part["startPeriod"] for part in parts] == [0, 1, 3, 5, 8]
    assert [at(parts, second) for second in range(11)] == [at(periods, second) for second in range(11)]
