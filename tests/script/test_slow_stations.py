"""Scripts and a station that is slow within its limits, in virtual time: nothing of it is a failure."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from octt.script import states
from octt.script.files.updates import may_reboot, reboots, stays_available
from octt.script.readings import Reading, check_aligned, check_spacing
from octt.script.verdicts import Failed, Inconclusive
from octt.timeline.entry import NOTHING
from tests.script.virtual_lab import BOOT, MOMENT, Lab

FIRMWARE, SIGNED = "FirmwareStatusNotification", "SignedFirmwareStatusNotification"
CHARGING = SimpleNamespace(id=1, id_tag="OCTTVALID1", connector=1)


def stop(reason):
    return {"transactionId": 1, "meterStop": 1, "timestamp": MOMENT, "reason": reason}


# -- L3: updates ----------------------------------------------------------------------------------------------------


def test_who_reboots_by_itself_a_while_after_the_installation_is_not_reset():
    lab = Lab()
    lab.stage.call(FIRMWARE, status="Installed")
    installed = lab.station.sends(FIRMWARE, status="Installed")
    lab.station.expect_disconnect()
    lab.at(100, lambda: lab.stage.link("disconnect"))
    lab.later(250, "BootNotification", **BOOT)
    boot = reboots(lab.station, installed, step=9)
    assert boot.payload == BOOT


def test_without_a_reboot_it_is_said_after_the_time_of_a_boot():
    lab = Lab()
    lab.stage.call(FIRMWARE, status="Installed")
    installed = lab.station.sends(FIRMWARE, status="Installed")
    with lab.timed(300):
        assert reboots(lab.station, installed, step=9) is None


def test_who_is_away_and_does_not_come_back_is_no_station_to_reset():
    lab = Lab()
    lab.stage.call(FIRMWARE, status="Installed")
    installed = lab.station.sends(FIRMWARE, status="Installed")
    lab.station.expect_disconnect()
    lab.stage.link("disconnect")
    with pytest.raises(Inconclusive, match=r"raise times\.boot_timeout"):
        reboots(lab.station, installed, step=9)


def failed(lab):
    """An installation that failed."""
    lab.stage.call(FIRMWARE, status="InstallationFailed")
    seen = lab.station.sends(FIRMWARE, status="InstallationFailed")
    lab.station.expect_disconnect()
    return seen


def test_after_a_failed_installation_nobody_waits_for_a_reboot_that_need_not_come():
    lab = Lab(observation=10)
    lab.stage.call("StatusNotification", connectorId=1, status="Unavailable", errorCode="NoError")
    since = failed(lab)
    lab.reports(30, 1, "Available")
    with lab.timed(40):
        assert may_reboot(lab.station, since, step=9) is None


@pytest.mark.parametrize("status", ["Available", "Unavailable"])
def test_a_reboot_that_begins_late_is_waited_for(status):
    lab = Lab(observation=10)
    lab.stage.call("StatusNotification", connectorId=1, status=status, errorCode="NoError")
    since = failed(lab)
    lab.at(8, lambda: lab.stage.link("disconnect"))
    lab.later(290, "BootNotification", **BOOT)
    assert may_reboot(lab.station, since, step=9).payload == BOOT


def test_connectors_may_take_the_time_of_a_boot_to_be_available():
    lab = Lab()
    before = lab.station.newest()
    lab.stage.call("StatusNotification", connectorId=1, status="Unavailable", errorCode="NoError")
    lab.reports(250, 1, "Available")
    stays_available(lab.station, before, step="result")


def test_a_signature_is_verified_in_the_time_of_an_installation():
    lab = Lab()
    lab.later(300, SIGNED, status="SignatureVerified", requestId=1)
    lab.stage.call(SIGNED, status="Downloaded", requestId=1)
    lab.station.sends(SIGNED, status="Downloaded")
    lab.station.sends(SIGNED, status="SignatureVerified")


# -- L5: the expiryDate ---------------------------------------------------------------------------------------------


def expires(lab, monkeypatch, seconds):
    """TC_047 with a station that answers after 10 s, and is free again so many seconds after the request."""

    def in_seconds(later):
        return datetime.fromtimestamp(lab.clock.now() / 1e9 + later, UTC).isoformat().replace("+00:00", "Z")

    monkeypatch.setattr(states, "in_seconds", in_seconds)
    lab.system.replies["ReserveNow"] = {"status": "Accepted"}
    lab.system.delays["ReserveNow"] = 10
    lab.reports(10.5, 1, "Reserved")
    lab.reports(seconds, 1, "Available")
    nothing = {"start_charging": lambda *_, **__: None}
    lab.play("reservation/test_reservation.py", "test_reservation_expires", nothing)


def test_a_reservation_expires_by_its_date_however_long_the_answer_took(monkeypatch):
    expires(Lab(), monkeypatch, 60)


def test_a_reservation_that_ends_before_its_date_fails(monkeypatch):
    with pytest.raises(Failed, match=r"it came after 50\.00 s, 60 s were due"):
        expires(Lab(), monkeypatch, 50)


# -- L6: each clause ------------------------------------------------------------------------------------------------


def test_a_rejected_station_may_close_its_connection_until_it_asks_again():
    lab = Lab()
    lab.at(120, lambda: lab.stage.call("BootNotification", **BOOT))
    lab.at(121, lambda: lab.stage.link("disconnect"))
    lab.at(250, lambda: lab.stage.link("connect", 2))
    lab.later(251, "BootNotification", **BOOT)
    lab.reports(400, 0, "Available")
    lab.reports(410, 1, "Available")
    for number in range(5):
        lab.later(420 + 10 * number, "Heartbeat")
    lab.play("core/test_booting.py", "test_cold_boot")


def test_a_rejected_station_that_asks_too_soon_fails():
    lab = Lab()
    lab.at(120, lambda: lab.stage.call("BootNotification", **BOOT))
    lab.later(125, "BootNotification", **BOOT)
    with pytest.raises(Failed, match=r"it came after 5\.00 s, 10 s were due"):
        lab.play("core/test_booting.py", "test_cold_boot")


def power_comes_back(lab, seconds):
    """The station boots and reports everything, at the pace of a slow one."""
    lab.later(seconds, "BootNotification", **BOOT)
    lab.reports(seconds + 200, 0, "Available")
    lab.reports(seconds + 210, 1, "Finishing")


def test_back_up_power_may_last_longer_than_anybody_observes():
    lab = Lab(observation=10)
    lab.later(40, "StopTransaction", **stop("PowerLoss"))
    lab.reports(50, 1, "Finishing")
    lab.at(170, lambda: lab.stage.link("disconnect"))
    lab.driver.then["power_on"] = lambda: power_comes_back(lab, 100)
    lab.play("core/test_power_failure.py", "test_power_loss_with_backup", charging=CHARGING)
    assert lab.clock.seconds == pytest.approx(170 + 310)


def test_back_up_power_that_does_not_run_out_is_no_failure():
    lab = Lab()
    lab.later(40, "StopTransaction", **stop("PowerLoss"))
    lab.reports(50, 1, "Finishing")
    with pytest.raises(Inconclusive, match="stayed connected for 300 s") as end:
        lab.play("core/test_power_failure.py", "test_power_loss_with_backup", charging=CHARGING)
    assert end.value.blame == "configuration"


def test_a_transaction_may_be_resumed_a_while_after_the_boot():
    lab = Lab()
    lab.later(100, "BootNotification", **BOOT)
    lab.reports(200, 0, "Available")
    lab.reports(210, 1, "Preparing")
    lab.reports(250, 1, "Charging")
    lab.driver.then["present_id_tag"] = lambda: lab.later(50, "StopTransaction", **stop("Local"))
    lab.reports(310 + 55, 1, "Finishing")
    lab.play("core/test_power_failure.py", "test_power_loss_without_backup", charging=CHARGING)


def authorized_then(lab, seconds):
    """TC_004_2 with a rig that acknowledges after 8 s; the connector is free so many seconds after Preparing."""
    lab.driver.takes = 8
    lab.system.replies["ChangeConfiguration"] = {"status": "Accepted"}

    def card():
        lab.later(0.1, "Authorize", idTag="OCTTVALID1")
        lab.reports(0.2, 1, "Preparing")
        lab.reports(0.2 + seconds, 1, "Available")

    lab.driver.then["present_id_tag"] = card
    known = {"configurationKey": [{"key": "ConnectionTimeOut", "readonly": False, "value": "30"}]}
    lab.system.replies["GetConfiguration"] = known
    lab.play("core/test_start_session.py", "test_identification_first_times_out")


def test_the_connection_timeout_runs_from_preparing_and_not_from_the_rigs_answer():
    authorized_then(Lab(connection_timeout=30), 30)


@pytest.mark.parametrize("seconds", [20, 61])
def test_a_connection_timeout_that_is_another_fails(seconds):
    with pytest.raises(Failed):
        authorized_then(Lab(connection_timeout=30), seconds)


# -- L7: what begins while offline ----------------------------------------------------------------------------------


def test_nobody_goes_back_online_before_the_transaction_can_have_begun():
    lab = Lab()
    with lab.timed(90):
        lab.play("core/test_offline.py", "_starts_offline", id_tag="OCTTVALID1")


def test_an_offline_stop_gets_the_time_of_a_stop():
    lab = Lab()
    lab.csms.back = lambda: (lab.stage.link("connect"), lab.later(100, "StopTransaction", **stop("Local")))
    lab.reports(61 + 90, 1, "Finishing")
    lab.play("core/test_offline.py", "test_offline_stop", charging=CHARGING)
    assert lab.csms.restored == pytest.approx(60)


# -- L9: readings ---------------------------------------------------------------------------------------------------


def reading(second):
    time = datetime.fromtimestamp(second, UTC)
    return Reading(NOTHING, time.isoformat(), time, "Sample.Periodic", frozenset())


@pytest.mark.parametrize(("spacing", "good"), [(10, True), (12.5, True), (14.5, False)])
def test_samples_come_at_their_interval(spacing, good):
    """Times in whole seconds may be one more off than the tolerance of 2 s for an interval of 10."""
    found = [reading(1000), reading(1000 + spacing)]
    lab = Lab()
    if good:
        check_spacing(lab.station, found, 10, step=1)
    else:
        with pytest.raises(Failed, match=r"14\.5 s after"):
            check_spacing(lab.station, found, 10, step=1)


@pytest.mark.parametrize(("second", "good"), [(600, True), (600.9, True), (602.8, False)])
def test_clock_aligned_values_lie_on_the_grid(second, good):
    lab = Lab()
    if good:
        check_aligned(lab.station, reading(second), 10, step=1)
    else:
        with pytest.raises(Failed, match=r"2\.8 s off"):
            check_aligned(lab.station, reading(second), 10, step=1)
