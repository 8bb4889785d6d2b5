"""Which mutants there are of a frame, and what each kind makes of it: nothing here has a station."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from octt.audit.mutants.altering import ENVELOPES, altered
from octt.audit.mutants.frames import Baseline, Target, Titles, baseline_of, targets_of
from octt.audit.mutants.making import FEW, UNASKED, mutants_of, values_of
from octt.audit.mutants.mutant import Change, Kind, Mutant, mutant_of
from octt.audit.mutants.values import odd, others
from octt.ocpp import schemas
from octt.ocpp.frames import parse
from octt.record.events import FrameSeen, StepDecided
from octt.record.words import Outcome, Phase

CASE = "TC_003_CS"
START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 5, "timestamp": "2026-01-01T10:00:00.000Z"}
METER = {
    "connectorId": 1,
    "meterValue": [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": "12", "unit": "Wh"}]}],
}


def target(title="StartTransaction.req", kind="CALL", action="StartTransaction", payload=START, **more):
    return Target(title, kind, action, payload, **more)


def reply(**payload):
    return target("Reset.conf", "CALLRESULT", "Reset", payload)


def mutants(*targets, case=CASE, others=()):
    baseline = Baseline(case, "PASS", "", targets)
    return mutants_of(baseline, values_of([baseline, *others]), reply_limit=4.0)


def kinds(*targets):
    return Counter(mutant.kind for mutant in mutants(*targets))


def change(kind, message, *path, change=None, value=None):
    return json.loads(altered(Mutant(CASE, kind, "frame", path, change, value), message))


# -- which there are ------------------------------------------------------------------------------------------------


def test_a_request_has_every_kind_but_what_only_replies_have():
    found = kinds(target(limit=3.0, gap=0.1), target("Second.req", labels=("2",)))
    assert set(found) == set(Kind) - {Kind.ERROR, Kind.FOREIGN}


def test_a_late_frame_misses_its_own_limit_and_a_late_reply_that_of_replies():
    seconds = {m.frame: m.seconds for m in mutants(target(limit=3.0), reply(status="Accepted")) if m.seconds}
    assert seconds == {"StartTransaction.req": 3.6, "Reset.conf": 4.6}


def test_what_no_step_waits_for_cannot_be_late():
    assert kinds(target())[Kind.LATE] == 0


@pytest.mark.parametrize(("gap", "count"), [(None, 0), (0.1, 1), (30.0, 0)])
def test_only_a_near_neighbour_is_exchanged(gap, count):
    assert kinds(target(gap=gap))[Kind.EXCHANGED] == count


def test_of_a_reply_every_other_status_is_tried():
    status = [m.value for m in mutants(reply(status="Accepted")) if m.path and m.kind is Kind.CHANGED]
    assert status == ["Rejected"]
    unlock = target("UnlockConnector.conf", "CALLRESULT", "UnlockConnector", {"status": "Unlocked"})
    status = {m.value for m in mutants(unlock) if m.path and m.kind is Kind.CHANGED}
    assert status == {"UnlockFailed", "NotSupported"}


def test_a_reply_may_be_an_error_instead():
    assert kinds(reply(status="Accepted"))[Kind.ERROR] == 1


def test_what_was_refused_may_be_done_all_the_same():
    refused = target("ReserveNow.conf", "CALLRESULT", "ReserveNow", {"status": "Occupied"})
    later = [m.value for m in mutants(refused) if m.kind is Kind.EXTRA and m.seconds]
    assert later == ["Reserved"]
    accepted = target("ReserveNow.conf", "CALLRESULT", "ReserveNow", {"status": "Accepted"})
    assert [m for m in mutants(accepted) if m.kind is Kind.EXTRA and m.seconds] == []


def test_a_message_nobody_brought_about_follows_every_frame():
    def extras(**more):
        return [m.value for m in mutants(target(**{"gap": 1.0} | more)) if m.kind is Kind.EXTRA]

    assert extras(gap=None) == []
    assert extras()[0] == "StartTransaction"
    assert extras()[1] in UNASKED
    assert extras(started=True)[:2] == ["StartTransaction", "StopTransaction"]


def test_what_the_schema_allows_to_be_missing_is_removed_everywhere():
    meter = target("MeterValues.req", "CALL", "MeterValues", METER | {"transactionId": 1})
    fields = {mutant.field for mutant in mutants(meter) if mutant.kind is Kind.REMOVED}
    assert {"transactionId", "meterValue.0.sampledValue.0.unit"} <= fields


def test_of_what_breaks_the_schema_or_the_envelope_a_few_are_tried_and_others_with_other_frames():
    def broken(frame):
        found = mutants(target(frame))
        return [m for m in found if m.kind in (Kind.REMOVED, Kind.TYPED, Kind.ENVELOPE)]

    assert len(broken("a")) == FEW
    drawn = {mutant.mutation for number in range(100) for mutant in broken(f"frame {number}")}
    assert {f"removed {name}" for name in START} <= drawn
    assert {mutation.split(" = ")[0] for mutation in drawn} >= {f"typed {name}" for name in START}
    assert {f"envelope {name}" for name in ENVELOPES} <= drawn


def test_a_field_gets_the_value_of_another_case():
    other = Baseline("TC_004_1_CS", "PASS", "", (target(payload=START | {"idTag": "TAG2"}),))
    foreign = [m for m in mutants(target(), others=[other]) if m.kind is Kind.FOREIGN]
    assert [(mutant.field, mutant.value) for mutant in foreign] == [("idTag", "TAG2")]


def test_times_of_other_cases_are_not_tried_since_a_time_is_shifted():
    other = Baseline("TC_004_1_CS", "PASS", "", (target(payload={"timestamp": "2027-01-01T10:00:00Z"}),))
    found = [m for m in mutants(target(), others=[other]) if m.field == "timestamp"]
    assert Kind.FOREIGN not in {m.kind for m in found}
    assert {m.value for m in found if m.kind is Kind.CHANGED} == {-3600, 86400}


def test_names_tell_mutants_apart():
    found = mutants(target(limit=1.0, gap=0.1), target("MeterValues.req", "CALL", "MeterValues", METER))
    assert len({mutant.name for mutant in found}) == len(found)


def test_a_heartbeat_that_no_step_asks_for_is_left_alone():
    heartbeat = target("Heartbeat.req", "CALL", "Heartbeat", {})
    assert mutants(heartbeat) == []
    assert mutants(target("Heartbeat.req", "CALL", "Heartbeat", {}, labels=("7",)))


def test_other_values_are_legal_by_the_schema():
    for path, value in [(("status",), "Available"), (("errorCode",), "NoError"), (("connectorId",), 1)]:
        for way, other in others("StatusNotification", "request", path, value):
            payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
            message = change(Kind.CHANGED, [2, "1", "X", payload], *path, change=way, value=other)
            assert message[3] != payload
            assert schemas.problems("StatusNotification", "request", message[3]) == []


@pytest.mark.parametrize("value", ["text", 5, 5.5, True, None, [], {}])
@pytest.mark.parametrize("path", [("status",), ("meterValue", 0, "timestamp"), ("a",), ("b",)])
def test_a_value_of_another_type_is_of_another_type(path, value):
    found = odd(path, value)
    assert type(found) is not type(value)
    assert found != value


def test_what_is_written_down_is_read_again():
    found = mutants(target(limit=1.0, gap=0.1), reply(status="Accepted"))
    assert [mutant_of(mutant.as_dict()) for mutant in found] == found
    baseline = Baseline(CASE, "PASS", "", (target(labels=("1", "2"), limit=2.0, answer={"a": 1}),))
    assert baseline_of(json.loads(json.dumps(baseline.as_dict()))) == baseline


# -- what each makes of a frame -------------------------------------------------------------------------------------


MESSAGE = [2, "id-1", "StartTransaction", START]


def test_only_the_field_is_changed():
    changed = change(Kind.CHANGED, MESSAGE, "meterStart", change=Change.ADD, value=1)
    assert changed == [2, "id-1", "StartTransaction", START | {"meterStart": 6}]
    assert MESSAGE[3] == START


def test_a_number_in_a_text_stays_a_text():
    path = ("meterValue", 0, "sampledValue", 0, "value")
    changed = change(Kind.CHANGED, [2, "1", "MeterValues", METER], *path, change=Change.ADD, value=1)
    assert changed[3]["meterValue"][0]["sampledValue"][0]["value"] == "13"


def test_a_time_is_shifted():
    changed = change(Kind.CHANGED, MESSAGE, "timestamp", change=Change.SHIFT, value=-3600)
    assert changed[3]["timestamp"] == "2026-01-01T09:00:00.000Z"


def test_a_text_stays_as_long():
    assert change(Kind.CHANGED, MESSAGE, "idTag", change=Change.SPOIL)[3]["idTag"] == "TAGX"


def test_a_field_is_removed():
    changed = change(Kind.REMOVED, MESSAGE, "idTag")
    assert changed[3] == {name: value for name, value in START.items() if name != "idTag"}


def test_what_is_not_there_cannot_be_changed():
    assert altered(Mutant(CASE, Kind.REMOVED, "frame", ("reservationId",)), MESSAGE) is None
    assert altered(Mutant(CASE, Kind.REMOVED, "frame", ("meterValue", 3, "timestamp")), MESSAGE) is None


def test_an_error_has_the_id_of_the_reply():
    changed = change(Kind.ERROR, [3, "id-1", {"status": "Accepted"}], value="NotSupported")
    assert changed == [4, "id-1", "NotSupported", "", {}]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("no payload", [2, "id-1", "StartTransaction"]),
        ("payload is a list", [2, "id-1", "StartTransaction", [1]]),
        ("payload is null", [2, "id-1", "StartTransaction", None]),
        ("id is a number", [2, 7, "StartTransaction", START]),
        ("unknown message type", [5, "id-1", "StartTransaction", START]),
        ("another id", [2, "id-1-x", "StartTransaction", START]),
    ],
)
def test_frames_that_are_not_built_as_they_should_be(name, made):
    assert change(Kind.ENVELOPE, MESSAGE, value=name) == made


def test_what_is_no_json():
    text = altered(Mutant(CASE, Kind.ENVELOPE, "frame", value="no JSON"), MESSAGE)
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(text)


# -- the frames of a case -------------------------------------------------------------------------------------------


def test_titles_tell_the_same_frame_of_another_run():
    titles = Titles()

    def title(action, **payload):
        return titles.of(parse(json.dumps([2, "1", action, payload])), action)

    assert (
        title("StatusNotification", connectorId=1, status="Preparing") == "StatusNotification.req 1 Preparing"
    )
    assert (
        title("StatusNotification", connectorId=1, status="Available") == "StatusNotification.req 1 Available"
    )
    assert title("StatusNotification", connectorId=1, status="Available").endswith("Available #2")
    assert titles.of(parse('[3,"1",{}]'), "Reset") == "Reset.conf"
    assert titles.of(parse('[4,"1","InternalError","",{}]'), "Reset") == "Reset.error"


def test_what_can_be_altered_is_what_the_station_sent_in_the_test():
    def frame(n, direction, raw, action, phase=Phase.TEST):
        parts = json.loads(raw)
        told = {"type": "CALL", "id": parts[1], "action": action, "problems": [], "raw": raw}
        at = {"n": n, "m": n * 1_000_000_000, "case": CASE, "phase": phase}
        return FrameSeen(connection=1, dir=direction, **at, **told)

    judged = {"step": "3", "what": "x", "outcome": Outcome.OK, "frame": 4, "limit": 30.0}
    step = StepDecided(case=CASE, phase=Phase.TEST, **judged)
    events = [
        frame(1, "in", '[2,"a","Heartbeat",{}]', "Heartbeat", Phase.SETUP),
        frame(2, "out", '[2,"q","Reset",{"type":"Soft"}]', "Reset"),
        frame(3, "in", '[3,"q",{"status":"Accepted"}]', "Reset"),
        frame(4, "in", '[2,"b","Authorize",{"idTag":"T"}]', "Authorize"),
        frame(5, "out", '[3,"b",{"idTagInfo":{"status":"Accepted"}}]', "Authorize"),
        step,
    ]
    reset, authorize = targets_of(CASE, events)
    assert (reset.title, reset.request, reset.gap) == ("Reset.conf", {"type": "Soft"}, 1.0)
    assert (authorize.title, authorize.labels, authorize.limit) == ("Authorize.req T", ("3",), 30.0)
    assert authorize.answer == {"idTagInfo": {"status": "Accepted"}}
    assert authorize.gap is None
