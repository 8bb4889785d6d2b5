"""What a reply says: what breaks a section, what is only advised, and what a station is free to do."""

from __future__ import annotations

import pytest

from octt.fuzz.drawing.edges import NULL, PROPERTY
from octt.fuzz.story import ANY, Blow, Kind, Severity
from octt.fuzz.striking.judging import replied, unanswered
from octt.fuzz.striking.model import Model
from octt.ocpp import parse

LEGAL = Blow(Kind.CALL, "ClearCache", {})
NULLED = Blow(Kind.CALL, "Reset", {"type": None}, place="type", wrong="a field that is null", codes=NULL)
WORD = Blow(
    Kind.CALL,
    "SetChargingProfile",
    {},
    wrong="a value outside its enumeration",
    codes=PROPERTY,
    cite="errata 3.38",
)
BROKEN = Blow(Kind.FRAME, ident="a", texts=("[2]",), wrong="a call without an action")
STRANGE = Blow(Kind.FRAME, ident="a", texts=("x",), wrong="white space", codes=ANY)


def error(code):
    return parse(f'[4,"a","{code}","",{{}}]')


def result(status):
    return parse(f'[3,"a",{{"status":"{status}"}}]')


def severities(blow, frame, problems=()):
    return [trouble.severity for trouble in replied(blow, frame, problems, 1)]


@pytest.mark.parametrize(
    ("blow", "frame", "expected"),
    [
        (LEGAL, result("Accepted"), []),
        (LEGAL, result("Rejected"), []),
        (LEGAL, error("NotSupported"), []),
        (LEGAL, error("PropertyConstraintViolation"), []),
        (LEGAL, error("FormationViolation"), [Severity.SHOULD]),
        (LEGAL, error("InternalError"), [Severity.ROBUSTNESS]),
        (NULLED, error("TypeConstraintViolation"), []),
        (NULLED, error("OccurenceConstraintViolation"), []),
        (NULLED, error("NotSupported"), []),
        (NULLED, error("InternalError"), [Severity.SHOULD]),
        (NULLED, result("Rejected"), []),
        (NULLED, result("Accepted"), [Severity.SHOULD]),
        (WORD, error("PropertyConstraintViolation"), []),
        (WORD, result("Rejected"), [Severity.MUST]),
        (BROKEN, error("ProtocolError"), []),
        (BROKEN, error("GenericError"), [Severity.SHOULD]),
        (STRANGE, error("GenericError"), []),
        (STRANGE, result("Accepted"), []),
    ],
)
def test_what_a_reply_says(blow, frame, expected):
    assert severities(blow, frame) == expected


def test_a_malformed_answer_breaks_a_section():
    assert severities(LEGAL, result("Accepted"), ("status: is none of Accepted, Rejected",)) == [
        Severity.MUST
    ]


def test_the_id_of_an_answer_may_be_as_long_as_ours():
    long = Blow(Kind.CALL, "ClearCache", {}, ident="a" * 37, wrong="an id of 37 characters", codes=ANY)
    assert severities(long, result("Accepted"), ("message id is longer than 36 characters: 37",)) == []


@pytest.mark.parametrize(
    ("blow", "severity"),
    [
        (LEGAL, Severity.MUST),
        (NULLED, Severity.MUST),
        (BROKEN, Severity.SHOULD),
        (STRANGE, Severity.SHOULD),
    ],
)
def test_silence(blow, severity):
    assert unanswered(blow, 3).severity is severity


def asked(action, **payload):
    return Blow(Kind.CALL, action, payload)


@pytest.mark.parametrize(
    ("model", "blow", "status", "right"),
    [
        (Model(charging=7), asked("RemoteStopTransaction", transactionId=7), "Accepted", True),
        (Model(charging=7), asked("RemoteStopTransaction", transactionId=7), "Rejected", False),
        (Model(), asked("RemoteStopTransaction", transactionId=7), "Accepted", False),
        (Model(charging=7), asked("RemoteStartTransaction", idTag="A", connectorId=1), "Accepted", False),
        (Model(), asked("RemoteStartTransaction", idTag="A", connectorId=1), "Accepted", True),
        (Model(), asked("RemoteStartTransaction", idTag="A", connectorId=1), "Rejected", True),
        (
            Model(charging=7),
            asked("ChangeAvailability", connectorId=1, type="Inoperative"),
            "Scheduled",
            True,
        ),
        (
            Model(charging=7),
            asked("ChangeAvailability", connectorId=1, type="Inoperative"),
            "Accepted",
            False,
        ),
        (Model(), asked("ChangeAvailability", connectorId=0, type="Inoperative"), "Scheduled", False),
        (
            Model(plugged=True),
            asked("ChangeAvailability", connectorId=1, type="Inoperative"),
            "Scheduled",
            True,
        ),
        (Model(unavailable=True), asked("ReserveNow", reservationId=1), "Occupied", False),
        (Model(unavailable=True), asked("ReserveNow", reservationId=1), "Rejected", True),
        (Model(charging=7), asked("ReserveNow", reservationId=1), "Accepted", False),
        (Model(reservations={1}), asked("CancelReservation", reservationId=1), "Rejected", False),
        (Model(reservations={1}), asked("CancelReservation", reservationId=2), "Accepted", False),
        (Model(doubtful={1}), asked("CancelReservation", reservationId=1), "Rejected", True),
        (Model(doubtful={1}), asked("CancelReservation", reservationId=1), "Accepted", True),
        (Model(), asked("UnlockConnector", connectorId=1), "UnlockFailed", True),
    ],
)
def test_what_the_specification_leaves_a_station(model, blow, status, right):
    trouble = model.answered(blow, status, 1)
    assert (trouble is None) is right
    assert trouble is None or trouble.cite


def test_after_a_reboot_a_reservation_is_in_doubt():
    model = Model()
    model.answered(asked("ReserveNow", reservationId=1), "Accepted", 1)
    assert model.answered(asked("CancelReservation", reservationId=2), "Accepted", 1)
    model.rebooted()
    assert model.doubtful == {1}
    assert model.answered(asked("CancelReservation", reservationId=1), "Rejected", 1) is None
