"""Test-case document 2.16: a station with a fault."""

from octt.script import case


@case("TC_041_CS")
def test_fault(station, driver, bench, pics):
    """A faulted connector says so and starts nothing, whether somebody tries at the station or remotely."""
    driver.fault(bench.connector, why="the station must be faulted")
    # A fault of the whole station may be told of connectorId 0 (4.9).
    faulted = {"connectorId": {0, bench.connector}, "status": "Faulted"}
    station.sends("StatusNotification", step=1, cite="OCPP 1.6 4.9", **faulted)
    why = "somebody tries to charge, and must not succeed"
    if not pics.yes("AQ-2"):  # else the cable cannot go in before an authorization
        driver.plug_in(bench.connector, why=why, shown=False)
    if pics.says("C-07", False):  # whatever it answers, nothing may start
        station.call("RemoteStartTransaction", connectorId=bench.connector, idTag=bench.id_tags.valid)
    else:
        driver.present_id_tag(bench.connector, bench.id_tags.valid, why=why, shown=False)
    station.stays_silent("StartTransaction", during=bench.times.transaction_duration, step=3)
