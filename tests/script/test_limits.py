"""How long what may take, whose number that is, and whether a miss decides (octt/script/limits.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from octt import paths
from octt.bench import TEMPLATE, Times, times
from octt.pics.declaration import Declaration
from octt.script.limits import (
    BOOT,
    BOOTED,
    CERTIFICATE,
    DELIVERY,
    DOWNLOAD,
    INSTALL,
    KINDS,
    ONLINE,
    START,
    STOP,
    TRIGGERED,
    UPLOAD,
    Limits,
    awaited,
    declared_times,
)
from octt.script.verdicts import Failed, Inconclusive
from tests.script.virtual_lab import BOOT as BOOT_PAYLOAD
from tests.script.virtual_lab import C6, MOMENT, Lab

STATUS = "StatusNotification"
FIRMWARE, SIGNED = "FirmwareStatusNotification", "SignedFirmwareStatusNotification"
DIAGNOSTICS, LOG = "DiagnosticsStatusNotification", "LogStatusNotification"


# -- whose number ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_the_declaration_comes_first_then_the_bench_then_the_default(kind):
    own, bench = {kind.item: 11.0}, Times(**{kind.key: 22})
    assert (Limits(bench, own).of(kind).seconds, Limits(bench, own).of(kind).source) == (11, "declaration")
    assert (Limits(bench, {}).of(kind).seconds, Limits(bench, {}).of(kind).source) == (22, "bench")
    default = Limits(Times(), {}).of(kind)
    assert (default.seconds, default.source) == (kind.default, "default")
    assert f"times.{kind.key}" in default.whose


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_only_a_declared_limit_decides_by_itself(kind):
    assert Limits(Times(), {kind.item: 1}).of(kind).decides(there=False)
    impatient = Limits(Times(**{kind.key: kind.default - 1}), {}).of(kind)
    assert not impatient.decides(there=True)
    patient = Limits(Times(**{kind.key: kind.default + 1}), {}).of(kind)
    assert patient.decides(there=True) is bool(kind.obliged)
    assert not patient.decides(there=False)
    assert kind.key in patient.remedy
    assert kind.item in patient.remedy


def test_an_undeclared_start_gets_ninety_seconds():
    assert Limits(Times(), {"triggered_timeout": 5.0}).of(START).seconds == 90


def test_former_names_of_the_bench_still_count():
    times = Times(remote_start_timeout=70, remote_stop_timeout=50)
    assert [Limits(times, {}).of(kind).seconds for kind in (START, STOP)] == [70, 50]
    assert Limits(Times(remote_start_timeout=70, start_timeout=71), {}).of(START).seconds == 71


@pytest.mark.parametrize("kind", [START, STOP], ids=["start", "stop"])
def test_on_the_form_of_2024_triggered_functions_include_starts_and_stops(kind):
    slow = Limits(Times(), {"triggered_timeout": 200.0}).of(kind)
    assert (slow.seconds, slow.decides(there=False)) == (200, True)
    assert Limits(Times(), C6).of(kind).seconds == C6[kind.item]


def test_what_is_no_number_of_seconds_is_not_declared():
    answers = {"response_timeout": 15, "triggered_timeout": 0, "remote_start_time": True}
    others = {
        "boot_timeout": "120",
        "install_timeout": "soon",
        "upload_timeout": "-1",
        "download_timeout": "inf",
    }
    declaration = Declaration(answers=answers, other_limits=others)
    assert declared_times(declaration) == {"response_timeout": 15, "boot_timeout": 120}


def test_every_default_has_its_reason_beside_it():
    lines = Path(times.__file__).read_text(encoding="utf-8").splitlines()
    for kind in KINDS:
        line = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{kind.key}: "))
        assert lines[line + 1].strip().startswith('"""')


# -- what for -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "fields", "cause", "kinds"),
    [
        ("Authorize", {}, "present_id_tag", (TRIGGERED,)),
        ("Authorize", {}, "RemoteStartTransaction", (START,)),
        (STATUS, {"status": "Preparing"}, "plug_in", (TRIGGERED,)),
        (STATUS, {"status": "Preparing"}, "RemoteStartTransaction", (START,)),
        (STATUS, {"status": "Available"}, "RemoteStartTransaction", (TRIGGERED,)),
        (STATUS, {"status": "Faulted"}, "plug_in_halfway", (START,)),
        (STATUS, {"status": "Faulted"}, "fault", (TRIGGERED,)),
        ("StartTransaction", {}, "present_id_tag", (START,)),
        ("StartTransaction", {}, "plug_in", (START,)),
        (STATUS, {"status": "Charging"}, "StartTransaction", (START,)),
        ("StopTransaction", {}, "present_id_tag", (STOP,)),
        ("StopTransaction", {}, "unplug_ev", (STOP,)),
        ("StopTransaction", {}, "UnlockConnector", (STOP,)),
        ("StopTransaction", {}, "Reset", (STOP,)),
        ("StopTransaction", {}, "power_off", (STOP,)),
        (STATUS, {"status": {"Finishing", "Available"}}, "RemoteStopTransaction", (STOP,)),
        (STATUS, {"status": {"SuspendedEV", "SuspendedEVSE"}}, "unplug_ev", (STOP,)),
        (STATUS, {"status": "SuspendedEVSE"}, "StartTransaction", (STOP,)),
        (STATUS, {"status": "Available"}, "unplug", (TRIGGERED,)),
        (STATUS, {"status": "Unavailable"}, "ChangeAvailability", (TRIGGERED,)),
        (STATUS, {"status": "Reserved"}, "ReserveNow", (TRIGGERED,)),
        ("Heartbeat", {}, "TriggerMessage", (TRIGGERED,)),
        ("BootNotification", {}, "Reset", (BOOT,)),
        (STATUS, {"status": "Available"}, BOOTED, (BOOT,)),
        ("StopTransaction", {"reason": "PowerLoss"}, BOOTED, (BOOT,)),
        (STATUS, {"status": "Charging"}, BOOTED, (BOOT,)),
        ("StartTransaction", {}, ONLINE, (DELIVERY,)),
        ("MeterValues", {}, ONLINE, (DELIVERY,)),
        (STATUS, {"status": "Finishing"}, ONLINE, (DELIVERY,)),
        (FIRMWARE, {"status": "Downloading"}, "UpdateFirmware", (DOWNLOAD,)),
        (FIRMWARE, {"status": {"Downloading", "DownloadFailed"}}, "UpdateFirmware", (DOWNLOAD,)),
        (FIRMWARE, {"status": "Installing"}, "UpdateFirmware", (INSTALL, BOOT)),
        (FIRMWARE, {"status": "Installed"}, BOOTED, (INSTALL, BOOT)),
        (FIRMWARE, {"status": "Idle"}, "TriggerMessage", (TRIGGERED,)),
        (SIGNED, {"status": "SignatureVerified"}, "SignedUpdateFirmware", (INSTALL, BOOT)),
        (SIGNED, {"status": "InvalidSignature"}, "SignedUpdateFirmware", (INSTALL, BOOT)),
        (
            "SecurityEventNotification",
            {"type": "InvalidFirmwareSignature"},
            "SignedUpdateFirmware",
            (INSTALL,),
        ),
        ("SecurityEventNotification", {"type": "InvalidFirmwareSigningCertificate"}, "x", (TRIGGERED,)),
        (DIAGNOSTICS, {"status": "Uploading"}, "GetDiagnostics", (UPLOAD,)),
        (LOG, {"status": "Uploaded"}, "GetLog", (UPLOAD,)),
        (DIAGNOSTICS, {"status": "Idle"}, "TriggerMessage", (TRIGGERED,)),
        ("SignCertificate", {}, "ExtendedTriggerMessage", (CERTIFICATE,)),
    ],
)
def test_the_limit_follows_from_what_is_waited_for_and_what_caused_it(action, fields, cause, kinds):
    assert awaited(action, fields, cause) == kinds


def test_an_installation_may_have_a_boot_in_it():
    limit = Limits(Times(), {"install_timeout": 50.0}).for_request(FIRMWARE, {"status": "Installed"}, "")
    assert limit.seconds == 50 + BOOT.default
    assert limit.source == "default", "one half of it was not declared"


def test_a_declared_limit_is_called_that_and_what_it_counts_from():
    lab = Lab()
    lab.station.call("RemoteStopTransaction", transactionId=1)
    with pytest.raises(
        Failed, match=r"within 60 s of RemoteStopTransaction\.conf \(declared as remote_stop_time\)"
    ):
        lab.station.sends("StopTransaction", transactionId=1)


def test_a_reply_counts_from_the_request():
    lab = Lab()
    lab.system.replies["ClearCache"] = None
    with lab.timed(15), pytest.raises(Failed, match=r"no reply within 15 s \(declared as response_timeout\)"):
        lab.station.call("ClearCache")


# -- L1: starts and stops, whoever asks -----------------------------------------------------------------------------

START_PAYLOAD = {"connectorId": 1, "idTag": "OCTTVALID1", "meterStart": 0, "timestamp": MOMENT}
STOP_PAYLOAD = {"meterStop": 1, "timestamp": MOMENT}


def starts(lab):
    """As the certified station: 42.87 s from whatever asks to StartTransaction."""
    lab.later(42.87, "StartTransaction", **START_PAYLOAD)
    lab.reports(85, 1, "Charging")


@pytest.mark.parametrize("action", ["plug_in", "present_id_tag"])
def test_a_local_start_has_the_time_of_a_start(action):
    lab = Lab()
    lab.driver.then[action] = lambda: starts(lab)
    getattr(lab.driver, action)(1)
    lab.station.sends("StartTransaction", connectorId=1)
    lab.station.reports("Charging")


def test_after_a_remote_start_authorize_is_part_of_the_start():
    lab = Lab()
    lab.later(40, "Authorize", idTag="OCTTVALID1")
    lab.station.call("RemoteStartTransaction", idTag="OCTTVALID1", connectorId=1)
    lab.station.sends("Authorize", idTag="OCTTVALID1")


def test_a_card_is_asked_for_in_the_time_of_a_triggered_function():
    lab = Lab()
    lab.driver.then["present_id_tag"] = lambda: lab.later(6, "Authorize", idTag="OCTTVALID1")
    lab.driver.present_id_tag(1, "OCTTVALID1")
    with pytest.raises(Failed, match=r"within 5 s of present_id_tag \(declared as triggered_timeout\)"):
        lab.station.sends("Authorize", idTag="OCTTVALID1")


@pytest.mark.parametrize("action", ["present_id_tag", "unplug_ev", "press_stop", "power_off"])
def test_every_stop_has_the_time_of_a_stop(action):
    lab = Lab()
    lab.later(50, "StopTransaction", transactionId=1, **STOP_PAYLOAD)
    lab.reports(100, 1, "Finishing")
    getattr(lab.driver, action)(1)
    lab.station.sends("StopTransaction", transactionId=1)
    lab.station.reports("Finishing")


def test_a_station_slower_than_declared_fails_at_the_step():
    lab = Lab()
    lab.later(91, "StartTransaction", **START_PAYLOAD)
    lab.driver.present_id_tag(1, "OCTTVALID1")
    with pytest.raises(Failed, match=r"step 5: .* 90 s of present_id_tag \(declared as remote_start_time\)"):
        lab.station.sends("StartTransaction", connectorId=1, step=5)


# -- L2: what follows a boot ----------------------------------------------------------------------------------------


def test_statuses_after_a_boot_have_the_time_of_a_boot():
    lab = Lab()
    lab.later(200, "BootNotification", **BOOT_PAYLOAD)
    lab.reports(400, 0, "Available")
    lab.reports(450, 1, "Available")
    lab.station.call("Reset", type="Hard")
    lab.station.sends("BootNotification")
    lab.station.reports_all("Available")


def test_what_we_ask_for_after_a_boot_is_no_part_of_it():
    lab = Lab()
    lab.stage.call("BootNotification", **BOOT_PAYLOAD)
    lab.station.sends("BootNotification")
    lab.station.call("ChangeAvailability", connectorId=1, type="Operative")
    with pytest.raises(Failed, match="declared as triggered_timeout"):
        lab.station.reports("Available")


def test_a_soft_reset_ends_transactions_in_the_time_of_a_stop_and_a_hard_one_in_that_of_a_boot():
    lab = Lab()
    lab.station.call("Reset", type="Soft")
    with lab.timed(60), pytest.raises(Failed, match="remote_stop_time"):
        lab.station.sends("StopTransaction", transactionId=1)
    lab.station.call("Reset", type="Hard")
    with lab.timed(300), pytest.raises((Failed, Inconclusive)):
        lab.station.sends("StopTransaction", transactionId=1)


# -- L8: nobody's limit makes no FAIL -------------------------------------------------------------------------------


def test_a_station_that_redials_later_than_the_bench_wants_does_not_fail():
    lab = Lab(reconnect_timeout=40)
    lab.csms.cut()
    lab.csms.restore()
    with lab.timed(40), pytest.raises(Inconclusive) as end:
        lab.station.connects()
    assert "raise times.reconnect_timeout of the bench (now times.reconnect_timeout" in end.value.reason
    assert "or have reconnect_timeout declared in [other_limits]" in end.value.reason
    assert end.value.blame == "configuration"


def test_a_declared_reconnection_decides():
    lab = Lab({"reconnect_timeout": 40})
    lab.csms.cut()
    with pytest.raises(Failed, match="declared as reconnect_timeout"):
        lab.station.connects()


def test_a_triggered_function_that_nobody_declared_is_no_failure():
    lab = Lab({}, function_timeout=20)
    with pytest.raises(Inconclusive, match=r"times\.function_timeout.*triggered_timeout declared in \[perf"):
        lab.station.sends("Heartbeat")


def test_a_boot_fails_only_a_station_that_is_there_when_the_default_has_passed():
    lab = Lab({})
    lab.station.call("Reset", type="Hard")
    with lab.timed(300), pytest.raises(Failed, match=r"the default of times\.boot_timeout"):
        lab.station.sends("BootNotification")


def test_a_station_that_is_still_away_is_slow_and_not_wrong():
    lab = Lab({})
    lab.station.call("Reset", type="Hard")
    lab.stage.link("disconnect")
    with pytest.raises(Inconclusive, match=r"raise times\.boot_timeout") as end:
        lab.station.sends("BootNotification")
    assert end.value.blame == "configuration"


def test_an_impatient_bench_decides_nothing_about_a_boot():
    lab = Lab({}, boot_timeout=8)
    lab.stage.call("BootNotification", **BOOT_PAYLOAD)
    lab.station.sends("BootNotification")
    with lab.timed(8), pytest.raises(Inconclusive, match=r"raise times\.boot_timeout") as end:
        lab.station.reports("Available")
    assert end.value.blame == "configuration"


def test_what_is_wrong_fails_whoever_set_the_limit():
    lab = Lab({}, install_timeout=5)
    lab.stage.call(FIRMWARE, status="Installed")
    with pytest.raises(Failed, match="status is 'Installed'"):
        lab.station.sends(FIRMWARE, status="Installing")


def test_an_installation_that_nobody_declared_is_not_judged_by_its_length():
    lab = Lab()
    with lab.timed(900), pytest.raises(Inconclusive, match=r"raise times\.install_timeout"):
        lab.station.sends(FIRMWARE, status="Installed")


def test_what_a_section_times_decides_on_any_bench():
    lab = Lab({})
    with lab.timed(30 + 30), pytest.raises(Failed):
        lab.station.reports("Available", after=30)


# -- L9: tolerances -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "early", "late", "aligned"),
    [(1, 0.3, 1, 0.3), (2, 0.6, 1, 0.6), (10, 3, 2, 1), (60, 5, 5, 1), (900, 5, 5, 1)],
)
def test_tolerances_are_a_part_of_the_interval(interval, early, late, aligned):
    own = Limits(Times(), {})
    found = own.early(interval), own.late(interval), own.aligned(interval)
    assert found == pytest.approx((early, late, aligned))


def test_the_bench_narrows_tolerances():
    own = Limits(Times(max_deviation=0.5), {})
    assert (own.early(60), own.late(60)) == (0.5, 0.5)


@pytest.mark.parametrize(("pause", "good"), [(10, True), (11.9, True), (14, False), (6.9, False)])
def test_heartbeats_come_at_their_interval(pause, good):
    lab = Lab({})
    for number in range(3):
        lab.later(10 + number * pause, "Heartbeat")
    if good:
        lab.station.repeats("Heartbeat", every=10)
    else:
        with pytest.raises(Failed):
            lab.station.repeats("Heartbeat", every=10)


def test_in_any_order_one_may_still_follow_from_another():
    """A card: Authorize in the time of a triggered function, and Preparing in that time after it."""
    lab = Lab()
    lab.later(4.5, "Authorize", idTag="OCTTVALID1")
    lab.reports(9, 1, "Preparing")
    lab.driver.present_id_tag(1, "OCTTVALID1")
    with lab.station.in_any_order():
        lab.station.sends("Authorize", idTag="OCTTVALID1")
        lab.station.reports("Preparing")


def test_a_request_with_a_list_of_keys_may_stay_unanswered():
    lab = Lab()
    lab.system.replies["GetConfiguration"] = None
    with pytest.raises(Failed, match="no reply within"):
        lab.station.call("GetConfiguration", key=["HeartbeatInterval"])


def test_a_number_of_the_bench_that_is_declared_otherwise_is_said_not_to_be_used():
    own = Limits(Times(function_timeout=20, boot_timeout=8), {"triggered_timeout": 5.0, "boot_timeout": 8.0})
    assert own.overruled() == [
        "times.function_timeout = 20 of the bench is not used: triggered_timeout = 5 is declared"
    ]


def test_the_record_is_told_every_limit_and_when_it_decides():
    lines = {line["waits_for"]: line for line in Limits(Times(boot_timeout=8), C6).told()}
    assert len(lines) == len(KINDS)
    assert lines["a start"] == {
        "waits_for": "a start",
        "seconds": 90,
        "whose": "declared as remote_start_time",
        "decides": "always",
    }
    assert [lines[kind.name]["decides"] for kind in (BOOT, DELIVERY, INSTALL)] == [
        "never",
        "when the station is connected",
        "never",
    ]


def test_the_document_has_the_table_as_it_is():
    text = (paths.DATA / "docs" / "times.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    for kind in KINDS:
        [row] = [row for row in rows if row[0].startswith(kind.name)]
        assert row[1:4] == [f"`{kind.item}`", f"`{kind.key}`", f"{kind.default:g}"]
        assert row[4].startswith("when declared")
        assert ("at the default" in row[4]) is bool(kind.obliged)


def test_the_template_shows_the_defaults():
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    for kind in KINDS:
        [line] = [line for line in lines if line.removeprefix("# ").startswith(f"{kind.key} =")]
        assert float(line.split("=")[1].split("#")[0]) == kind.default
