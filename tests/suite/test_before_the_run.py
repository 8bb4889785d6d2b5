"""Between the first connection and the first case: an operator who gives up there ends the run as in a case."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest
from websockets.exceptions import ConnectionClosed

from octt.bench import Bench
from octt.pics.declaration import Declaration
from octt.record import read
from octt.script.verdicts import AbortRun, Inconclusive
from octt.suite.run import Options, Run
from tests.conftest import BareStation
from tests.station.desk import Answering


def occupied_station(url):
    """A station with a cable in its connector, which it reports and never gives up."""
    while True:
        with contextlib.suppress(OSError):
            bare = BareStation(url)
            break
    bare.call("BootNotification", chargePointVendor="V", chargePointModel="M")
    bare.status(0, "Available")
    bare.status(1, "SuspendedEV")
    with contextlib.suppress(ConnectionClosed, TimeoutError):
        while True:
            _, ident, action, asked = bare.receive(20)
            given = {"status": "Accepted"}
            if action == "GetConfiguration":
                given = {"configurationKey": [], "unknownKey": asked.get("key", [])}
            bare.send(json.dumps([3, ident, given]))
    bare.close()


@pytest.fixture
def begun(tmp_path):
    """Begins a run whose operator always gives the same answer; what it asked for, and the run."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bench = Bench.model_validate(
        {
            "central_system": {"host": "127.0.0.1", "port": port},
            "driver": {"kind": "manual"},
            "times": {
                "function_timeout": 0.3,
                "start_timeout": 0.3,
                "stop_timeout": 0.3,
                "connection_timeout": 1,
                "connect_timeout": 20,
                "boot_timeout": 1,
            },
        }
    )
    runs, stations = [], []

    def begin(answer):
        person = Answering(answer)
        run = Run(Options(bench, Declaration(), tmp_path / "out", operator=person))
        runs.append(run)
        station = threading.Thread(target=occupied_station, args=(run.laboratory.urls[0],))
        stations.append(station)
        station.start()
        run.start()
        return run, person

    yield begin
    for run in runs:
        run.finish("test")
    for station in stations:
        station.join(30)


def test_who_aborts_before_the_first_case_aborts_the_run(begun, tmp_path):
    run, person = begun("a")
    (request,) = person.asked
    assert request.startswith("Unplug the cable of connector 1")
    scene = run.begin("TC_003_CS", 1)
    with pytest.raises(AbortRun):
        run.establish_preconditions(scene)
    assert run.end(scene, AbortRun()) == ("INCONCLUSIVE", "the run was aborted")
    run.finish("aborted")
    assert list(read(tmp_path / "out" / "record.jsonl"))[-1].reason == "aborted"


def test_a_connector_that_nobody_frees_costs_no_case_a_verdict(begun):
    run, person = begun("c")
    scene = run.begin("TC_003_CS", 1)
    run.establish_preconditions(scene)
    with pytest.raises(Inconclusive, match="connector 1 was SuspendedEV already") as stopped:
        scene.driver.plug_in(1)
    assert run.end(scene, stopped.value)[0] == "INCONCLUSIVE"
    assert person.asked[-1].startswith("Switch the station's mains power off")
