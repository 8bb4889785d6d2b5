"""Cross-examination: what each rule takes for a confirmation, for a contradiction, and for neither."""

import pytest
from declarations import declare, raw
from hypothesis import given
from hypothesis import strategies as st
from story import Story

from octt.pics.examine import RULES, examine
from octt.pics.questionnaire import load_questionnaire
from octt.record.words import Agreement

CONFIRMED, CONTRADICTED, NOT_OBSERVED = Agreement.CONFIRMED, Agreement.CONTRADICTED, Agreement.NOT_OBSERVED

ROOT = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1"}
OTHER = {**ROOT, "serialNumber": "2"}
TLS = {"version": "TLSv1.2", "cipher": "AES128-GCM-SHA256", "client_cert": None, "offered": []}
RSA = ["TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"]


def examined(item, answer, story):
    data = raw()
    question = load_questionnaire()[item]
    (data.setdefault(question.table, {}) if question.table else data)[item] = answer
    found = [finding for finding in examine(declare(data), story.events) if finding.item == item]
    assert len(found) == 1
    return found[0]


def local_session(story, stop=None, card_first=True):
    if card_first:
        story.does("present_id_tag", connector=1, id_tag="tag")
    line = story.starts()
    if stop is not None:
        story.does(stop, connector=1, id_tag="tag")
        return story.stops(reason="Local")
    return line


def remote_session(story):
    story.does("present_id_tag", connector=1, id_tag="tag")
    story.calls("RemoteStartTransaction", {"status": "Accepted"}, idTag="TAG", connectorId=1)
    story.starts()
    story.does("present_id_tag", connector=1, id_tag="tag")
    story.calls("RemoteStopTransaction", {"status": "Accepted"}, transactionId=7)
    return story.stops(reason="Local")


def offline_session(story, at="10:00:03Z", authorize=False):
    story.add("network", event="cut")
    story.does("present_id_tag", connector=1, id_tag="TAG")
    story.add("network", event="restored")
    if authorize:
        story.sends("Authorize", idTag="TAG")
    return story.starts(at=at)


def ev_unplugged(story, goes_on):
    story.starts()
    story.does("unplug_ev", connector=1)
    line = story.status("SuspendedEV") if goes_on else 0
    stop = story.stops(reason="Remote" if goes_on else "EVDisconnected")
    return line or stop


def power_lost(story, before, reason="PowerLoss"):
    story.starts()
    story.add("action", action="power_off", params={}, phase="asked")
    line = story.stops(reason=reason) if before else 0
    story.add("action", action="power_off", params={}, phase="done")
    story.connect()
    return line or story.stops(reason=reason)


def resumed(story, ends=None, reason="Local"):
    """A power loss after which the connector is Charging; then the transaction is ended, or not."""
    story.starts()
    story.does("power_cycle")
    story.connect()
    line = story.status("Charging")
    if ends is None:
        return line
    ends(story)
    stop = story.stops(reason=reason)
    return line if reason != "PowerLoss" else stop


def stopped_by_card_after_power_loss(story):
    """Nothing says that the transaction went on, and it was a person who ended it."""
    story.starts()
    story.does("power_cycle")
    story.connect()
    by_card(story)
    return story.stops()


def by_card(story):
    story.does("present_id_tag", connector=1, id_tag="TAG")


def remotely(story):
    story.calls("RemoteStopTransaction", {"status": "Accepted"}, transactionId=7)


def by_itself(story):
    story.status("Finishing")


def sampled(story, context, *measurands):
    samples = [{"value": "1", "context": context, "measurand": name} for name in measurands]
    values = [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": samples}]
    return story.sends("MeterValues", connectorId=1, meterValue=values)


def root_deleted(story, listed, status):
    story.calls(
        "GetInstalledCertificateIds",
        {"status": "Accepted", "certificateHashData": listed},
        certificateType="CentralSystemRootCertificate",
    )
    return story.calls("DeleteCertificate", {"status": status}, certificateHashData=ROOT)


def root_in_use(story, status):
    connected(story, 2)
    return root_deleted(story, [ROOT], status)


def downloading(story, during):
    story.starts()
    if not during:
        story.stops()
    return story.sends("FirmwareStatusNotification", status="Downloading")


def connected(story, profile, auth="ok", **tls):
    return story.connect(security_profile=profile, auth=auth, tls={**TLS, **tls} if profile > 1 else None)


def call(action, reply, **payload):
    return lambda story: story.calls(action, reply, **payload)


def set_key(key, value, status):
    return call("ChangeConfiguration", {"status": status}, key=key, value=value)


def keys(**values):
    return lambda story: story.keys(**values)


def profile(level, status):
    return call("SetChargingProfile", {"status": status}, csChargingProfiles={"stackLevel": level})


def idtags(count, status):
    entries = [{"idTag": str(number)} for number in range(count)]
    return call("SendLocalList", {"status": status}, updateType="Full", localAuthorizationList=entries)


def list_switched_off(story):
    story.calls("ChangeConfiguration", {"status": "Accepted"}, key="LocalAuthListEnabled", value="false")
    story.calls("GetLocalListVersion", "NotSupported")


def plugged(story, authorized=False):
    if authorized:
        story.sends("Authorize", idTag="TAG")
    story.does("plug_in", connector=1)
    return story.status("Preparing")


def timestamps(*texts):
    def tell(story):
        lines = [story.status("Available", timestamp=text) for text in texts]
        return min(lines)

    return tell


def transferred(story, protocol, complete=True):
    return story.add("transfer", protocol=protocol, complete=complete)


# The item, a declared answer, what happens, and the result.
EXAMPLES = [
    ("vendor", "OCTT", lambda s: s.sends("BootNotification", chargePointVendor="Octt Ltd"), CONFIRMED),
    ("vendor", "Acme", lambda s: s.sends("BootNotification", chargePointVendor="Octt Ltd"), NOT_OBSERVED),
    ("software_version", "1.0", lambda s: s.sends("BootNotification", firmwareVersion="1.0"), CONFIRMED),
    ("software_version", "1.0", lambda s: s.sends("BootNotification", firmwareVersion="1.1"), CONTRADICTED),
    ("software_version", "1.0", lambda s: s.sends("BootNotification"), NOT_OBSERVED),
    ("profiles", ["Core", "Security"], keys(SupportedFeatureProfiles=("Core",)), CONFIRMED),
    ("profiles", ["Core", "Reservation"], keys(SupportedFeatureProfiles=("Core",)), CONTRADICTED),
    ("profiles", ["Core"], keys(SupportedFeatureProfiles=("Core,RemoteTrigger",)), CONTRADICTED),
    ("profiles", ["Core", "RemoteTrigger"], call("TriggerMessage", "NotImplemented"), CONTRADICTED),
    ("profiles", ["Core"], call("TriggerMessage", "NotImplemented"), NOT_OBSERVED),
    (
        "profiles",
        ["Core", "RemoteTrigger"],
        call("TriggerMessage", "NotSupported", connectorId=3),
        NOT_OBSERVED,
    ),
    ("profiles", ["Core", "LocalAuthListManagement"], idtags(1, "NotSupported"), CONTRADICTED),
    ("profiles", ["Core", "LocalAuthListManagement"], list_switched_off, NOT_OBSERVED),
    ("HFS-1", True, call("UnlockConnector", {"status": "Unlocked"}, connectorId=1), CONFIRMED),
    ("HFS-1", False, call("UnlockConnector", {"status": "Unlocked"}, connectorId=1), CONTRADICTED),
    ("HFS-1", True, call("UnlockConnector", {"status": "UnlockFailed"}, connectorId=1), NOT_OBSERVED),
    ("HFS-2", True, call("UnlockConnector", {"status": "NotSupported"}, connectorId=1), CONFIRMED),
    ("HFS-2", True, call("UnlockConnector", {"status": "NotSupported"}, connectorId=9), NOT_OBSERVED),
    ("HFS-2", False, call("UnlockConnector", {"status": "NotSupported"}, connectorId=1), NOT_OBSERVED),
    ("HFS-8", 2, keys(NumberOfConnectors=("2",)), CONFIRMED),
    ("HFS-8", 2, keys(NumberOfConnectors=("3",)), CONTRADICTED),
    ("HFS-8", 2, lambda s: s.status("Available", connector=3), CONTRADICTED),
    ("C-01", True, offline_session, CONFIRMED),
    ("C-01", False, offline_session, CONTRADICTED),
    ("C-01", False, lambda s: offline_session(s, authorize=True), NOT_OBSERVED),
    ("C-01", False, lambda s: offline_session(s, at="11:00:00Z"), NOT_OBSERVED),
    ("C-04", True, keys(AuthorizationCacheEnabled="false"), CONFIRMED),
    ("C-04", False, keys(AuthorizationCacheEnabled="false"), CONTRADICTED),
    ("C-04", True, keys(HeartbeatInterval="5"), CONTRADICTED),
    ("C-04", False, keys(HeartbeatInterval="5"), CONFIRMED),
    (
        "C-04",
        True,
        call("GetConfiguration", {"configurationKey": []}, key=["HeartbeatInterval"]),
        NOT_OBSERVED,
    ),
    ("C-06.2", True, keys(StopTransactionOnEVSideDisconnect="true"), CONFIRMED),
    ("C-06.1", True, keys(StopTransactionOnEVSideDisconnect="true"), CONTRADICTED),
    ("C-06.2", True, lambda s: ev_unplugged(s, goes_on=False), CONFIRMED),
    ("C-06.2", True, lambda s: ev_unplugged(s, goes_on=True), CONTRADICTED),
    ("C-06.1", True, lambda s: ev_unplugged(s, goes_on=True), CONFIRMED),
    ("C-07", True, local_session, CONFIRMED),
    ("C-07", False, local_session, CONTRADICTED),
    ("C-07", False, remote_session, NOT_OBSERVED),
    ("C-07", False, lambda s: local_session(s, card_first=False), NOT_OBSERVED),
    ("C-08", True, lambda s: local_session(s, "press_stop"), CONFIRMED),
    ("C-08", False, lambda s: local_session(s, "present_id_tag"), CONTRADICTED),
    ("C-08", False, remote_session, NOT_OBSERVED),
    ("C-08", False, local_session, NOT_OBSERVED),
    ("C-09.1", ["SoC", "Voltage"], lambda s: sampled(s, "Sample.Periodic", "SoC", "Voltage"), CONFIRMED),
    ("C-09.1", ["SoC", "Voltage"], lambda s: sampled(s, "Sample.Periodic", "SoC"), NOT_OBSERVED),
    ("C-09.1", ["Voltage"], lambda s: sampled(s, "Sample.Periodic", "SoC"), CONTRADICTED),
    ("C-09.1", ["Voltage"], lambda s: sampled(s, "Sample.Clock", "SoC"), NOT_OBSERVED),
    ("C-09.2", ["Voltage"], lambda s: sampled(s, "Sample.Clock", "Voltage"), CONFIRMED),
    ("C-09.1", ["Voltage"], keys(MeterValuesSampledData="Voltage,SoC"), CONTRADICTED),
    ("SC-1.1", True, keys(ChargingScheduleAllowedChargingRateUnit=("Power, Current",)), CONFIRMED),
    ("SC-1.1", True, keys(ChargingScheduleAllowedChargingRateUnit=("Power",)), CONTRADICTED),
    ("SC-1.1", False, keys(ChargingScheduleAllowedChargingRateUnit=("Power",)), CONFIRMED),
    ("R-1", True, keys(ReserveConnectorZeroSupported=("true",)), CONFIRMED),
    ("R-1", False, keys(ReserveConnectorZeroSupported=("true",)), CONTRADICTED),
    ("R-1", False, call("ReserveNow", {"status": "Accepted"}, connectorId=0), CONTRADICTED),
    ("R-1", False, call("ReserveNow", {"status": "Rejected"}, connectorId=0), CONFIRMED),
    ("R-1", True, call("ReserveNow", {"status": "Rejected"}, connectorId=0), NOT_OBSERVED),
    ("F-1", True, call("SignedUpdateFirmware", {"status": "Accepted"}), CONFIRMED),
    ("F-1", True, call("SignedUpdateFirmware", "NotImplemented"), CONTRADICTED),
    ("F-1", True, call("SignedUpdateFirmware", {"status": "Rejected"}), NOT_OBSERVED),
    ("SEC-1", True, lambda s: connected(s, 1), CONFIRMED),
    ("SEC-1", False, lambda s: connected(s, 1), CONTRADICTED),
    ("SEC-1", False, lambda s: connected(s, 1, auth="bad"), NOT_OBSERVED),
    ("SEC-2", True, lambda s: connected(s, 2), CONFIRMED),
    ("SEC-3", True, lambda s: connected(s, 3, client_cert="CN=1"), CONFIRMED),
    ("SEC-3", False, lambda s: connected(s, 3), NOT_OBSERVED),
    ("SEC-2", False, keys(SecurityProfile="2"), CONTRADICTED),
    ("SEC-4", RSA, lambda s: connected(s, 2, offered=RSA), CONFIRMED),
    (
        "SEC-4",
        RSA,
        lambda s: connected(s, 2, offered={"suites": [*RSA, "TLS_AES_128_GCM_SHA256"]}),
        CONFIRMED,
    ),
    ("SEC-4", RSA, lambda s: connected(s, 2, offered={"suites": RSA[:1]}), CONTRADICTED),
    ("SEC-4", RSA, lambda s: connected(s, 2, offered=RSA[:1]), CONTRADICTED),
    ("SEC-4", RSA, lambda s: connected(s, 2), NOT_OBSERVED),
    ("SEC-4", RSA, lambda s: connected(s, 2, cipher="ECDHE-RSA-AES128-GCM-SHA256"), NOT_OBSERVED),
    ("SEC-4", RSA, lambda s: connected(s, 2, cipher="TLS_AES_256_GCM_SHA384"), NOT_OBSERVED),
    ("AQ-1", True, lambda s: root_deleted(s, [ROOT], "Accepted"), CONFIRMED),
    ("AQ-1", True, lambda s: root_deleted(s, [ROOT], "Failed"), CONTRADICTED),
    ("AQ-1", True, lambda s: root_in_use(s, "Failed"), NOT_OBSERVED),
    ("AQ-1", True, lambda s: root_in_use(s, "Accepted"), CONFIRMED),
    ("AQ-1", False, lambda s: root_deleted(s, [ROOT, OTHER], "Accepted"), NOT_OBSERVED),
    ("AQ-1", False, lambda s: root_deleted(s, [OTHER], "Accepted"), NOT_OBSERVED),
    ("AQ-2", False, plugged, CONFIRMED),
    ("AQ-2", True, plugged, CONTRADICTED),
    ("AQ-2", True, lambda s: plugged(s, authorized=True), NOT_OBSERVED),
    ("AQ-4", True, lambda s: downloading(s, during=True), CONFIRMED),
    ("AQ-4", False, lambda s: downloading(s, during=True), CONTRADICTED),
    ("AQ-4", False, lambda s: downloading(s, during=False), NOT_OBSERVED),
    ("AQ-7.1", True, lambda s: power_lost(s, before=True), CONFIRMED),
    ("AQ-7.1", True, lambda s: power_lost(s, before=False), CONTRADICTED),
    ("AQ-7.2", True, lambda s: power_lost(s, before=False), CONFIRMED),
    ("AQ-7.2", True, lambda s: power_lost(s, before=True), CONTRADICTED),
    ("AQ-7.2", True, lambda s: power_lost(s, before=False, reason="Reboot"), CONFIRMED),
    ("AQ-7.1", True, lambda s: power_lost(s, before=False, reason="Reboot"), CONTRADICTED),
    ("AQ-7.1", True, lambda s: power_lost(s, before=True, reason="Other"), CONFIRMED),
    ("AQ-7.2", True, resumed, CONTRADICTED),
    ("AQ-7.2", False, resumed, CONFIRMED),
    ("AQ-7.1", True, resumed, CONTRADICTED),
    ("AQ-7.2", True, lambda s: resumed(s, by_card), CONTRADICTED),
    ("AQ-7.2", True, lambda s: resumed(s, remotely, "Remote"), CONTRADICTED),
    ("AQ-7.2", True, lambda s: resumed(s, by_itself, "PowerLoss"), CONFIRMED),
    ("AQ-7.2", True, stopped_by_card_after_power_loss, NOT_OBSERVED),
    ("ORS-1", 60, keys(GetConfigurationMaxKeys=("60",)), CONFIRMED),
    ("ORS-1", 60, keys(GetConfigurationMaxKeys=("59",)), CONTRADICTED),
    ("ORS-4", 5, set_key("MeterValueSampleInterval", "5", "Accepted"), CONFIRMED),
    ("ORS-4", 5, set_key("MeterValueSampleInterval", "4", "Accepted"), CONTRADICTED),
    ("ORS-4", 5, set_key("MeterValueSampleInterval", "0", "Accepted"), NOT_OBSERVED),
    ("ORS-4", 5, set_key("MeterValueSampleInterval", "-1", "Rejected"), NOT_OBSERVED),
    ("ORS-6", 5, set_key("HeartbeatInterval", "60", "Rejected"), CONTRADICTED),
    ("ORS-12", 3, idtags(4, "Accepted"), CONTRADICTED),
    ("ORS-13", 3, idtags(4, "Accepted"), CONTRADICTED),
    ("ORS-13", 3, idtags(4, "Failed"), NOT_OBSERVED),
    ("ORS-14", 3, keys(ChargeProfileMaxStackLevel=("3",)), CONFIRMED),
    ("ORS-14", 3, profile(4, "Accepted"), CONTRADICTED),
    ("ORS-14", 3, profile(4, "Rejected"), NOT_OBSERVED),
    ("ORS-16", ["http"], lambda s: transferred(s, "http"), CONFIRMED),
    ("ORS-16", ["http", "ftp"], lambda s: transferred(s, "http"), NOT_OBSERVED),
    ("ORS-16", ["http"], lambda s: transferred(s, "ftp"), CONTRADICTED),
    ("ORS-16", ["http"], lambda s: transferred(s, "ftp", complete=False), NOT_OBSERVED),
    ("ORS-16", ["http"], keys(SupportedFileTransferProtocols=("HTTP,FTP",)), CONTRADICTED),
    ("milliseconds", True, timestamps("2026-01-01T10:00:00.123Z"), CONFIRMED),
    ("milliseconds", False, timestamps("2026-01-01T10:00:00.123Z"), CONTRADICTED),
    ("milliseconds", True, timestamps(*["2026-01-01T10:00:00Z"] * 3), CONTRADICTED),
    ("milliseconds", True, timestamps("2026-01-01T10:00:00Z"), NOT_OBSERVED),
    ("response_timeout", 2, call("ClearCache", {"status": "Accepted"}), CONFIRMED),
    ("response_timeout", 0.5, call("ClearCache", {"status": "Accepted"}), CONTRADICTED),
    ("response_timeout", 2, lambda s: unanswered(s), CONTRADICTED),
    ("response_timeout", 900, lambda s: unanswered(s), NOT_OBSERVED),
    ("response_timeout", 2, lambda s: sooner(s), CONFIRMED),
    ("remote_start_response", 0.5, call("RemoteStartTransaction", {"status": "Rejected"}), CONTRADICTED),
]


def unanswered(story):
    """A call that is never answered, and three seconds of waiting for it."""
    line = story.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    story.status("Available")
    story.end()
    return line


def sooner(story):
    """An answer in a second, and a call that the connection did not outlive."""
    line = story.calls("ClearCache", {"status": "Accepted"})
    story.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    story.add("disconnect", connection=1, code=1006, reason="", by="network")
    return line


@pytest.mark.parametrize(("item", "answer", "tell", "result"), EXAMPLES)
def test_judges(item, answer, tell, result):
    story = Story()
    line = tell(story)
    finding = examined(item, answer, story)
    assert finding.result == result, finding
    assert finding.why
    if result == NOT_OBSERVED:
        return
    assert 1 <= finding.line <= len(story.events)
    if line is not None and item not in ("remote_start_response",):
        assert finding.line == line, finding


def test_every_rule_can_contradict_or_at_least_confirm():
    shown = {item for item, _, _, result in EXAMPLES if result != NOT_OBSERVED}
    for items, _, _ in RULES:
        assert shown & set(items.split()), items


def test_every_answer_gets_one_finding():
    findings = examine(declare(raw()), [])
    assert {finding.result for finding in findings} == {NOT_OBSERVED}
    items = [finding.item for finding in findings]
    assert len(items) == len(set(items))
    answered = {*raw()["answers"], *raw()["product"], *raw()["performance"], "profiles"}
    assert answered == {item for item in items if not item.startswith("configuration_keys.")}
    assert all("never seen" in finding.why or "nothing in OCPP" in finding.why for finding in findings)


@pytest.mark.parametrize(
    ("declared", "observed", "result"),
    [
        ({"value": "5", "access": "RW"}, "5", CONFIRMED),
        ({"value": "5"}, "6", CONFIRMED),  # a setting
        ({"access": "R"}, "5", CONTRADICTED),
        ({"value": "5", "access": "RW"}, ("5",), CONTRADICTED),
        ({"value": "5", "access": "R"}, ("6",), CONTRADICTED),
        ({"value": "5"}, None, CONTRADICTED),
        ({"value": "5"}, ("5 ",), CONFIRMED),
    ],
)
def test_declared_keys(declared, observed, result):
    data = raw()
    data["configuration_keys"] = {"HeartbeatInterval": declared}
    story = Story()
    story.keys(Other="1", **({} if observed is None else {"HeartbeatInterval": observed}))
    found = examine(declare(data), story.events)[-1]
    assert (found.item, found.result) == ("configuration_keys.HeartbeatInterval", result)


def test_a_key_counts_as_it_was_before_any_case_changed_it():
    story = Story()
    story.keys(StopTransactionOnEVSideDisconnect="true")
    story.keys(StopTransactionOnEVSideDisconnect="false")
    assert examined("C-06.2", True, story).result == CONFIRMED


def test_a_contradiction_outweighs_a_confirmation():
    story = Story()
    story.keys(NumberOfConnectors=("2",))
    line = story.status("Available", connector=3)
    finding = examined("HFS-8", 2, story)
    assert (finding.result, finding.line) == (CONTRADICTED, line)


def test_a_snapshot_serves_as_well_as_the_frame():
    story = Story()
    line = story.add(
        "config", when="before", keys=[{"key": "NumberOfConnectors", "value": "2", "readonly": True}]
    )
    assert examined("HFS-8", 2, story).line == line


NAMES = """key configurationKey value readonly unknownKey connectorId status idTag transactionId reason timestamp
meterValue sampledValue measurand context csChargingProfiles stackLevel certificateHashData updateType
localAuthorizationList firmwareVersion chargePointVendor certificateType"""
ACTIONS = """GetConfiguration StatusNotification StartTransaction StopTransaction MeterValues BootNotification
UnlockConnector Authorize SendLocalList ReserveNow SetChargingProfile ChangeConfiguration DeleteCertificate
GetInstalledCertificateIds FirmwareStatusNotification RemoteStartTransaction TriggerMessage"""
fields = st.sampled_from(NAMES.split())
actions = st.sampled_from(ACTIONS.split())
payloads = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(fields, inner, max_size=4)),
    max_leaves=6,
)


@given(st.lists(st.tuples(actions, payloads, payloads, st.booleans()), max_size=8))
def test_a_hostile_station_is_examined_without_a_crash(frames):
    story = Story()
    story.does("plug_in", connector=1)
    story.does("present_id_tag", connector=1, id_tag="TAG")
    for number, (action, payload, reply, incoming) in enumerate(frames):
        first, second = ("in", "out") if incoming else ("out", "in")
        story.frame(first, [2, str(number), action, payload], action)
        story.frame(second, [3, str(number), reply], action)
    for finding in examine(declare(raw()), story.events):
        assert finding.result == NOT_OBSERVED or 1 <= finding.line <= len(story.events)
