"""What looks right at first sight and is not, and what is right though it looks wrong: scripts in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from octt.pics.declaration import Declaration
from octt.pki.certificates import new_key
from octt.record.words import Verdict
from octt.script.calling import Reply
from octt.script.declared import Declared
from octt.script.files.updates import begins_to_install
from octt.script.security.facts import same_key
from octt.script.states import Transaction
from octt.script.verdicts import Failed, Inconclusive
from octt.suite.attempt import decide
from octt.timeline.entry import NOTHING
from tests.script.answering import key
from tests.script.virtual_lab import BOOT, Lab

ACCEPTED = {"status": "Accepted"}


def written(lab, seconds):
    """A moment so many seconds after the beginning, by the station's clock."""
    return datetime.fromtimestamp(lab.stage.clock.now() / 1e9 + seconds, UTC).isoformat()


# -- availability over a restart (5.2) ------------------------------------------------------------------------------


def restarts(lab, file, case, *later, connector):
    """The station is made inoperative, restarts, says so again, and then whatever `later` has: (seconds, status)."""
    lab.system.replies |= {"ChangeAvailability": ACCEPTED, "Reset": ACCEPTED}
    for number in [0, 1] if connector == 0 else [1]:
        lab.reports(0.1, number, "Unavailable")
    lab.later(5, "BootNotification", **BOOT)
    for number in (0, 1):
        lab.reports(6, number, "Unavailable" if connector in (0, number) else "Available")
    for seconds, status in later:
        lab.reports(seconds, 1, status)
    lab.play(file, case, {"_operative_again": lambda *_: None})


RESET, POWER = "core/test_reset.py", "core/test_power_failure.py"
KEPT = [
    (RESET, "test_hard_reset_without_transaction", 1),
    (RESET, "test_soft_reset_without_transaction", 1),
    (POWER, "test_power_failure_keeps_unavailable", 0),
]


@pytest.mark.parametrize(("file", "case", "connector"), KEPT)
def test_who_stays_unavailable_passes(file, case, connector):
    restarts(Lab(observation=10), file, case, (8, "Unavailable"), connector=connector)


@pytest.mark.parametrize("moment", [5.5, 9])
@pytest.mark.parametrize(("file", "case", "connector"), KEPT)
def test_who_is_available_before_or_after_it_says_unavailable_fails(file, case, connector, moment):
    with pytest.raises(Failed, match="anything but Unavailable"):
        restarts(Lab(observation=10), file, case, (moment, "Available"), connector=connector)


# -- what begins offline --------------------------------------------------------------------------------------------


def delivered(lab, *, begun, asks=False):
    """The station is back after 100 s, with a start of that second, and perhaps asks about the card first."""
    lab.stage.call(
        "StatusNotification",
        connectorId=1,
        status="Preparing",
        errorCode="NoError",
        timestamp=written(lab, 0),
    )
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": written(lab, begun)}
    lab.csms.cut()
    lab.clock.sleep(100)

    def starts():
        seen = lab.stage.call("StartTransaction", **start)
        answer = {"transactionId": 7, "idTagInfo": ACCEPTED}
        lab.stage.frame([3, seen.frame.id, answer], incoming=False)

    def back():
        lab.stage.link("connect", 2)
        if asks:
            lab.later(0.5, "Authorize", idTag="A")
        lab.at(1.5, starts)

    lab.csms.back = back
    return lab.play("core/test_offline.py", "_start_is_delivered", id_tag="A")


def test_a_start_of_the_time_offline_is_one():
    assert delivered(Lab(), begun=50).id == 7


def test_a_start_that_begins_when_the_station_is_back_was_none():
    with pytest.raises(
        Failed, match=r"StartTransaction\.timestamp before the connection was back; it is 1\.2 s after"
    ):
        delivered(Lab(), begun=101.2)


def test_who_asks_about_the_card_when_it_is_back_did_not_authorize_it_offline():
    with pytest.raises(Failed, match=r"no Authorize\.req; it came"):
        delivered(Lab(), begun=50, asks=True)


# -- preconditions (optional is absent, not refused) ----------------------------------------------------------------


def test_a_key_that_is_absent_may_be_missing_and_one_that_is_refused_may_not():
    lab = Lab()
    lab.system.replies |= {
        "GetConfiguration": key("Vendor", None),
        "ChangeConfiguration": {"status": "Rejected"},
    }
    lab.station.configure(AuthorizationCacheEnabled=True, optional=True)
    lab.system.replies["GetConfiguration"] = key("AuthorizationCacheEnabled", "false")
    with pytest.raises(Inconclusive, match="it is 'false'; ChangeConfiguration gave Rejected") as end:
        lab.station.configure(AuthorizationCacheEnabled=True, optional=True)
    assert end.value.blame == "configuration"
    lab.station.prefer(AuthorizationCacheEnabled=True)


@pytest.mark.parametrize(
    ("file", "case"),
    [
        ("core/test_cache.py", "test_start_by_cached_id"),
        ("local_auth_list_management/test_local_list.py", "test_start_by_listed_id"),
    ],
)
def test_a_key_whose_absence_is_found_elsewhere_keeps_no_case_from_being_tried(file, case):
    """AuthorizeRemoteTxRequests is what TC_019 asks for; without it either behaviour is right (5.11)."""
    lab, given = Lab(), {"LocalPreAuthorize": "true", "LocalAuthListEnabled": "true"}

    def call(action, payload, timeout):
        if action == "GetConfiguration":
            (name,) = payload["key"]
            lab.system.replies[action] = key(name, given.get(name))
        return answer(action, payload, timeout)

    answer, lab.system.call = lab.system.call, call
    lab.system.replies |= {
        "GetLocalListVersion": {"listVersion": 0},
        "ChangeConfiguration": {"status": "NotSupported"},
    }
    unwanted = dict.fromkeys(("cache_id_tag", "list_entry"), reached)
    with pytest.raises(Reached):
        lab.play(file, case, unwanted)


class Reached(Exception):
    """The precondition held."""


def reached(*_words, **_more):
    raise Reached


# -- one fault hides no other ---------------------------------------------------------------------------------------


def test_of_messages_that_are_triggered_every_one_is_judged():
    lab = Lab()
    lab.system.replies |= {"TriggerMessage": ACCEPTED, "GetConfiguration": key("Vendor", None)}
    lab.play("remote_trigger/test_trigger_message.py", "test_trigger_message")
    verdict, _, reason = decide(None, lab.case, [])
    assert verdict is Verdict.FAIL
    for message in ("MeterValues", "Heartbeat", "StatusNotification", "FirmwareStatusNotification"):
        assert f"expected {message}.req" in reason


def test_keys_without_a_name_or_an_access_are_a_failure_and_no_error():
    lab = Lab()
    entries = [{"key": "SupportedFeatureProfiles", "value": "Core"}, {"value": "3"}, {"key": 7}]
    lab.system.replies["GetConfiguration"] = {"configurationKey": entries}
    with pytest.raises(Failed, match="GetConfigurationMaxKeys a whole number"):
        lab.play("core/test_configuration.py", "test_retrieve_configuration")
    assert "missing: AuthorizeRemoteTxRequests" in decide(None, lab.case, [])[2]


@pytest.mark.parametrize("connector", [0, 1])
def test_a_fault_may_be_one_of_the_station_as_a_whole(connector):
    lab = Lab()
    lab.driver.then["fault"] = lambda: lab.reports(0.1, connector, "Faulted")
    with lab.timed(20, slack=1):
        lab.play("core/test_fault.py", "test_fault", pics=Declared(Declaration()))


# -- meter values ---------------------------------------------------------------------------------------------------


def values(lab, moment, **more):
    """MeterValues.req of a moment, in seconds after the beginning, and with the fields in `more`."""
    sample = {"value": "1", "context": more.pop("context", "Sample.Periodic")}
    entry = {"timestamp": written(lab, moment - lab.clock.seconds), "sampledValue": [sample]}
    return {"connectorId": 1, "meterValue": [entry], **more}


def sampled(lab, case, context, **more):
    """TC_070 or TC_071 with three values, at whole minutes, of a transaction with id 1."""
    for moment in (80, 140, 200):  # the beginning is 20 s after a minute
        lab.later(moment, "MeterValues", **values(lab, moment, context=context, **more))
    begun = Transaction(1, "A", 1, NOTHING)
    lab.play("core/test_meter_values.py", case, {"_charging_with": lambda *_: ([], begun)})


@pytest.mark.parametrize(
    ("case", "context", "more", "why"),
    [
        ("test_sampled_meter_values", "Sample.Periodic", {"transactionId": 1}, ""),
        ("test_sampled_meter_values", "Sample.Periodic", {}, "transactionId is absent"),
        ("test_sampled_meter_values", "Sample.Clock", {"transactionId": 1}, "the contexts are Sample.Clock"),
        ("test_clock_aligned_meter_values", "Sample.Clock", {}, ""),
        ("test_clock_aligned_meter_values", "Sample.Clock", {"transactionId": 2}, "transactionId is 2"),
    ],
)
def test_a_value_without_its_transaction_is_that_and_no_missing_value(case, context, more, why):
    """A clock-aligned value is taken without a transaction too, so that it need not name one."""
    lab = Lab(meter_value_interval=60, clock_aligned_interval=60)
    if why:
        with pytest.raises(Failed, match=why):
            sampled(lab, case, context, **more)
    else:
        sampled(lab, case, context, **more)
    assert lab.case.postponed == []


@pytest.mark.parametrize(("first", "lost"), [(20, False), (30, True)])
def test_what_was_sent_before_the_cut_is_not_lost(first, lost):
    """A value between StartTransaction and Charging is none that was measured offline."""
    lab = Lab(meter_value_interval=10)

    def starts(*_words, **_more):
        start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": written(lab, 0)}
        begun = lab.stage.call("StartTransaction", **start)
        lab.clock.sleep(10)
        lab.stage.call("MeterValues", **values(lab, 10, transactionId=1))
        return Transaction(1, "A", 1, begun)

    def back():
        lab.stage.link("connect", 2)
        for number, moment in enumerate(range(first, 71, 10)):
            lab.later(0.5 + number, "MeterValues", **values(lab, moment, transactionId=1))

    lab.system.replies["GetConfiguration"] = key("MeterValueSampleInterval", "10")
    lab.csms.back = back
    play = ("core/test_offline.py", "test_meter_values_while_offline", {"start_charging": starts})
    if lost:
        with pytest.raises(Failed, match="the first queued value is 10 s after the last one before the cut"):
            lab.play(*play)
    else:
        lab.play(*play)


# -- updates --------------------------------------------------------------------------------------------------------


def test_a_boot_loader_may_reboot_before_it_tells_that_it_installs():
    """Whitepaper figure 13 and L01.FR.22."""
    lab, signed = Lab(), "SignedFirmwareStatusNotification"
    boot = lab.stage.call("BootNotification", **BOOT)
    assert begins_to_install(lab.station, 1, step=9) is boot
    lab.stage.call(signed, status="Installing", requestId=1)
    assert begins_to_install(lab.station, 1, step=9) is None
    lab.stage.call(signed, status="InvalidSignature", requestId=1)
    with pytest.raises(Failed, match="status = InvalidSignature"):
        begins_to_install(lab.station, 1, step=9)


# -- replies and keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([3, "c", {}], "no status"),
        ([3, "c", {"status": None}], "no status"),
        ([3, "c", {"status": ["x"]}], '["x"]'),
        ([4, "c", "NotSupported", "", {}], "CALLERROR NotSupported"),
        ([4, "c", "", "", {}], "CALLERROR without a code"),
    ],
)
def test_what_was_answered_is_said_in_words(answer, said):
    lab = Lab()
    request = lab.stage.frame([2, "c", "ClearCache", {}], incoming=False)
    assert Reply(lab.case, request, lab.stage.frame(answer), "2").given == said


def request(key):
    """A certificate signing request for a key, in PEM."""
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


def test_a_pair_of_keys_is_known_again():
    one, other = new_key("ecdsa"), new_key("ecdsa")
    assert same_key(request(one), request(one))
    assert not same_key(request(one), request(other))
