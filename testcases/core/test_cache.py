"""Test-case document 2.4: the authorization cache."""

from octt.script import case
from octt.script.states import asks_to_start, becomes_preparing, cache_id_tag, card_only, waiting_connector


@case("TC_007_CS")
def test_start_by_cached_id(station, csms, driver, bench, pics):
    """An idTag in the cache starts a transaction without asking the Central System."""
    with station.setup():
        station.configure(AuthorizationCacheEnabled=True, AuthorizeRemoteTxRequests=True, optional=True)
        station.configure(LocalPreAuthorize=True)
        tag = cache_id_tag(station, driver, locally=not pics.says("C-08", False))
    reply = asks_to_start(station, driver, tag, plugged=1, asked=3)
    start = station.sends("StartTransaction", connectorId=bench.connector, idTag=tag, step=5)
    station.reports("Charging", step=7)
    station.sent_none(
        "Authorize", since=reply.request, until=start, step="implied", cite="OCPP 1.6 3.5.1, 9.1.13"
    )


@case("TC_061_CS")
def test_clear_cache(station, driver, bench):
    """After ClearCache an idTag that was cached is asked for again.

    Of the two ways that the document has for step 3 the one that every station knows: ConnectionTimeOut passes.
    """
    timeout, tag = bench.times.connection_timeout, bench.id_tags.valid
    with station.setup():
        card_only(station)
        station.configure(AuthorizationCacheEnabled=True, optional=True)
        station.configure(LocalPreAuthorize=True, ConnectionTimeOut=timeout)
        station.call("ClearCache")  # once more: it may have been switched off when the case began
    driver.present_id_tag(bench.connector, tag, why="the card goes into the cache; do not plug in")
    with station.in_any_order():
        station.sends("Authorize", idTag=tag, step="Authorized.1")
        becomes_preparing(station, step=1)
    connector = waiting_connector(station)
    # A card that is taken once more, not for the end, begins the time anew.
    station.reports("Available", connector=connector, step=3, due=2 * timeout)
    station.call("ClearCache", step=5).returns(status="Accepted", cite="OCPP 1.6 5.4")
    driver.present_id_tag(
        bench.connector, tag, why="the cache is empty, so the station must ask; do not plug in"
    )
    station.sends("Authorize", idTag=tag, step=7, cite="OCPP 1.6 4.1")
    preparing = {"connectorId": bench.connector, "status": "Preparing"}
    station.may_send("StatusNotification", **preparing)
