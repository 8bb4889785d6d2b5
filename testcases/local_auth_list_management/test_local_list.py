"""Test-case document 2.17: the local authorization list.

The lists are as long as the station's own keys allow; a station that declares no room for the entries a case needs
makes the case impossible, not failed.
"""

import pytest

from octt.ocpp.values import whole
from octt.script import case
from octt.script.states import asks_to_start, list_entry, local_list_room, offer_local_list, send_local_list


@pytest.fixture
def room(station):
    """The list is switched on; how many entries it takes."""
    station.configure(LocalAuthListEnabled=True)
    return local_list_room(station)


def _version(station, version, *, step):
    station.call("GetLocalListVersion", step=step).returns(listVersion=version, cite="OCPP 1.6 5.10")


@case("TC_042_2_CS")
def test_empty_list_has_version_zero(station, room):
    """A list without entries has version 0, whatever version it was sent with."""
    send_local_list(station, 1, "Full", None, step=1)
    _version(station, 0, step=3)


@case("TC_043_CS")
def test_full_and_differential_update(station, bench, room):
    """A list is taken as a whole and then changed in part.

    Contents and versions are left open by the document: one card, then a second one (or the same, where the list has
    room for one only). That the list is in use is its expected result but no step; here its version is asked.
    """
    send_local_list(station, 1, "Full", [list_entry(station, bench.id_tags.valid)], step=1)
    second = bench.id_tags.valid_2 if room > 1 else bench.id_tags.valid
    send_local_list(station, 2, "Differential", [list_entry(station, second)], step=3)
    _version(station, 2, step="result")


@case("TC_043_2_CS")
def test_version_mismatch(station, bench, room):
    """A differential update that is older than the list is refused and changes nothing."""
    entries = [list_entry(station, bench.id_tags.valid)]
    send_local_list(station, 2, "Full", entries, step=1)
    _version(station, 2, step=3)
    send_local_list(station, 5, "Differential", entries, step=5)
    _version(station, 5, step=7)
    reply = offer_local_list(station, 4, "Differential", entries, step=9)
    reply.returns(status="VersionMismatch", cite="OCPP 1.6 5.15")
    _version(station, 5, step=11)


@case("TC_043_3_CS")
def test_failing_update(station, driver, bench, room):
    """A list that cannot be stored is answered with Failed. How to provoke that is the vendor's knowledge."""
    driver.act("break_list_storage", why="storing a list must fail")
    entries = [list_entry(station, bench.id_tags.valid)]
    reply = offer_local_list(station, 2, "Full", entries, step=1)
    reply.returns(status="Failed", cite="OCPP 1.6 5.15")


@case("TC_008_CS")
def test_start_by_listed_id(station, driver, bench):
    """An idTag of the list starts a transaction without asking the Central System."""
    tag, connector = bench.id_tags.valid, bench.connector
    with station.setup():
        station.configure(LocalAuthListEnabled=True, LocalPreAuthorize=True)
        station.configure(AuthorizationCacheEnabled=False, AuthorizeRemoteTxRequests=True, optional=True)
        local_list_room(station)
    version = station.call("GetLocalListVersion", step=1).returns().payload.get("listVersion")
    send_local_list(station, max(whole(version) or 0, 0) + 1, "Full", [list_entry(station, tag)], step=3)
    reply = asks_to_start(station, driver, tag, plugged=5, asked=7)
    start = station.sends("StartTransaction", connectorId=connector, idTag=tag, step=9)
    station.reports("Charging", step=11)
    station.sent_none("Authorize", since=reply.request, until=start, step="implied", cite="OCPP 1.6 9.1.13")
