"""Rules about transactions and meter values: broken, and kept by everything a conformant station may do."""

import pytest
from monitor_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def start_payload(wire, **changes):
    return {
        "connectorId": 1,
        "idTag": "TAG",
        "meterStart": 100,
        "timestamp": wire.time(),
    } | changes


def started(transaction=1001, status="Accepted"):
    return {"transactionId": transaction, "idTagInfo": {"status": status}}


# -- one transaction after the other ------------------------------------------------------------------------------


def test_transactions_one_after_the_other_on_two_connectors(wire):
    for number in range(3):
        wire.start(1001 + 2 * number, connector=1, meter=100 * number)
        wire.wait(2).start(1002 + 2 * number, connector=2, meter=50 + 10 * number)
        for step in range(3):
            wire.wait(30).meter(100 * number + 10 * step, 1001 + 2 * number)
            wire.meter(50 + 10 * number + step, 1002 + 2 * number, connector=2)
        wire.stop(1001 + 2 * number, meter=100 * number + 30)
        wire.wait(1).stop(1002 + 2 * number, meter=60 + 10 * number, reason="Local")
        wire.wait(10)
    assert wire.findings == []


def test_second_start_on_a_busy_connector(wire):
    wire.start()
    wire.wait(60).start(1002, meter=200)
    assert [f.rule for f in wire.violations()] == ["transaction"]
    assert "connector 1" in wire.violations()[0].text


def test_what_a_case_left_running_fails_no_other_case(wire):
    wire.case = "TC_010_CS"
    wire.start()
    wire.wait(60).case = "TC_012_CS"
    wire.start(1002, meter=200)
    assert wire.violations() == []
    assert any("transaction 1001" in finding.text for finding in wire.findings)
    wire.wait(60).start(1003, meter=300)
    assert len(wire.violations()) == 1


def test_second_start_where_the_stop_may_have_been_lost_or_dropped(wire):
    def reset():
        wire.reply(wire.ask("Reset", type="Hard"), {"status": "Accepted"})

    def refused_stop():
        ident = wire.send("StopTransaction", transactionId=2001, meterStop=1, timestamp=wire.time())
        wire.refuse(ident)

    def meter_refused():
        sample = {"timestamp": wire.time(), "sampledValue": [{"value": "1"}]}
        wire.refuse(wire.send("MeterValues", connectorId=1, meterValue=[sample]))

    for number, accident in enumerate([wire.reconnect, wire.boot, reset, refused_stop, meter_refused]):
        wire.start(1001 + number, meter=number)
        wire.wait(60)
        accident()
        wire.wait(60).start(1101 + number, meter=number)
        wire.wait(60).stop(1101 + number)
        wire.wait(60)
    assert wire.violations() == []


def test_start_that_was_not_accepted_may_end_without_a_stop(wire):
    wire.start(1001, status="Invalid")
    wire.wait(60).start(1002, meter=200)
    assert wire.violations() == []


def test_start_repeated_after_a_lost_answer(wire):
    payload = start_payload(wire)
    wire.send("StartTransaction", **payload)
    wire.wait(30).call("StartTransaction", result=started(), **payload)
    wire.wait(30).meter(120)
    wire.stop()
    wire.wait(60).start(1002, meter=500)
    assert wire.findings == []


def test_start_repeated_on_a_new_connection_gets_another_id(wire):
    payload = start_payload(wire)
    wire.call("StartTransaction", result=started(1001), **payload)
    wire.reconnect().call("StartTransaction", result=started(1002), **payload)
    wire.wait(30).meter(120, 1002)
    wire.stop(1002)
    wire.wait(60).start(1003, meter=500)
    assert wire.violations() == []


def test_start_never_answered_goes_on_with_minus_one(wire):
    payload = start_payload(wire)
    for pause in (60, 120, 5):
        wire.send("StartTransaction", **payload)
        wire.wait(pause)
    wire.meter(120, -1)
    wire.wait(10).stop(-1)
    wire.wait(60).start(1001, meter=500)
    assert wire.findings == []


def test_start_answered_with_errors_is_dropped_after_some_attempts(wire):
    for pause in (60, 120, 10):
        wire.refuse(wire.send("StartTransaction", **start_payload(wire)))
        wire.wait(pause)
    wire.start(1001, meter=200)
    assert wire.violations() == []


def test_start_again_though_it_was_answered_is_a_remark(wire):
    payload = start_payload(wire)
    wire.call("StartTransaction", result=started(), **payload)
    wire.wait(60).call("StartTransaction", result=started(), **payload)
    assert wire.violations() == []
    assert wire.remarks("transaction")


def test_slow_answer_to_start(wire):
    payload = start_payload(wire)
    ident = wire.send("StartTransaction", **payload)
    wire.wait(40).answer(ident, started())
    wire.wait(60).start(1002, meter=200)
    assert wire.violations() == []


# -- the end ------------------------------------------------------------------------------------------------------


def test_second_different_stop(wire):
    wire.start()
    wire.wait(60).stop(meter=500)
    wire.wait(60).stop(meter=600)
    assert [f.rule for f in wire.violations()] == ["transaction"]


def test_stop_repeated_when_unanswered_refused_or_cut(wire):
    wire.start()
    payload = {"transactionId": 1001, "meterStop": 500, "timestamp": wire.time()}
    wire.wait(1).send("StopTransaction", **payload)
    wire.wait(60).refuse(wire.send("StopTransaction", **payload))
    wire.wait(120).call("StopTransaction", **payload)
    wire.reconnect().call("StopTransaction", **payload)
    assert wire.violations() == []


def test_stop_again_though_it_was_answered_is_a_remark(wire):
    wire.start()
    payload = {"transactionId": 1001, "meterStop": 500, "timestamp": wire.time()}
    for _ in range(2):
        wire.wait(60).call("StopTransaction", **payload)
    assert wire.violations() == []
    assert [breach.fault for breach in wire.remarks("transaction")] == [
        "StopTransaction again, though it had been answered"
    ]


def test_stop_with_other_values_after_a_power_cut_is_a_remark(wire):
    wire.start()
    wire.wait(60).stop(meter=500)
    wire.reconnect(60)
    wire.boot()
    wire.wait(1).stop(meter=501, reason="PowerLoss")
    assert wire.violations() == []
    assert wire.remarks("transaction")


def test_unknown_transactions_are_remarks(wire):
    wire.stop(4711)
    wire.meter(5, 4712)
    wire.stop(-1)
    assert wire.violations() == []
    assert len(wire.remarks("transaction")) == 3


def test_queue_of_an_earlier_run_with_the_ids_of_this_one(wire):
    wire.stop(1001, meter=50)
    wire.start(1001, meter=100)
    wire.wait(60).meter(150)
    wire.stop(1001, meter=200)
    assert wire.violations() == []


def test_the_same_id_issued_again(wire):
    for meter in (1000, 0):
        wire.start(1001, meter=meter)
        wire.wait(60).meter(meter + 100)
        wire.stop(1001, meter=meter + 200)
        wire.wait(60)
    assert wire.violations() == []


def test_meter_values_after_the_stop_are_a_remark(wire):
    wire.start()
    wire.wait(60).stop()
    wire.wait(1).meter(600)
    assert wire.violations() == []
    assert wire.remarks("transaction")


def test_meter_values_of_another_connector_are_a_remark(wire):
    wire.start(connector=1)
    wire.meter(100, connector=2)
    wire.meter(100, connector=0)
    assert len(wire.remarks("transaction")) == 1


def test_new_process_knows_nothing_of_the_former(wire):
    wire.start()
    wire.event("run.resume")
    wire.connection = 0
    wire.connect().start(1001, meter=0)
    wire.wait(60).stop(meter=20)
    assert wire.violations() == []


# -- meters -------------------------------------------------------------------------------------------------------


def test_meter_stop_below_meter_start(wire):
    wire.start(meter=100)
    wire.wait(60).stop(meter=99)
    assert [f.rule for f in wire.violations()] == ["transaction"]


def test_meter_stop_equal_to_meter_start(wire):
    wire.start(meter=100)
    wire.wait(60).stop(meter=100)
    assert wire.findings == []


def test_register_that_falls(wire):
    wire.start()
    wire.wait(60).meter(200)
    wire.wait(60).meter(150)
    assert [f.rule for f in wire.violations()] == ["energy register"]


def test_register_that_falls_after_a_reboot(wire):
    wire.start()
    wire.wait(60).meter("200.5")
    wire.reconnect()
    wire.boot()
    wire.wait(60).meter("0.0")
    assert wire.violations("energy register")


def test_registers_that_are_not_the_same(wire):
    wire.start()
    for number, sample in enumerate(
        [
            {},
            {"phase": "L1"},
            {"location": "Inlet"},
            {"unit": "kWh"},
            {"measurand": "Energy.Active.Export.Register"},
            {"measurand": "Power.Active.Import", "unit": "W"},
            {"measurand": "Power.Active.Import", "unit": "W"},
            {"measurand": "Energy.Active.Import.Interval"},
            {"measurand": "Energy.Active.Import.Interval"},
            {"format": "SignedData"},
        ]
    ):
        wire.wait(60).meter(100 - number, **sample)
    wire.stop()
    assert wire.violations() == []


def test_triggered_value_may_overtake_queued_ones(wire):
    wire.start()
    queued = wire.wait(60).time()
    wire.reconnect(60)
    wire.reply(wire.ask("TriggerMessage", requestedMessage="MeterValues"), {"status": "Accepted"})
    wire.meter(300, context="Trigger")
    wire.meter(200, time=queued)
    wire.wait(60).meter(400)
    assert wire.findings == []


def test_triggered_value_overtakes_a_queued_one_of_a_clock_that_was_ahead(wire):
    wire.start()
    wire.reconnect(60)
    wire.meter(300, context="Trigger")
    wire.meter(200, time=wire.time(ago=-3600))
    assert wire.violations() == []


def test_older_sample_delivered_later(wire):
    wire.start()
    wire.wait(60).meter(300)
    wire.meter(290, time=wire.time(ago=30), context="Sample.Clock")
    assert wire.violations() == []


def test_clock_set_back_within_a_transaction(wire):
    wire.start(meter=100)
    wire.wait(60).meter(200, time="2026-03-01T14:00:00Z")
    wire.wait(60).meter(300)
    wire.wait(60).stop(meter=400)
    assert wire.violations() == []
    assert wire.remarks("chronological order")


def test_several_samples_in_one_message(wire):
    wire.start()
    values = [
        {"timestamp": wire.time(ago=-second), "sampledValue": [{"value": str(value)}]}
        for second, value in ((20, 120), (0, 100), (10, 110))
    ]
    wire.call("MeterValues", connectorId=1, transactionId=1001, meterValue=values)
    wire.wait(30).meter(130)
    assert wire.violations() == []
    wire.wait(30).meter(125)
    assert wire.violations("energy register")


def test_value_that_is_no_number_is_a_remark(wire):
    wire.start()
    wire.meter("lots")
    assert wire.violations() == []
    assert wire.remarks("sampled value")


def test_meter_stop_below_the_last_value_is_a_remark(wire):
    wire.start()
    wire.wait(60).meter(700)
    wire.wait(60).stop(meter=600)
    assert wire.violations() == []
    assert wire.remarks("energy register")


# -- retries, tags ------------------------------------------------------------------------------------------------


def configure(wire, **keys):
    wire.event(
        "config",
        when="before",
        keys=[{"key": key, "value": str(value), "readonly": False} for key, value in keys.items()],
    )


def test_retries_as_configured(wire):
    configure(wire, TransactionMessageAttempts=3, TransactionMessageRetryInterval=10)
    payload = start_payload(wire)
    for pause in (10.5, 20.2, 5):
        wire.refuse(wire.send("StartTransaction", **payload))
        wire.wait(pause)
    assert wire.findings == []
    wire.refuse(wire.send("StartTransaction", **payload))
    assert len(wire.remarks("retry")) == 2  # one too many, and too soon
    assert wire.violations() == []


def test_retries_after_a_reconnect_are_not_bound_to_the_interval(wire):
    configure(wire, TransactionMessageAttempts=3, TransactionMessageRetryInterval=100)
    payload = start_payload(wire)
    wire.send("StartTransaction", **payload)
    wire.reconnect(1).send("StartTransaction", **payload)
    assert wire.findings == []


def test_id_tags(wire):
    for tag in ("A", "04A1b2C3", "x" * 20, "with space!"):
        wire.call("Authorize", idTag=tag, result={"idTagInfo": {"status": "Accepted"}})
    assert wire.findings == []
    wire.call("Authorize", idTag="x" * 21, result={"idTagInfo": {"status": "Invalid"}})
    assert len(wire.violations()) == 1
    wire.call("Authorize", idTag="Schlüssel", result={"idTagInfo": {"status": "Invalid"}})
    assert [f.rule for f in wire.remarks()] == ["idTag"]


def test_id_tag_too_long_though_nobody_noted_it():
    wire = Wire()
    wire.raw('[2,"1","Authorize",{"idTag":"' + "x" * 21 + '"}]')
    assert [f.rule for f in wire.violations()] == ["idTag"]


# -- time ---------------------------------------------------------------------------------------------------------


def test_times_that_are_worth_a_remark(wire):
    wire.start(time="2026-03-01T12:00:05")
    wire.stop(time="1970-01-01T00:00:05Z")
    wire.start(1002, time="2026-03-01T13:00:05Z")
    told = " ".join(f.text for f in wire.remarks("timestamp"))
    assert "without a zone" in told
    assert "never set" in told
    assert "in the future" in told
    assert wire.violations() == []


def test_times_in_other_zones_and_fractions(wire):
    wire.start(time="2026-03-01T13:00:05.123456+01:00")
    wire.wait(10).meter(200, time="2026-03-01T17:30:15.5+05:30")
    assert wire.findings == []


def test_queued_messages_are_old_for_a_good_reason(wire):
    wire.disconnect().wait(60)
    begun = wire.time()
    wire.wait(3600)
    ended = wire.time()
    wire.wait(3600).connect()
    wire.start(time=begun)
    wire.stop(time=ended)
    assert wire.findings == []


def test_old_message_of_a_connected_station_is_a_remark(wire):
    wire.wait(3600).start(time=wire.time(ago=1800))
    assert wire.remarks("timestamp")
    assert wire.violations() == []


def test_station_that_follows_the_time_we_gave():
    wire = Wire()
    other = "2030-01-01T00:00:00Z"
    wire.call("Heartbeat", result={"currentTime": other})
    wire.wait(10).start(time="2030-01-01T00:00:10Z")
    assert wire.findings == []


def test_tolerance_is_configurable():
    for tolerance, remarks in ((5, 1), (100, 0)):
        wire = Wire(time_tolerance=tolerance)
        wire.start(time=wire.time(ago=-30))
        assert len(wire.remarks("timestamp")) == remarks


def test_time_that_is_none_is_a_schema_violation(wire):
    wire.start(time="yesterday")
    assert [f.rule for f in wire.violations()] == ["schema"]


# -- meter values of the right transaction -----------------------------------------------------------------------


def test_meter_values_with_the_id_of_another_transaction(wire):
    wire.start(1001, connector=1)
    wire.start(1002, connector=2)
    wire.wait(60).meter(200, transaction=1002, connector=1)
    wire.wait(60).meter(200, transaction=4711, connector=1)
    assert [breach.fault for breach in wire.violations()] == 2 * [
        "MeterValues with the transactionId of another transaction than runs on the connector"
    ]
    assert "errata 3.16" in wire.violations()[0].cite


def test_meter_values_with_another_connector_than_their_transaction(wire):
    wire.start(1001, connector=1)
    wire.wait(60).meter(200, transaction=1001, connector=2)
    assert [breach.fault for breach in wire.violations()] == [
        "MeterValues of another connector than that of their transaction"
    ]


def test_meter_values_whose_transaction_leaves_a_doubt(wire):
    queued = wire.time()
    wire.reconnect(60)
    wire.start(1001, connector=1)
    wire.wait(60).meter(200, transaction=4711, connector=1, time=queued)  # of a transaction before
    wire.meter(200, transaction=1001, connector=2, time=queued)
    wire.meter(200, transaction=-1, connector=1)
    wire.meter(200, transaction=1001, connector=0)
    wire.reconnect()
    wire.wait(60).meter(200, transaction=4711, connector=1)  # what ran before may be over
    assert wire.violations() == []


def test_the_connector_of_an_id_is_certain_after_a_reconnect_too(wire):
    """Who uses an id was given it, and for that connector."""
    wire.start(1001, connector=1)
    wire.reconnect(60)
    wire.wait(60).meter(200, transaction=1001, connector=2)
    assert [breach.fault for breach in wire.violations()] == [
        "MeterValues of another connector than that of their transaction"
    ]


def test_meter_values_of_an_id_that_came_too_late_to_be_known(wire):
    ident = wire.send("StartTransaction", **start_payload(wire))
    wire.wait(30).answer(ident, started())
    wire.wait(60).meter(200, transaction=999, connector=1)
    assert wire.violations() == []


# -- what was refused is sent again -------------------------------------------------------------------------------


def refused_stop(wire, transaction=1001):
    payload = {"transactionId": transaction, "meterStop": 500, "timestamp": wire.time()}
    wire.refuse(wire.send("StopTransaction", **payload))
    return payload


def test_a_stop_that_was_refused_and_not_sent_again(wire):
    configure(wire, TransactionMessageAttempts=3, TransactionMessageRetryInterval=10)
    wire.start(1001)
    refused_stop(wire.wait(60))
    wire.wait(300).start(1002, connector=2)
    (breach,) = wire.remarks("not repeated")
    assert breach.fault.startswith("StopTransaction that was refused with a CALLERROR was not sent again")
    assert wire.violations() == []


def test_a_stop_that_is_sent_again_or_given_up_as_configured(wire):
    configure(wire, TransactionMessageAttempts=2, TransactionMessageRetryInterval=10)
    wire.start(1001)
    payload = refused_stop(wire.wait(60))
    wire.wait(10).call("StopTransaction", **payload)
    wire.start(1002, meter=500)
    refused_stop(wire, 1002)
    wire.wait(10)
    refused_stop(wire, 1002)  # built anew, and the last attempt
    wire.wait(60).start(1003, connector=2)
    refused_stop(wire, 1003)
    wire.reconnect()  # what happens to the queue meanwhile is not seen
    wire.start(1004, connector=3)
    assert wire.remarks("not repeated") == []


def test_one_attempt_needs_no_other(wire):
    configure(wire, TransactionMessageAttempts=1)
    wire.start(1001)
    refused_stop(wire.wait(60))
    wire.wait(60).start(1002, meter=600)
    assert wire.remarks("not repeated") == []
