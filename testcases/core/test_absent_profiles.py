"""Test-case document 2.17.1, 2.17.2, 2.20: what a station without a profile answers.

For these the document allows the CALLERROR NotSupported only where it says so; ReserveNow must be Rejected.
"""

from octt.script import case
from octt.script.states import list_entry, offer_local_list, reserve


@case("TC_042_1_CS")
def test_no_local_list_version(station):
    """Without a local list, or with the list switched off, its version is -1."""
    station.configure(LocalAuthListEnabled=False, optional=True)
    station.call("GetLocalListVersion", step=1).returns(
        listVersion=-1, error=["NotSupported"], cite="OCPP 1.6 5.10"
    )


@case("TC_043_1_CS")
def test_no_local_list(station, bench):
    """A station without a local list cannot take one."""
    reply = offer_local_list(station, 1, "Full", [list_entry(station, bench.id_tags.valid)], step=1)
    reply.returns(status="NotSupported", error=["NotSupported"], cite="OCPP 1.6 5.15")


def _no_reservation(station, bench, connector):
    reserve(station, connector, id_tag=bench.id_tags.valid, expiry=600, status="Rejected")
    station.stays_silent("StatusNotification", status="Reserved", step="result", cite="OCPP 1.6 5.13")
    station.still_works(step="result")


@case("TC_048_4_CS")
def test_no_reservation_of_connector(station, bench):
    """A station without reservations rejects one of a connector, and goes on."""
    _no_reservation(station, bench, bench.connector)


@case("TC_050_4_CS")
def test_no_reservation_of_station(station, bench):
    """A station without reservations rejects one of the whole station, and goes on."""
    _no_reservation(station, bench, 0)
