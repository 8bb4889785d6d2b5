"""What may not be done to a station that somebody owns, and what is asked of one that is built otherwise than ours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from octt.bench import Bench
from octt.csms.admission import Attempt, Credentials
from octt.csms.answers import Answers
from octt.script.charging.profiles import SmartCharging
from octt.script.files.words import Files
from octt.script.security.certificates import CENTRAL_SYSTEM, Certificates
from octt.script.security.connections import Check, Connections
from octt.script.states import Transaction, list_entry
from octt.script.undo import Kind
from octt.script.verdicts import Failed, Inconclusive
from octt.timeline.entry import NOTHING
from tests.script.answering import key
from tests.script.virtual_lab import Lab


def asked(lab):
    """What the station was asked for."""
    return [e.action for e in lab.timeline.since(0) if not e.incoming and e.frame.type == "CALL"]


def keys(**values):
    """GetConfiguration.conf with these keys."""
    return {"configurationKey": [{"key": k, "readonly": True, "value": v} for k, v in values.items()]}


# -- the station must survive us ------------------------------------------------------------------------------------


class Nowhere:
    """File servers that need no network."""

    ports = ("http",)

    def offer(self, _name, _image):
        return {"http": "http://127.0.0.1:1/a/firmware.bin"}

    def contacts(self):
        return []

    def transfers(self, _url):
        return []


def files(lab, declared=("http",), **bench):
    """The words for files with a bench of these tables."""
    lab.station.bench = lab.bench = Bench.model_validate(bench)
    declaration = SimpleNamespace(answer=lambda _item: list(declared))
    return Files(lab.station, Nowhere(), declaration)


@pytest.mark.parametrize(
    ("driver", "firmware", "given"),
    [
        ({"kind": "manual"}, {}, False),
        ({"kind": "http", "url": "http://127.0.0.1:1"}, {}, False),
        ({"kind": "manual"}, {"dummy": True}, True),
        ({"kind": "simulated"}, {}, True),
    ],
)
def test_random_bytes_are_firmware_for_the_simulated_station_only_or_when_asked_for(driver, firmware, given):
    found = files(Lab(), driver=driver, firmware=firmware)
    for image in (found.image, found.corrupt_image):
        if given:
            assert image(turn=0).generated
        else:
            with pytest.raises(Inconclusive, match="random bytes are sent to no real station") as end:
                image(turn=0)
            assert end.value.blame == "configuration"


@pytest.mark.parametrize(
    ("file", "case"),
    [
        ("firmware_management/test_firmware.py", "test_firmware_update"),
        ("firmware_management/test_firmware.py", "test_installation_fails"),
        ("security/test_secure_files.py", "test_secure_update"),
        ("security/test_secure_files.py", "test_wrong_signature"),
    ],
)
def test_without_an_image_nothing_is_changed_at_the_station(file, case):
    lab = Lab()
    with pytest.raises(Inconclusive, match="no firmware image is given"):
        lab.play(file, case, files=files(lab, driver={"kind": "manual"}), security=None)
    assert set(asked(lab)) == {"GetConfiguration"}  # which protocols it has


class Offers:
    """The words for certificates: notes what the station was given, which it takes or not."""

    def __init__(self, status):
        self.given, self.status = [], status

    def __getattr__(self, _name):
        return lambda *_words, **_more: ""

    def wrong(self, kind, *_more):
        return kind

    def gives(self, kind):
        self.given.append(kind)
        reply = SimpleNamespace(payload={"status": self.status})
        reply.returns = lambda **_expected: reply
        return reply


@pytest.mark.parametrize("allowed", [False, True])
def test_a_certificate_for_a_foreign_key_is_offered_on_request_only(allowed):
    lab, offers = Lab(), Offers("Accepted")
    lab.bench.security.foreign_key = allowed
    for _ in range(2):
        lab.later(
            0.1,
            "SecurityEventNotification",
            type="InvalidChargePointCertificate",
            timestamp="2024-01-01T00:00:00Z",
        )
    more = {"security": Offers(""), "certificates": offers}
    lab.play("security/test_certificates.py", "test_invalid_own_certificate", **more)
    assert offers.given == ["expired", "untrusted_root", *(["wrong_key"] if allowed else [])]
    assert (
        any("was Accepted" in event.text for event in lab.case.record.events if event.kind == "remark")
        is allowed
    )


@pytest.mark.parametrize(
    ("allowed", "imported", "why"),
    [(False, False, "security.replace_root"), (True, True, r"M05\.FR\.09")],
)
def test_the_only_root_of_a_station_is_not_replaced_unasked_nor_in_vain(allowed, imported, why):
    lab = Lab()
    lab.bench.security.replace_root = allowed
    lab.system.replies["GetConfiguration"] = key("AdditionalRootCertificateCheck", "true")
    pki = SimpleNamespace(
        root=SimpleNamespace(certificate="ours"), trust_anchor="theirs" if imported else "ours"
    )
    with pytest.raises(Inconclusive, match=why):
        Certificates(lab.station, pki).extra_root(CENTRAL_SYSTEM)
    assert asked(lab) == ["GetConfiguration"]


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "host", "blame"),
    [(["http"], "", "network"), ([], "", "configuration"), (["http"], "127.0.0.1", "station")],
)
def test_who_never_reached_the_server_is_blamed_by_what_is_known_of_the_way(declared, host, blame):
    """Where the file server is the host that the station is connected to, it can reach it."""
    lab = Lab()
    found = files(lab, declared, driver={"kind": "simulated"}, central_system={"public_host": host})
    image = found.image(turn=0)
    lab.stage.call("FirmwareStatusNotification", status="DownloadFailed")
    with pytest.raises((Failed, Inconclusive)) as end, found.fair(image):
        lab.station.sends("FirmwareStatusNotification", status="Downloaded", step=5)
    assert end.value.blame == blame


# -- connections ----------------------------------------------------------------------------------------------------

RIGHT = Credentials("CS001", b"right", True)


def attempt(moment, reason="", given=Credentials(), path="/ocpp/CS001"):  # noqa: B008
    return Attempt(moment, moment, 1, reason, path, given)


def connections(lab, *attempts):
    """The words for connections of a station that tried so."""
    lab.system.door = SimpleNamespace(attempts=list(attempts))
    lab.system.security_profile, lab.system.connected = 1, True
    return Connections(lab.station, None)


def password(one):
    return [] if one.credentials.password == b"right" else ["no password"]


LOGIN = Check(1, "the password", password, "whitepaper A00.FR.203")


def test_who_wants_to_be_asked_for_the_password_is_asked_once():
    lab = Lab()
    words = connections(lab, attempt(1, "no password"), attempt(2, given=RIGHT))
    assert words.connects(0, LOGIN).m == 2
    (told,) = [event.text for event in lab.case.record.events if event.kind == "remark"]
    assert "only when it is asked for by 401" in told


@pytest.mark.parametrize(
    "attempts",
    [
        [attempt(1, "no password"), attempt(2, "no password")],
        [attempt(1, "wrong", Credentials("CS001", b"wrong", True)), attempt(2, given=RIGHT)],
    ],
)
def test_who_does_not_give_it_then_or_gives_another_fails(attempts):
    with pytest.raises(Failed):
        connections(Lab(), *attempts).connects(0, LOGIN)


# -- charging profiles ----------------------------------------------------------------------------------------------


def smart(lab, **given):
    lab.system.replies["GetCompositeSchedule"] = {"status": "Rejected"}
    lab.system.replies["GetConfiguration"] = keys(**given)
    return SmartCharging(lab.station, direct=bool(given.get("direct")))


def test_profiles_are_cut_to_what_the_station_takes():
    lab = Lab()
    found = smart(lab, ChargingScheduleMaxPeriods="2", ChargeProfileMaxStackLevel="0")
    lab.bench.smart_charging.stack_level = 3
    profile = found.profile("TxDefaultProfile", [(0, 6), (60, 8), (200, 10)], duration=300)
    periods = profile["chargingSchedule"]["chargingSchedulePeriod"]
    assert [period["startPeriod"] for period in periods] == [0, 60]
    assert profile["stackLevel"] == 0


def test_a_profile_lasts_as_long_as_its_schedule_is_asked_for():
    """It begins the time deviation ago, so that it has to last that much longer."""
    lab = Lab(max_deviation=4)
    profile = smart(lab).profile("TxDefaultProfile", [(0, 6)], duration=300)
    assert profile["chargingSchedule"]["duration"] == 304


@pytest.mark.parametrize("direct", [True, False])
def test_direct_current_has_no_phases(direct):
    lab = Lab()
    lab.system.replies |= {"GetCompositeSchedule": {"status": "Rejected"}, "GetConfiguration": keys()}
    found = SmartCharging(lab.station, direct=direct)
    (period,) = found.profile("TxProfile", [(0, 6)])["chargingSchedule"]["chargingSchedulePeriod"]
    assert ("numberPhases" in period) is not direct


class NoProfiles:
    """The words for profiles, of which nothing is judged."""

    def __init__(self, unit, direct):
        self.unit, self.direct = unit, direct

    def __getattr__(self, _name):
        return lambda *_words, **_more: {}


@pytest.mark.parametrize(("direct", "fails"), [(True, False), (False, True)])
def test_a_limit_in_a_of_direct_current_is_not_read_from_the_meter(direct, fails):
    """A limit in A is one of each phase (7.12), and 10 A at 400 V are no more than 6 A on three phases."""
    lab = Lab()
    lab.system.replies |= {
        "GetConfiguration": keys(MeterValuesSampledData="Current.Import", MeterValueSampleInterval="10")
    }
    sample = {"value": "10.3", "measurand": "Current.Import", "unit": "A"}
    values = [{"timestamp": "2024-01-01T00:00:00Z", "sampledValue": [sample]}]
    lab.later(1, "MeterValues", connectorId=1, meterValue=values)
    started = {"start_charging": lambda *_, **__: Transaction(1, "A", 1, NOTHING)}
    play = ("smart_charging/test_smart_charging.py", "test_remote_start_with_profile", started)
    if fails:
        with pytest.raises(Failed, match=r"the meter shows 10\.3 A"):
            lab.play(*play, smart=NoProfiles("A", direct))
    else:
        lab.play(*play, smart=NoProfiles("A", direct))


# -- lists and locks ------------------------------------------------------------------------------------------------


def test_the_list_says_of_a_card_what_our_answers_say():
    answers = Answers()
    answers.id_tag_info = lambda tag: {"status": "Accepted", "parentIdTag": "G"}
    station = SimpleNamespace(system=SimpleNamespace(answers=answers))
    assert list_entry(station, "A") == {"idTag": "A", "idTagInfo": {"status": "Accepted", "parentIdTag": "G"}}


@pytest.mark.parametrize("fixed", [False, True])
def test_a_cable_that_may_stay_locked_is_unlocked_however_the_case_ends(fixed):
    lab, pics = Lab(), SimpleNamespace(yes=lambda _: False, fixed_cable=lambda _: fixed)
    lab.system.replies |= {
        "GetConfiguration": keys(
            StopTransactionOnEVSideDisconnect="true", UnlockConnectorOnEVSideDisconnect="false"
        )
    }
    begun = {"start_charging": lambda *_, **__: Transaction(1, "A", 1, NOTHING)}
    with pytest.raises(Failed, match="StopTransaction"):
        lab.play("core/test_stop_session.py", "test_ev_disconnects_stop_without_unlock", begun, pics=pics)
    assert [undo.connector for undo in lab.case.journal.of(Kind.LOCK)] == ([] if fixed else [1])
