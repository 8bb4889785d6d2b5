"""Frames and payloads: whatever comes is read, and judged by the specification."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt import ocpp
from octt.ocpp import KEYS, schemas, values

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: (
        st.lists(children, max_size=5) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)


@given(st.one_of(st.text(), st.binary(), JSON.map(json.dumps)))
def test_anything_is_read_without_an_error(raw):
    frame = ocpp.parse(raw)
    assert frame.type in ("CALL", "CALLRESULT", "CALLERROR", "MALFORMED")
    assert frame.problems or frame.type != "MALFORMED"


@given(
    st.text(min_size=1, max_size=36),
    st.sampled_from(sorted(schemas.ACTIONS)),
    st.dictionaries(st.text(), JSON),
)
def test_what_we_write_is_what_we_read(ident, action, payload):
    call = ocpp.parse(ocpp.call(ident, action, payload))
    assert (call.type, call.id, call.action, call.payload, call.problems) == (
        "CALL",
        ident,
        action,
        payload,
        (),
    )
    result = ocpp.parse(ocpp.result(ident, payload))
    assert (result.type, result.id, result.payload, result.problems) == ("CALLRESULT", ident, payload, ())


@pytest.mark.parametrize("code", ocpp.ERROR_CODES)
def test_every_error_code_is_known(code):
    frame = ocpp.parse(ocpp.error("1", code, "why", {"a": 1}))
    assert (frame.type, frame.error_code, frame.error_description, frame.problems) == (
        "CALLERROR",
        code,
        "why",
        (),
    )


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ('[2,"1","Heartbeat"]', "array of 3 elements; 4 expected"),
        ('[2,1,"Heartbeat",{}]', "message id 1 is not a string"),
        ('[2,"%s","Heartbeat",{}]' % ("x" * 37), "message id has 37 characters"),
        ('[2,"1",7,{}]', "action 7 is not a string"),
        ('[2,"1","Heartbeat",[]]', "payload [] is not a JSON object"),
        ('[3,"1",{},{}]', "array of 4 elements; 3 expected"),
        ('[4,"1","Oops","",{}]', "'Oops' is no error code"),
        ('[4,"1","GenericError","%s",{}]' % ("x" * 256), "256 characters"),
        ('[5,"1",{}]', "unknown message type 5"),
        ('{"a":1}', "not a JSON array"),
    ],
)
def test_what_is_wrong_is_said(raw, problem):
    assert any(problem in sentence for sentence in ocpp.parse(raw).problems)


def test_every_action_has_both_schemas():
    for action in schemas.ACTIONS:
        for direction in ("request", "response"):
            assert schemas.problems(action, direction, {"no such field": 1})


@given(
    st.sampled_from(sorted(schemas.ACTIONS)),
    st.sampled_from(["request", "response"]),
    st.dictionaries(st.text(), JSON),
)
def test_validation_never_raises(action, direction, payload):
    assert all(isinstance(problem, str) for problem in schemas.problems(action, direction, payload))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2024-02-29T12:00:00Z", True),
        ("2024-02-29T12:00:00", True),
        ("2024-02-29T12:00:00.123456Z", True),
        ("2024-02-29T12:00:00+02:00", True),
        ("2023-02-29T12:00:00Z", False),
        ("2024-02-29 12:00:00Z", False),
        ("2024-02-29T25:00:00Z", False),
        ("now", False),
    ],
)
def test_timestamps_are_judged_by_the_specification(text, good):
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": text}
    assert (schemas.problems("StatusNotification", "request", status) == []) is good
    assert values.is_timestamp(text) is good


@pytest.mark.parametrize("limit", [6, 8.3, 0.1, 16.7, 1000.1])
def test_limits_of_one_decimal_are_valid(limit):
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    assert (
        schemas.problems(
            "GetCompositeSchedule", "response", {"status": "Accepted", "chargingSchedule": schedule}
        )
        == []
    )


def test_misspelt_names_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'Authorize'"):
        schemas.check_fields("Autorize", "request", ())
    with pytest.raises(ValueError, match="did you mean 'idTag'"):
        schemas.check_fields("Authorize", "request", {"idtag"})


def test_the_required_keys_are_those_of_the_document():
    required = {(key.profile, key.name, key.access) for key in KEYS.values() if key.required}
    assert ("Core", "AuthorizeRemoteTxRequests", "R|RW") in required
    assert len([profile for profile, _name, _access in required if profile == "Core"]) == 20
    assert len([profile for profile, _name, _access in required if profile == "LocalAuthListManagement"]) == 3
    assert len([profile for profile, _name, _access in required if profile == "SmartCharging"]) == 4
