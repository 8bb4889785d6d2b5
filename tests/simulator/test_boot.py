"""Registration, heartbeats and reconnection of the simulated station (specification 4.2, 4.6, 4.9)."""

import asyncio

import pytest
from fake_csms import now, run


def boot_answers(*statuses, interval=1):
    def prepare(csms):
        csms.answers["BootNotification"] = [
            {"status": status, "currentTime": now(), "interval": interval} for status in statuses
        ]

    return prepare


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_boot_is_repeated_after_the_interval_and_not_before(status):
    async def scenario(bench):
        csms = bench.csms
        await csms.expect("BootNotification")
        await csms.expect("BootNotification")
        first, second = (i for i, f in enumerate(csms.frames) if f[0] == 2 and f[2] == "BootNotification")
        assert csms.times[second] - csms.times[first] >= 0.95
        for number in (0, 1):
            await csms.status("Available", number)
        assert csms.sent("StatusNotification")[0]["connectorId"] == 0

    run(scenario, booted=False, prepare=boot_answers(status, "Accepted"))


def test_rejected_station_answers_nothing():
    async def scenario(bench):
        csms = bench.csms
        await csms.expect("BootNotification")
        await bench.until(lambda: bench.station.registration.status == "Rejected")
        await csms.socket.send('[2,"q","GetConfiguration",{}]')
        await csms.expect("BootNotification")
        await csms.status("Available")
        assert not [f for f in csms.frames if f[0] != 2]

    run(scenario, booted=False, prepare=boot_answers("Rejected", "Accepted"))


def test_pending_station_is_configured_but_starts_nothing():
    async def scenario(bench):
        csms = bench.csms
        await bench.until(lambda: bench.station.registration.status == "Pending")
        assert (await csms.call("GetConfiguration"))["configurationKey"]
        change = await csms.call("ChangeConfiguration", key="MeterValueSampleInterval", value="7")
        assert change == {"status": "Accepted"}
        assert await csms.call("RemoteStartTransaction", idTag="A") == {"status": "Rejected"}
        assert await csms.call("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        assert await csms.call("TriggerMessage", requestedMessage="StatusNotification", connectorId=1) == {
            "status": "Accepted"
        }
        await csms.status("Preparing")
        assert {frame[2] for frame in csms.frames if frame[0] == 2} == {
            "BootNotification",
            "StatusNotification",
        }
        assert await csms.call("TriggerMessage", requestedMessage="BootNotification") == {
            "status": "Accepted"
        }
        await bench.until(lambda: bench.station.registration.status == "Accepted")

    run(scenario, booted=False, prepare=boot_answers("Pending", interval=600))


def test_heartbeats_come_at_the_interval_of_the_boot_notification():
    async def scenario(bench):
        csms = bench.csms
        for _ in range(2):
            await csms.expect("Heartbeat")
        first, second = (t for f, t in zip(csms.frames, csms.times, strict=True) if f[2] == "Heartbeat")
        assert 0.5 < second - first < 3
        answer = await csms.call("GetConfiguration", key=["HeartbeatInterval"])
        assert answer["configurationKey"][0]["value"] == "1"
        await csms.call("ChangeConfiguration", key="HeartbeatInterval", value="0")
        seen = len(csms.sent("Heartbeat"))
        await asyncio.sleep(1.3)
        assert len(csms.sent("Heartbeat")) == seen

    run(scenario, prepare=boot_answers("Accepted"))


def test_reconnection_needs_no_boot_and_reports_only_what_changed():
    async def scenario(bench):
        csms = bench.csms
        bench.do("unreachable")
        await bench.until(lambda: not bench.station.link.is_open)
        bench.do("plug_in", 2)
        await asyncio.sleep(0.05)
        csms.cursor = len(csms.frames)
        bench.do("reachable")
        await csms.status("Preparing", 2)
        await asyncio.sleep(0.05)
        assert csms.connections == 2
        assert len(csms.sent("BootNotification")) == 1
        assert len(csms.statuses(1)) == 1

    run(scenario, connectors=2)


def test_silent_csms_gets_the_boot_notification_again():
    async def scenario(bench):
        csms = bench.csms
        csms.silent.add("BootNotification")
        await csms.expect("BootNotification")
        csms.silent.clear()
        await csms.expect("BootNotification")
        await csms.status("Available")

    run(scenario, booted=False, call_timeout_seconds=0.1, boot_retry_seconds=0.05)


def test_clock_follows_the_central_system():
    def prepare(csms):
        csms.answers["BootNotification"] = {
            "status": "Accepted",
            "currentTime": "2031-05-06T07:08:09Z",
            "interval": 60,
        }

    async def scenario(bench):
        bench.do("plug_in")
        assert (await bench.csms.status("Preparing"))["timestamp"].startswith("2031-05-06T07:08")

    run(scenario, prepare=prepare)


def test_a_trigger_that_comes_while_another_is_under_way_is_kept_too():
    """Both were accepted, so both are sent (5.17)."""

    async def scenario(bench):
        csms = bench.csms
        triggers = [csms.call("TriggerMessage", requestedMessage="BootNotification") for _ in range(2)]
        for answer in await asyncio.gather(*triggers):
            assert answer["status"] == "Accepted"
        await csms.expect("BootNotification")
        await csms.expect("BootNotification")

    run(scenario)
