"""Frames and payloads: whatever comes is read, and judged by the specification."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt import ocpp
from octt.ocpp import KEYS, schemas

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
        ('[2,"1","Heartbeat"]', "array of 3 elements instead of 4"),
        ('[2,1,"Heartbeat",{}]', "message id is not a string: 1"),
        ('[2,"%s","Heartbeat",{}]' % ("x" * 37), "message id is longer than 36 characters: 37"),
        ('[2,"1",7,{}]', "action is not a string: 7"),
        ('[2,"1","Heartbeat",[]]', "payload is not a JSON object: an array"),
        ('[3,"1",{},{}]', "array of 4 elements instead of 3"),
        ('[4,"1","Oops","",{}]', "error code is none of OCPP-J 1.6 section 4.2.3: 'Oops'"),
        ('[4,"1","GenericError",5,{}]', "error description is not a string"),
        ('[5,"1",{}]', "message type is none of 2, 3 and 4: 5"),
        ('{"a":1}', "no JSON array"),
    ],
)
def test_what_is_wrong_is_said(raw, problem):
    assert any(problem in sentence for sentence in ocpp.parse(raw).problems)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ('\ufeff[2,"1","Heartbeat",{}]', "byte order mark"),
        ('[2,"1","Heartbeat",{}]\0', "not JSON"),
        ('[2,"1","Heartbeat",{}][2,"2","Heartbeat",{}]', "not JSON"),
        ("[" * 3000, "not JSON"),
        (b"[]", "binary"),
    ],
)
def test_what_is_no_json_text(raw, problem):
    frame = ocpp.parse(raw)
    assert frame.type == "MALFORMED"
    assert problem in frame.problems[0]


@pytest.mark.parametrize(
    "raw", ["[]", "[2]", '[2,"1"]', '[2,"1","Heartbeat"]', "[3]", "[4]", '[4,"1","GenericError"]']
)
def test_what_is_missing_is_one_problem(raw):
    assert len(ocpp.parse(raw).problems) == 1


@pytest.mark.parametrize("deep", [251, 255, 300, 1000, 3000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_what_is_nested_without_end_is_malformed_and_never_raises(deep, pair):
    opened = "[" if pair == "[]" else '{"a":'
    nested = opened * deep + "1" + pair[1] * deep
    for raw in (
        f'[2,"1","DataTransfer",{{"vendorId":"v","data":{nested}}}]',
        f'[3,"1",{{"data":{nested}}}]',
        f'[4,"1","GenericError","",{{"details":{nested}}}]',
        f'[2,{nested},"Heartbeat",{{}}]',
    ):
        frame = ocpp.parse(raw)
        if frame.type != "MALFORMED":
            assert deep < 255
            action = frame.action or "DataTransfer"
            direction = "request" if frame.type == "CALL" else "response"
            schemas.problems(action, direction, frame.payload)


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ('[2,"1","Authorize",{"idTag":"A","idTag":"B"}]', "idTag"),
        ('[2, "1", "DataTransfer", {"vendorId": "v", "data": "{\\"a\\":1}", "vendorId": "w"}]', "vendorId"),
        ('[3,"1",{"a":{"b":1,"c":2,"b":3}}]', "b"),
    ],
)
def test_names_that_stand_twice_are_noted(raw, names):
    frame = ocpp.parse(raw)
    assert frame.problems == ()
    assert names in frame.notes[0]


@given(JSON, st.booleans())
def test_what_has_every_name_once_has_no_note(value, compact):
    separators = (",", ":") if compact else (" , ", " : ")
    for ensure_ascii in (True, False):
        raw = json.dumps(
            [2, "1", "DataTransfer", {"data": value}], separators=separators, ensure_ascii=ensure_ascii
        )
        assert ocpp.parse(raw).notes == ()


def test_what_later_versions_say_of_errors_is_noted_and_no_problem():
    frame = ocpp.parse('[4,"1","FormatViolation","%s",{}]' % ("x" * 256))
    assert frame.problems == ()
    assert len(frame.notes) == 2
    assert frame.error_code == "FormatViolation"


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
