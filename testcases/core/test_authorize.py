"""Test-case document 2.10: a session that must not start."""

from octt.script import case


@case("TC_023_CS")
def test_authorize_invalid(station, csms, driver, bench):
    """An idTag the Central System does not accept must not start a transaction.

    The document sets MinimumStatusDuration to 10, against its own general precondition of 0; with 10 seconds the
    status Preparing of step 1 could be withheld, so the precondition is kept.
    """
    station.configure(MinimumStatusDuration=0, optional=True)
    station.configure(LocalPreAuthorize=True)
    csms.answer("Authorize", idTagInfo={"status": "Invalid"})

    driver.plug_in(bench.connector)
    station.reports("Preparing", step=1)
    driver.present_id_tag(bench.connector, bench.id_tags.invalid)
    station.sends("Authorize", idTag=bench.id_tags.invalid, step=3)
    station.stays_silent("StartTransaction", step="result", cite="OCPP 1.6 4.1")
