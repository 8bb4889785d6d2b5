"""Configuration keys: values of their type, and changes that are what the station said of them (section 5.3)."""

import pytest
from monitor_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def read(wire, **keys):
    entries = [{"key": key, "readonly": False, "value": value} for key, value in keys.items()]
    wire.reply(wire.ask("GetConfiguration"), {"configurationKey": entries})


def change(wire, key, value, status="Accepted"):
    wire.reply(wire.ask("ChangeConfiguration", key=key, value=value), {"status": status})


def told(wire, rule="configuration change"):
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == rule]


@pytest.mark.parametrize("value", ["1_000", "٥", "sixty", "6.5", "0x10", ""])
def test_an_integer_that_is_none_is_a_remark(wire, value):
    read(wire, HeartbeatInterval=value)
    assert told(wire, "configuration value") == [("remark", "the value of HeartbeatInterval is no integer")]


def test_a_boolean_that_is_none_is_a_remark(wire):
    read(wire, LocalPreAuthorize="yes")
    assert told(wire, "configuration value") == [
        ("remark", "the value of LocalPreAuthorize is no true or false")
    ]


def test_values_of_their_type(wire):
    read(
        wire,
        HeartbeatInterval="300",
        heartbeatinterval="0",
        LocalPreAuthorize="TRUE",
        localPreAuthorize="false",
    )
    read(wire, SupportedFeatureProfiles="Core", VendorKey="1_000", LightIntensity="-1")
    assert wire.findings == []


@pytest.mark.parametrize(
    ("key", "value", "other"), [("ResetRetries", "3", "1"), ("LocalPreAuthorize", "true", "false")]
)
def test_an_accepted_change_without_effect(wire, key, value, other):
    change(wire, key, value)
    read(wire, **{key: other})
    assert told(wire) == [("violation", f"{key} was changed and Accepted, and has another value")]


@pytest.mark.parametrize(
    ("key", "value", "other"), [("ResetRetries", "3", "1"), ("LocalPreAuthorize", "true", "false")]
)
def test_a_refused_change_with_effect(wire, key, value, other):
    read(wire, **{key: other})
    change(wire, key, value, "Rejected")
    read(wire, **{key: value})
    assert told(wire) == [
        ("violation", f"the change of {key} was Rejected, and it has the value all the same")
    ]


def test_changes_that_are_what_they_are_said_to_be(wire):
    read(wire, ResetRetries="1", LocalPreAuthorize="false")
    change(wire, "ResetRetries", "3")
    change(wire, "localpreauthorize", "true")
    read(wire, ResetRetries=" 03", LocalPreAuthorize="True")
    change(wire, "ResetRetries", "5", "Rejected")
    read(wire, ResetRetries="3")
    change(wire, "ResetRetries", "5", "RebootRequired")
    read(wire, ResetRetries="3")
    change(wire, "ResetRetries", "3", "Rejected")  # as it is already
    read(wire, ResetRetries="3")
    change(wire, "ResetRetries", "7", "NotSupported")
    read(wire, ResetRetries="3")
    change(wire, "MeterValuesSampledData", "Voltage")
    read(wire, MeterValuesSampledData="Voltage,Voltage")
    assert told(wire) == []


def test_when_it_is_not_known_what_a_value_should_be(wire):
    change(wire, "ResetRetries", "5", "Rejected")  # its value before is not known
    read(wire, ResetRetries="5")
    change(wire, "ResetRetries", "3")
    wire.reconnect()
    read(wire, ResetRetries="1")
    change(wire, "ResetRetries", "3")
    wire.boot()
    read(wire, ResetRetries="1")
    change(wire, "ResetRetries", "3")
    wire.reply(wire.ask("Reset", type="Soft"), {"status": "Accepted"})
    read(wire, ResetRetries="1")
    change(wire, "ResetRetries", "3")
    wire.ask("ChangeConfiguration", key="ResetRetries", value="8")  # and never answered
    read(wire, ResetRetries="8")
    ident = wire.ask("GetConfiguration")
    change(wire, "ResetRetries", "4")
    wire.reply(ident, {"configurationKey": [{"key": "ResetRetries", "readonly": False, "value": "8"}]})
    assert told(wire) == []


def test_a_key_that_another_one_changes_with_it_is_a_remark(wire):
    change(wire, "UnlockConnectorOnEVSideDisconnect", "true")
    change(wire, "StopTransactionOnEVSideDisconnect", "false")
    read(wire, UnlockConnectorOnEVSideDisconnect="false", StopTransactionOnEVSideDisconnect="false")
    assert [severity for severity, _ in told(wire)] == ["remark"]


@pytest.mark.parametrize("status", ["Accepted", "RebootRequired"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("HeartbeatInterval", "-1"),
        ("heartbeatInterval", "soon"),
        ("LocalPreAuthorize", "maybe"),
        ("ResetRetries", "1_0"),
    ],
)
def test_a_senseless_value_that_is_accepted_is_a_remark(wire, key, value, status):
    change(wire, key, value, status)
    assert told(wire) == [("remark", f"{key} was {status} with a value that makes no sense")]


@pytest.mark.parametrize("status", ["Rejected", "NotSupported"])
def test_a_senseless_value_that_is_refused(wire, status):
    change(wire, "HeartbeatInterval", "-1", status)
    change(wire, "VendorKey", "-1")
    assert told(wire) == []


# -- asked for by name ----------------------------------------------------------------------------------------------


def by_name(wire, *names, told=(), unknown=()):
    entries = [{"key": key, "readonly": False, "value": "1"} for key in told]
    wire.reply(
        wire.ask("GetConfiguration", key=list(names)),
        {"configurationKey": entries, "unknownKey": list(unknown)},
    )


@pytest.mark.parametrize("others", [(), ("HeartbeatIntervaX",)])
def test_a_key_that_was_asked_for_and_is_not_told(wire, others):
    by_name(wire, "HeartbeatInterval", told=others)
    (breach,) = wire.violations()
    assert breach.text == (
        "a configuration key that was asked for is neither told nor named as unknown: 'HeartbeatInterval'"
    )


def test_keys_that_were_asked_for_and_are_told_or_unknown(wire):
    by_name(wire, "HeartbeatInterval", told=["heartbeatinterval", "ResetRetries"])
    by_name(wire, "VendorKey", unknown=["VendorKey"])
    by_name(wire, "HeartbeatInterval", "ResetRetries", told=["ResetRetries"])  # more than it allows, perhaps
    wire.reply(wire.ask("GetConfiguration"), {})
    wire.reply(wire.ask("GetConfiguration", key=[]), {})
    assert wire.violations() == []


def test_as_many_keys_as_it_allows(wire):
    read(wire, GetConfigurationMaxKeys="2")
    by_name(wire, "HeartbeatInterval", "ResetRetries", told=["ResetRetries"])
    assert len(wire.violations()) == 1
    by_name(wire, "HeartbeatInterval", "ResetRetries", "MeterValueSampleInterval", told=["ResetRetries"])
    assert len(wire.violations()) == 1
