"""Test-case document 2.14: the connection is lost. The Central System cuts and restores it itself."""

from datetime import timedelta

from octt.ocpp.values import PERIODIC, instant
from octt.script import ABSENT, case
from octt.script.clocks import clock_offset, on_our_clock
from octt.script.limits import START, STOP, TRIGGERED
from octt.script.readings import check_context, check_measurands, check_spacing, configured, of_transaction
from octt.script.states import Transaction, cache_id_tag, start_charging, store_local_list, transaction


def _back_online(station, csms):
    csms.restore()
    return station.connects()


@case("TC_036_CS")
def test_meter_values_while_offline(station, csms, driver, bench):
    """Meter values of a transaction are kept while offline and come in order, before any newer one."""
    interval = bench.times.meter_value_interval
    with station.setup():
        station.configure(MeterValueSampleInterval=interval)
        station.configure(ClockAlignedDataInterval=0, optional=True)
        wanted = configured(station, "MeterValuesSampledData")
        tx = start_charging(station, driver)
    former = []
    for seen in station.sent("MeterValues", since=tx.start, transactionId=tx.id):
        former += of_transaction(seen, former)
    last = max((reading.time for reading in former), default=instant(tx.start.payload.get("timestamp")))
    csms.cut()
    station.passes(3.5 * interval, "the station stores meter values while offline")
    back = _back_online(station, csms)
    away = (back.m - tx.start.m) / 1e9
    online = last + timedelta(seconds=away) if last else None
    found = []
    for _ in range(5 + int(away / interval)):
        if len(found) >= 4 and (online is None or found[-1].time >= online):
            break
        seen = station.sends("MeterValues", transactionId=tx.id, step=1, due=interval, cite="OCPP 1.6 3.7")
        found += of_transaction(seen, [*former, *found])
    _none_lost(station, last, found, interval)
    times = [reading.time for reading in found]
    station.check(
        times == sorted(times),
        "queued values in chronological order and before any new one",
        f"the timestamps are {', '.join(reading.text for reading in found)}",
        step=1,
        cite="OCPP 1.6 3.7",
        frame=found[-1].seen,
    )
    check_spacing(station, found, interval, step=1)
    check_context(station, found, PERIODIC, step=1)
    check_measurands(station, found, wanted, step=1)


def _none_lost(station, last, found, interval):
    """What was measured offline is there: the first value follows the last one before the cut, or the start."""
    first = min((reading.time for reading in found), default=None)
    late = (first - last).total_seconds() if first and last else None
    slack = station.limits.late(interval) + (1.0 if last and last.microsecond == 0 else 0.0)
    station.check(
        late is not None and -slack <= late <= interval + slack,
        f"the first queued value is {interval:g} s after the last one before the cut, or after StartTransaction",
        "no value has a time" if late is None else f"it is {late:g} s after it",
        step=1,
        cite="OCPP 1.6 3.7",
        frame=found[0].seen if found else None,
    )


def _offline_authorization(station, csms, driver, pics, id_tag, **keys):
    """Setup: every means of offline authorization that the station has knows the idTag as accepted."""
    with station.setup():
        station.configure(LocalAuthorizeOffline=True, **keys)
        switches = ("LocalAuthListEnabled", "AuthorizationCacheEnabled", "AllowOfflineTxForUnknownId")
        for switch in switches:
            station.configure(**{switch: True}, optional=True)
        if station.value_of("AuthorizationCacheEnabled"):
            for action in ("Authorize", "StartTransaction", "StopTransaction"):
                csms.answer(action, idTagInfo={"status": "Accepted"})
            cache_id_tag(station, driver, id_tag=id_tag, locally=not pics.says("C-08", False))
            csms.system.answers.disarm()
        if station.value_of("LocalAuthListMaxLength"):
            store_local_list(station, id_tag)


def _until_unlocked(station):
    """Seconds until a socket is unlocked that nobody sees: not so long that the authorization is over (9.1.6)."""
    seconds, timeout = station.limits.of(TRIGGERED).seconds, station.number_of("ConnectionTimeOut")
    return min(seconds, timeout / 2) if timeout else seconds


def _starts_offline(station, csms, driver, bench, id_tag):
    unlocked = _until_unlocked(station) if station.locks_first else 0.0
    csms.cut()
    if not station.locks_first:
        driver.plug_in(bench.connector, why="a session starts while the station is offline")
    why = "the station is offline and must authorize it by itself; wait until it "
    driver.present_id_tag(
        bench.connector, id_tag, why=why + ("unlocks" if station.locks_first else "charges")
    )
    if station.locks_first:
        station.passes(unlocked, "the station unlocks the socket, as slow as it is declared")
        driver.plug_in(bench.connector, why="the socket is unlocked now; wait until it charges")
    station.passes(station.limits.of(START).seconds, "the station starts the transaction offline")


def _start_is_delivered(station, csms, bench, id_tag) -> Transaction:
    """Step 1: the transaction began offline, authorized by the station alone, and is told of when it is back."""
    offset = clock_offset(station)
    back = _back_online(station, csms)
    start = station.sends(
        "StartTransaction",
        connectorId=bench.connector,
        idTag=id_tag,
        step=1,
        cite="OCPP 1.6 3.7",
    )
    late = on_our_clock(start, offset, back)
    station.check(
        late is None or late <= 1.0,
        "StartTransaction.timestamp before the connection was back",
        f"it is {late or 0:.1f} s after it",
        step=1,
        cite="OCPP 1.6 3.7, 6.45",
        frame=start,
    )
    station.sent_none("Authorize", since=back, step=1, cite="OCPP 1.6 3.5")
    return transaction(station, start)


@case("TC_037_1_CS")
def test_offline_start(station, csms, driver, bench, pics):
    """A transaction started offline is reported when the station is back."""
    tag = bench.id_tags.valid
    _offline_authorization(station, csms, driver, pics, tag)
    _starts_offline(station, csms, driver, bench, tag)
    _start_is_delivered(station, csms, bench, tag)
    station.reports("Charging", step=3)


def _invalid_offline_start(station, csms, driver, bench, pics, *, stop):
    """Steps 1 to 4 of TC_037_2 and TC_037_3: the idTag was good when stored, and is refused when reported."""
    tag = bench.id_tags.invalid
    _offline_authorization(station, csms, driver, pics, tag, StopTransactionOnInvalidId=stop)
    station.configure(MaxEnergyOnInvalidId=0, optional=True)
    csms.answer("StartTransaction", idTagInfo={"status": "Invalid"})
    _starts_offline(station, csms, driver, bench, tag)
    return _start_is_delivered(station, csms, bench, tag)


@case("TC_037_2_CS")
def test_offline_start_invalid_suspends(station, csms, driver, bench, pics):
    """Without StopTransactionOnInvalidId the station stops the energy and keeps the transaction."""
    _invalid_offline_start(station, csms, driver, bench, pics, stop=False)
    station.reports("Charging", step=3)
    station.reports("SuspendedEVSE", step=5, cite="OCPP 1.6 4.8")


@case("TC_037_3_CS")
def test_offline_start_invalid_stops(station, csms, driver, bench, pics):
    """With StopTransactionOnInvalidId the station ends the transaction.

    Nothing says whether a status or the end comes first (4.8, 4.9): what it charged with is history by then.
    """
    tx = _invalid_offline_start(station, csms, driver, bench, pics, stop=True)
    with station.in_any_order():
        station.reports("Charging", step=3)
        station.sends(
            "StopTransaction", transactionId=tx.id, reason="DeAuthorized", step=5, cite="OCPP 1.6 4.8"
        )
    station.reports("Finishing", step=7)


@case("TC_038_CS")
def test_offline_stop(station, csms, driver, charging, bench):
    """A transaction stopped offline is reported when the station is back."""
    csms.cut()
    driver.present_id_tag(
        bench.connector, charging.id_tag, why="the transaction ends while offline; wait until it has stopped"
    )
    station.passes(station.limits.of(STOP).seconds, "the station ends the transaction offline")
    _back_online(station, csms)
    with station.in_any_order():
        station.sends(
            "StopTransaction",
            transactionId=charging.id,
            reason={"Local", ABSENT},
            step=1,
            cite="OCPP 1.6 3.7",
        )
        station.reports("Finishing", step=3)


@case("TC_039_CS")
def test_offline_transaction(station, csms, driver, bench, pics):
    """A whole transaction held offline is reported, with the transactionId it is given then."""
    tag = bench.id_tags.valid
    _offline_authorization(station, csms, driver, pics, tag)
    _starts_offline(station, csms, driver, bench, tag)
    driver.present_id_tag(
        bench.connector, tag, why="the transaction ends while offline; wait until it has stopped"
    )
    station.passes(station.limits.of(STOP).seconds, "the station ends the transaction offline")
    driver.unplug(bench.connector, why="the car leaves while the station is offline")
    tx = _start_is_delivered(station, csms, bench, tag)
    station.sends(
        "StopTransaction", transactionId=tx.id, reason={"Local", ABSENT}, step=3, cite="OCPP 1.6 4.10"
    )
