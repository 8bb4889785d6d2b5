"""What is drawn: legal at its edges by the official schema, illegal one step beside, and nothing dangerous."""

from __future__ import annotations

import json

import pytest

from octt.fuzz.dangers import DANGERS, forbidden_actions, may_write
from octt.fuzz.drawing import frames
from octt.fuzz.drawing.edges import plain, schema, steps, variations
from octt.fuzz.drawing.profiles import ACTIONS
from octt.fuzz.drawing.strategies import Drawing, Known
from octt.fuzz.story import ANY, Kind
from octt.ocpp import parse, schemas

REQUESTS = sorted(schemas.TO_STATION)


def known(**more):
    keys = {"HeartbeatInterval": "10", "AuthorizationKey": "secret"}
    writable = {key: value for key, value in keys.items() if may_write(key, more.get("allowed", ()))}
    return Known(writable, tuple(keys), **more)


def drawn(drawing):
    """Everything in the tables of requests."""
    return [
        blow for action in drawing.actions for blow in (*drawing._legal(action), *drawing._beside(action))
    ]


@pytest.mark.parametrize("action", REQUESTS)
def test_what_is_called_legal_satisfies_its_schema(action):
    found = list(variations(schema(action)))
    assert found
    for payload in found:
        assert schemas.problems(action, "request", payload) == []


@pytest.mark.parametrize("action", REQUESTS)
def test_a_step_beside_breaks_the_schema_and_permits_the_code_that_it_calls_for(action):
    node = schema(action)
    for full in (False, True):
        base = plain(node, full)
        for step in steps(base, node):
            payload = step.taken(base)
            assert schemas.problems(action, "request", payload) != [], step
            assert schemas.error_code(action, payload) in step.codes, step
            assert step.wrong


def test_a_step_leaves_the_payload_that_it_starts_from_as_it_is():
    node = schema("ReserveNow")
    base = plain(node, True)
    before = json.dumps(base)
    for step in steps(base, node):
        step.taken(base)
    assert json.dumps(base) == before


def test_every_request_has_a_profile():
    assert frozenset().union(*ACTIONS.values()) | {"SignedUpdateFirmware"} == schemas.TO_STATION


def test_only_a_danger_that_is_named_is_drawn():
    without, everything = Drawing(known()), Drawing(known(allowed=tuple(DANGERS)))
    assert not {blow.action for blow in drawn(without)} & forbidden_actions(())
    assert {blow.action for blow in drawn(everything)} >= forbidden_actions(())


def test_a_key_that_cannot_be_read_is_written_to_only_when_it_is_named():
    def keys(allowed):
        found = drawn(Drawing(known(allowed=allowed)))
        return {str(blow.payload.get("key")) for blow in found if blow.action == "ChangeConfiguration"}

    assert "AuthorizationKey" not in keys(())
    assert "AuthorizationKey" in keys(("password",))


@pytest.mark.parametrize(
    ("key", "allowed", "may"),
    [
        ("HeartbeatInterval", (), True),
        ("heartbeatinterval", (), True),
        ("SecurityProfile", (), False),
        ("securityprofile", ("security-profile",), True),
        ("AuthorizationKey", ("security-profile",), False),
        ("vendor.APN", (), False),
        ("vendor.APN", ("vendor-keys",), True),
    ],
)
def test_which_keys_may_be_written(key, allowed, may):
    assert may_write(key, allowed) is may


def test_the_certificate_of_a_station_is_not_asked_to_be_renewed():
    triggers = {
        str(blow.payload.get("requestedMessage"))
        for blow in drawn(Drawing(known()))
        if blow.action == "ExtendedTriggerMessage" and isinstance(blow.payload, dict)
    }
    assert "BootNotification" in triggers
    assert "SignChargePointCertificate" not in triggers


def test_an_illegal_request_says_what_may_answer_it():
    for blow in drawn(Drawing(known())):
        assert blow.legal != bool(blow.codes)
        assert blow.legal or blow.cite


def test_a_profile_draws_its_requests_only():
    drawing = Drawing(Known(actions=ACTIONS["Reservation"]))
    assert set(drawing.actions) == {"ReserveNow", "CancelReservation"}


def test_a_malformed_frame_is_none_that_a_station_must_answer_with_a_result():
    for blow in (*frames.MALFORMED, *frames.STRAY):
        assert blow.kind is Kind.FRAME
        assert blow.codes != ANY
        message = bytes.fromhex(blow.texts[0]) if blow.binary else blow.texts[0]
        frame = parse(message)
        assert frame.type != "CALL" or frame.problems
        assert not blow.ident or frame.id == blow.ident


def test_a_strange_frame_is_answered_by_its_id():
    for blow in frames.STRANGE:
        assert json.loads(blow.texts[-1])[1] == blow.ident
