"""Connections that are lost, replaced or begun anew are in the reason; a station does not answer for a second peer."""

from __future__ import annotations

import threading

import pytest

from octt.record.words import Blame
from octt.script.verdicts import Failed, Inconclusive
from tests.conftest import running
from tests.script.test_what_fails_a_case import Scene


@pytest.fixture
def scene():
    return Scene()


def replaced(scene, seconds, number):
    scene.clock.plan(seconds, lambda: scene._append("connect", number, replaces=True))


def test_a_reply_that_another_peer_took_away_is_no_fail_of_the_station(scene):
    replaced(scene, 0.4, 2)
    scene.system.replies["GetLocalListVersion"] = None
    with pytest.raises(
        Inconclusive, match=r"the connection was replaced by another one 0\.4 s after"
    ) as ended:
        scene.station.call("GetLocalListVersion")
    assert ended.value.blame is Blame.NETWORK


def test_two_peers_that_take_the_connection_from_each_other_are_told(scene):
    for number in range(2, 18):
        replaced(scene, 0.1 * number, number)
    with pytest.raises(Inconclusive) as ended:
        scene.station.sends("Heartbeat")
    assert ended.value.blame is Blame.NETWORK
    assert (
        "another connection took the place of an open one, 16 times: perhaps two peers" in ended.value.reason
    )


def test_a_station_that_boots_over_an_open_connection_answers_for_what_it_does_not_send(scene):
    replaced(scene, 0.4, 2)
    scene.later(0.5, "BootNotification", chargePointVendor="V", chargePointModel="M")
    with pytest.raises(Failed) as ended:
        scene.station.sends("Heartbeat")
    assert "the station booted once" in ended.value.reason
    assert ended.value.blame is Blame.STATION


def test_the_central_system_says_that_a_connection_was_taken(tmp_path):
    with running(tmp_path) as bench:
        first = bench.station()
        asked = []
        calling = threading.Thread(target=lambda: asked.append(bench.csms.call("ClearCache", {}, 20)))
        calling.start()
        first.receive()
        second = bench.station()
        calling.join(10)
        request, reply = asked[0]
        assert reply is None, "nobody waits for it any more"
        newest = bench.csms.timeline.newest
        assert (newest.kind, newest.replaces) == ("connect", True)
        assert newest.index > request.index
        second.close()
