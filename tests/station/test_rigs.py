"""What a rig says that it can, the contract as OpenAPI, a driver of one's own, and the examples to begin with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from octt.bench import Bench, ConfigError
from octt.paths import PICS
from octt.pics.declaration import load_declaration
from octt.station import contract
from octt.station.actions import ACTIONS, ActionFailed, CannotAct, DriverGone
from octt.station.drivers import CommandDriver, HttpDriver, SimulatedDriver
from octt.station.python import PythonDriver
from octt.suite.catalogue import load_catalogue, plan
from octt.suite.checks import check
from octt.suite.rig import attended, can, driver_of, lacking

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


# -- what a rig can ---------------------------------------------------------------------------------------------------


@pytest.fixture
def says():
    """A rig that answers GET /actions in a certain way."""
    servers = []

    def serve(status, body):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return HttpDriver(f"http://127.0.0.1:{server.server_port}", 5)

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_rig_says_what_it_can(says):
    assert says(200, b'{"actions": ["plug_in", "dance", 7]}').can() == {"plug_in"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b'{"actions": []}'),
        (501, b""),
        (200, b"nonsense"),
        (200, b"[]"),
        (200, b'{"actions": "plug_in"}'),
    ],
)
def test_a_rig_that_does_not_say_is_taken_to_do_everything_as_ever(says, status, body):
    assert says(status, body).can() is None


def test_a_rig_that_is_not_there_cannot_be_asked():
    with pytest.raises(DriverGone):
        HttpDriver("http://127.0.0.1:1", 5).can()
    bench = Bench.model_validate({"driver": {"kind": "http", "url": "http://127.0.0.1:1"}})
    assert can(bench) is None  # the run says so when it begins


def test_commands_are_what_a_command_rig_can():
    assert CommandDriver({"plug_in": "x", "unplug": "y"}, 1).can() == {"plug_in", "unplug"}
    assert SimulatedDriver([], 1).can() == set(ACTIONS)


def bench_with(operator=None, **commands):
    driver = {"kind": "command", "commands": commands, "operator": operator}
    return Bench.model_validate({"driver": driver})


def planned(*cases):
    return plan(load_catalogue(), load_declaration(PICS / "simulated.toml"), None, cases)


def test_what_the_rig_lacks_goes_to_a_person():
    bench = bench_with(True, plug_in="x", unplug="x")
    (told,) = lacking(bench, planned("TC_003_CS", "TC_048_1_CS"))
    assert told.startswith("The rig cannot do present_id_tag, fault, clear_fault: ")
    assert told.endswith("a person at the terminal is asked, in 2 cases.")


def test_what_the_rig_lacks_costs_cases_where_nobody_is():
    (told,) = lacking(bench_with(False, plug_in="x", unplug="x"), planned())
    assert "nobody is at the terminal" in told
    assert re.search(r"ends INCONCLUSIVE, \d+ cases: TC_001_CS, ", told)
    assert told.count("TC_") == 8


def test_a_rig_that_can_all_that_is_needed_is_no_matter():
    commands = dict.fromkeys(ACTIONS, "true")
    assert list(lacking(bench_with(False, **commands), planned())) == []
    assert list(lacking(bench_with(False, plug_in="true", unplug="x"), planned("TC_012_CS"))) == []
    assert list(lacking(Bench(), planned())) == []


def test_who_is_there():
    assert attended(Bench())
    assert not attended(bench_with(False, plug_in="x"))
    assert not attended(Bench.model_validate({"driver": {"kind": "simulated", "operator": True}}))


def test_a_command_for_no_action_is_told_before_the_run():
    with pytest.raises(
        ConfigError, match=r"driver.commands.plugin: there is no such action; did you mean plug_in\?"
    ):
        check(bench_with(plugin="x"), load_declaration(PICS / "simulated.toml"))


# -- the contract -----------------------------------------------------------------------------------------------------


def test_the_contract_is_current():
    """`make docs` writes it."""
    kept = (ROOT / "octt" / "station" / "driver-contract.json").read_text(encoding="utf-8")
    assert kept == contract.text()


def test_every_action_is_in_the_contract_and_on_the_page():
    paths, page = (
        contract.document()["paths"],
        (ROOT / "docs" / "driver-contract.md").read_text(encoding="utf-8"),
    )
    assert set(contract.MEANINGS) == set(ACTIONS)
    for action in ACTIONS:
        assert {"200", "501", "default"} == set(paths[f"/{action}"]["post"]["responses"])
        assert f"`/{action}`" in page
    body = paths["/present_id_tag"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["required"]) == {"connector", "id_tag"}
    assert (
        paths["/power_off"]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"] == []
    )


# -- a class of one's own ---------------------------------------------------------------------------------------------


def own(tmp_path, body):
    file = tmp_path / "rig.py"
    file.write_text(body)
    return f"{file}:Rig"


def test_a_class_of_ones_own_acts(tmp_path):
    place = own(
        tmp_path,
        "class Rig:\n"
        "    def __init__(self): self.done = []\n"
        "    def plug_in(self, connector): self.done.append(connector)\n"
        "    def present_id_tag(self, connector, id_tag): raise RuntimeError('no card in the holder')\n"
        f"    def close(self): open({str(tmp_path / 'closed')!r}, 'w').write(str(self.done))\n",
    )
    driver = PythonDriver(place, 5)
    driver.start()
    assert driver.can() == {"plug_in", "present_id_tag"}
    assert driver.act("plug_in", {"connector": 2}) == f"driver {place}"
    with pytest.raises(ActionFailed, match=r"present_id_tag of .*: RuntimeError: no card in the holder"):
        driver.act("present_id_tag", {"connector": 1, "id_tag": "A"})
    with pytest.raises(CannotAct, match="has no method unplug"):
        driver.act("unplug", {"connector": 1})
    driver.close()
    assert (tmp_path / "closed").read_text() == "[2]"


def test_a_class_may_say_that_it_cannot_and_is_not_waited_for_without_end(tmp_path):
    place = own(
        tmp_path,
        "import threading\nfrom octt.station.actions import CannotAct\n"
        "class Rig:\n"
        "    def unplug(self, connector): raise CannotAct('the plug is warm')\n"
        "    def fault(self, connector): threading.Event().wait(30)\n",
    )
    driver = PythonDriver(place, 0.2)
    with pytest.raises(CannotAct, match="the plug is warm"):
        driver.act("unplug", {"connector": 1})
    with pytest.raises(ActionFailed, match=r"did not end within 0\.2 s"):
        driver.act("fault", {"connector": 1})


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("none.py:Rig", "FileNotFoundError: there is no file none.py"),
        ("no_such_module:Rig", "ModuleNotFoundError"),
        ("octt.station.actions:Rig", "AttributeError"),
        ("octt.station.actions:ACTIONS", "TypeError"),
    ],
)
def test_a_class_that_cannot_be_made_is_told_before_the_run(place, said):
    bench = Bench.model_validate({"driver": {"kind": "python", "python": place}})
    with pytest.raises(ConfigError, match=said):
        can(bench)


def test_a_place_that_names_nothing_is_told():
    for place in ("", "rig.py", ":Rig", "rig.py:"):
        with pytest.raises(ValueError, match=r"file\.py:Class"):
            Bench.model_validate({"driver": {"kind": "python", "python": place}})


# -- the examples -----------------------------------------------------------------------------------------------------


def test_the_class_of_the_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    driver = PythonDriver(f"{EXAMPLES / 'rig_class.py'}:Rig", 5)
    assert driver.can() == {"plug_in", "unplug", "present_id_tag"}
    driver.act("present_id_tag", {"connector": 1, "id_tag": "CARD"})
    driver.close()
    assert Path("rig.log").read_text() == "present_id_tag 1 CARD\n"


def test_the_server_of_the_example():
    source = EXAMPLES / "rig_server.py"
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 50
    with subprocess.Popen([sys.executable, source, "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            driver = HttpDriver(process.stdout.readline().split()[-1], 5)
            assert driver.can() == {"plug_in", "unplug", "present_id_tag"}
            driver.act("present_id_tag", {"connector": 1, "id_tag": "CARD"})
            assert process.stdout.readline() == "present_id_tag 1 CARD\n"
            with pytest.raises(CannotAct, match="this rig cannot fault"):
                driver.act("fault", {"connector": 1})
            with pytest.raises(ActionFailed, match="answered 500 to plug_in"):
                driver.act("plug_in", {"wrong": 1})
        finally:
            process.kill()


def test_the_relay_board_of_the_example(tmp_path, monkeypatch):
    data = tomllib.loads((EXAMPLES / "relay_board.toml").read_text(encoding="utf-8"))
    board = tmp_path / "board"
    monkeypatch.setenv("BOARD", str(board))
    monkeypatch.setenv("DARK", "0")
    bench = Bench.model_validate(data)
    check(bench, load_declaration(PICS / "simulated.toml"))
    driver = driver_of(bench)
    driver.act("plug_in", {"connector": 1})
    assert board.read_text() == "on 11\n"
    driver.act("power_cycle", {})
    assert board.read_text() == "off 1\n"
    assert "present_id_tag" not in driver.can()
    assert os.environ["BOARD"] == str(board)


def test_the_simulated_station_says_what_it_can_and_serves_the_contract():
    driver = SimulatedDriver(
        ["--csms", "ws://127.0.0.1:1/ocpp", "--identity", "S", "--control", "127.0.0.1:0"], 5
    )
    driver.start()
    try:
        with urllib.request.urlopen(f"{driver.http.url}/actions") as answer:
            assert set(json.load(answer)["actions"]) == set(ACTIONS)
        with urllib.request.urlopen(f"{driver.http.url}/openapi.json") as answer:
            assert json.load(answer) == contract.document()
        with pytest.raises(CannotAct, match="knows no action 'dance'"):
            driver.act("dance", {})
    finally:
        driver.close()
