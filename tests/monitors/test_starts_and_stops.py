"""What begins and ends a transaction: idTags, cards, reasons, reservations."""

import pytest
from monitor_wire import Wire

CARD, FRIEND, STRANGER = "CARD", "FRIEND", "STRANGER"
PARENTS = {CARD: "family", FRIEND: "family", STRANGER: None}


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def info(tag, status="Accepted"):
    parent = PARENTS[tag]
    return {"idTagInfo": {"status": status} | ({"parentIdTag": parent} if parent else {})}


def authorize(wire, tag):
    wire.call("Authorize", idTag=tag, result=info(tag))


def start(wire, tag=CARD, transaction=1001, status="Accepted", **more):
    payload = {"connectorId": 1, "idTag": tag, "meterStart": 100, "timestamp": wire.time()} | more
    wire.call("StartTransaction", result={"transactionId": transaction} | info(tag, status), **payload)
    return wire.wait(30)


def present(wire, tag, **more):
    return wire.act("present_id_tag", connector=1, id_tag=tag, **more)


def faults(wire, rule):
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == rule]


# -- the idTag of the start ---------------------------------------------------------------------------------------


def test_a_start_with_an_id_tag_out_of_nothing_is_a_remark(wire):
    present(wire, CARD)
    start(wire, STRANGER)
    assert [severity for severity, _ in faults(wire, "idTag of the start")] == ["remark"]


@pytest.mark.parametrize("way", ["card", "authorized", "remote", "list", "reserved", "nobody watches"])
def test_where_the_id_tag_of_a_start_may_come_from(wire, way):
    if way != "nobody watches":
        present(wire, CARD.lower() if way == "card" else FRIEND)
    if way == "authorized":
        authorize(wire, CARD)
    elif way == "remote":
        wire.reply(wire.ask("RemoteStartTransaction", idTag=CARD), {"status": "Accepted"})
    elif way == "list":
        entry = {"idTag": CARD, "idTagInfo": {"status": "Accepted"}}
        wire.ask("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[entry])
    elif way == "reserved":
        wire.ask("ReserveNow", connectorId=1, idTag=CARD, reservationId=1, expiryDate=wire.time(ago=-60))
    start(wire)
    assert faults(wire, "idTag of the start") == []


# -- the idTag of the stop ----------------------------------------------------------------------------------------


def test_a_stop_with_a_card_of_another_group(wire):
    start(wire)
    authorize(wire, STRANGER)
    wire.stop(idTag=STRANGER)
    ((severity, fault),) = faults(wire, "idTag of the stop")
    assert severity == "violation"
    assert "another group" in fault


@pytest.mark.parametrize("reason", [None, "Local"])
@pytest.mark.parametrize("tag", [CARD, FRIEND, CARD.lower()])
def test_a_stop_with_the_card_or_one_of_its_group(wire, tag, reason):
    start(wire)
    if tag == FRIEND:
        authorize(wire, FRIEND)
    wire.stop(idTag=tag, **({"reason": reason} if reason else {}))
    assert faults(wire, "idTag of the stop") == []


def test_a_group_that_the_central_system_never_told_leaves_a_doubt(wire):
    start(wire)
    wire.stop(idTag="CACHED")
    assert [severity for severity, _ in faults(wire, "idTag of the stop")] == ["remark"]


@pytest.mark.parametrize(("tag", "severities"), [(FRIEND, []), (STRANGER, ["violation"])])
def test_a_group_that_the_answer_to_the_stop_tells(wire, tag, severities):
    start(wire)
    payload = {"transactionId": 1001, "meterStop": 500, "timestamp": wire.time(), "idTag": tag}
    wire.call("StopTransaction", result=info(tag), **payload)
    assert [severity for severity, _ in faults(wire, "idTag of the stop")] == severities


def test_a_group_that_was_told_otherwise_before_may_be_in_a_cache(wire):
    start(wire)
    wire.call("Authorize", idTag=FRIEND, result={"idTagInfo": {"status": "Accepted"}})
    authorize(wire, FRIEND)
    wire.stop(idTag=FRIEND)
    assert faults(wire, "idTag of the stop") == []


def test_a_stop_that_is_no_local_one_is_never_a_violation(wire):
    start(wire)
    authorize(wire, STRANGER)
    wire.stop(idTag=STRANGER, reason="Other")
    assert wire.violations("idTag of the stop") == []


# -- the card is not named ----------------------------------------------------------------------------------------


def test_a_card_stops_and_its_id_tag_is_missing(wire):
    start(wire)
    present(wire, CARD, driver="http")
    wire.stop(reason="Local")
    assert [severity for severity, _ in faults(wire, "card not named")] == ["violation"]


def test_the_stop_comes_before_the_rig_is_done(wire):
    start(wire)
    present(wire, CARD, end=None)
    wire.stop()
    assert faults(wire, "card not named") == []
    wire.event(
        "action",
        action="present_id_tag",
        params={"connector": 1, "id_tag": CARD},
        driver="http",
        phase="done",
        who="http",
    )
    assert [severity for severity, _ in faults(wire, "card not named")] == ["violation"]


@pytest.mark.parametrize("more", [{"driver": "manual"}, {"driver": "http", "who": "operator"}])
def test_a_person_may_have_pressed_the_button_instead(wire, more):
    start(wire)
    present(wire, CARD, **more)
    wire.stop()
    assert [severity for severity, _ in faults(wire, "card not named")] == ["remark"]


def test_what_else_may_stop_a_transaction_than_the_card(wire):
    def button():
        wire.act("press_stop", connector=1)

    def unplugged():
        wire.act("unplug_ev", connector=1)

    def remote():
        wire.reply(wire.ask("RemoteStopTransaction", transactionId=1001), {"status": "Accepted"})

    def fault():
        wire.status("Faulted", error="OtherError")

    def much_later():
        wire.wait(600)

    for something in (button, unplugged, remote, fault, much_later):
        start(wire)
        present(wire, CARD)
        something()
        wire.stop(reason="Local")
        wire.wait(60)
    start(wire)
    wire.stop()  # no card at all
    start(wire)
    present(wire, CARD)
    wire.stop(reason="Other")
    wire.wait(60)
    present(wire, CARD)
    start(wire)  # the card that began it
    wire.stop()
    wire.act("present_id_tag", connector=2, id_tag=CARD)
    start(wire)
    wire.act("present_id_tag", connector=2, id_tag=CARD)  # a card at another connector
    wire.stop()
    assert faults(wire, "card not named") == []


# -- the reason ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("HardReset", "no Reset was asked for"),
        ("SoftReset", "no Reset was asked for"),
        ("UnlockCommand", "no UnlockConnector was asked for"),
        ("Remote", "no RemoteStopTransaction asked for it"),
        ("DeAuthorized", "StartTransaction.conf had accepted the idTag"),
        ("PowerLoss", "its card had just been presented"),
        ("EVDisconnected", "its card had just been presented"),
    ],
)
def test_a_reason_that_cannot_be_true_is_a_remark(wire, reason, why):
    start(wire)
    present(wire, CARD)
    wire.stop(reason=reason, idTag=CARD)
    ((severity, fault),) = faults(wire, "stop reason")
    assert severity == "remark"
    assert why in fault


def test_an_invalid_card_stops_nothing_where_the_key_says_so(wire):
    keys = [{"key": "StopTransactionOnInvalidId", "readonly": False, "value": "false"}]
    wire.event("config", when="before", keys=keys)
    start(wire, status="Invalid")
    wire.stop(reason="DeAuthorized")
    assert len(faults(wire, "stop reason")) == 1


def test_reasons_that_are_true(wire):
    wire.act("plug_in", connector=1)
    for reason, ask in {
        "HardReset": ("Reset", {"type": "Hard"}),
        "UnlockCommand": ("UnlockConnector", {"connectorId": 1}),
        "Remote": ("RemoteStopTransaction", {"transactionId": 1001}),
    }.items():
        start(wire)
        wire.ask(ask[0], **ask[1])
        wire.stop(reason=reason)
    start(wire, status="Invalid")
    wire.stop(reason="DeAuthorized")
    for reason, act in {
        "EVDisconnected": "unplug_ev",
        "PowerLoss": "power_off",
        "Other": "fault",
        "Local": None,
    }.items():
        start(wire)
        if act:
            wire.act(act, connector=1)
        wire.stop(reason=reason)
    start(wire)
    present(wire, STRANGER)  # another card, which does nothing
    wire.stop(reason="EVDisconnected")
    assert faults(wire, "stop reason") == []
