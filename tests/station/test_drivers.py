"""Drivers: what is done, what cannot be done, and what is said when it goes wrong."""

from __future__ import annotations

import json
import shlex
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from octt.station.actions import ACTIONS, ActionFailed, CannotAct, DriverGone, Hardware, instruction
from octt.station.drivers import CommandDriver, HttpDriver, ManualDriver, SimulatedDriver


@pytest.fixture
def rig():
    """A rig that can plug in, cannot swipe, and breaks on anything else."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body))
            self.send_response({"/plug_in": 200, "/present_id_tag": 501}.get(self.path, 500))
            self.end_headers()
            self.wfile.write(b'{"error": "the arm is stuck"}')

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_http_rig(rig):
    url, asked = rig
    driver = HttpDriver(url, 5)
    assert driver.act("plug_in", {"connector": 1}) == f"rig {url}"
    assert asked == [("/plug_in", {"connector": 1})]
    with pytest.raises(CannotAct, match="cannot do present_id_tag"):
        driver.act("present_id_tag", {"connector": 1, "id_tag": "A"})
    with pytest.raises(ActionFailed, match=r"answered 500 to unplug: the arm is stuck$"):
        driver.act("unplug", {"connector": 1})


def test_http_rig_that_is_not_there():
    with pytest.raises(DriverGone, match=r"no answer from the rig at http://127\.0\.0\.1:1:"):
        HttpDriver("http://127.0.0.1:1", 2).act("plug_in", {"connector": 1})


def test_a_rig_is_looked_for_before_the_run(rig):
    HttpDriver(rig[0], 5).start()
    with pytest.raises(DriverGone, match=r"nothing answers at the rig's address http://127\.0\.0\.1:1:"):
        HttpDriver("http://127.0.0.1:1", 5).start()


def test_a_rig_that_was_gone_is_not_waited_for_at_length_again(monkeypatch):
    driver, posted = HttpDriver("http://127.0.0.1:1", 5), []
    post = driver._post
    monkeypatch.setattr(driver, "_post", lambda *act: posted.append(act) or post(*act))
    for _ in range(3):
        with pytest.raises(DriverGone):
            driver.act("plug_in", {"connector": 1})
    assert len(posted) == 1


def test_a_rig_that_came_back_acts_again(rig):
    driver = HttpDriver("http://127.0.0.1:1", 5)
    with pytest.raises(DriverGone):
        driver.act("plug_in", {"connector": 1})
    assert driver.gone.startswith("no answer from the rig")
    driver.url = rig[0]
    assert driver.act("plug_in", {"connector": 1}) == f"rig {rig[0]}"
    assert driver.gone == ""


@pytest.mark.parametrize("answer", [b"HTTP/1.1 hello\r\n\r\n", b"nonsense", b""])
def test_a_rig_that_answers_nonsense_is_no_rig(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(DriverGone, match="no answer from the rig"):
            HttpDriver(f"http://127.0.0.1:{server.getsockname()[1]}", 5).act("plug_in", {"connector": 1})


def test_commands_get_their_values_and_nothing_is_interpreted(tmp_path):
    file = tmp_path / "said"
    driver = CommandDriver(
        {
            "present_id_tag": f"printf '%s' {{id_tag}} > {shlex.quote(str(file))}",
            "unplug": "echo stuck >&2; exit 3",
            "plug_in": "sleep 30",
        },
        0.3,
    )
    hostile = "$(touch /nowhere); 'x\" `id`"
    assert driver.act("present_id_tag", {"connector": 2, "id_tag": hostile}) == "command present_id_tag"
    assert file.read_text() == hostile
    with pytest.raises(ActionFailed, match="ended with 3: stuck"):
        driver.act("unplug", {"connector": 1})
    with pytest.raises(ActionFailed, match=r"did not end within 0\.3 s"):
        driver.act("plug_in", {"connector": 1})
    with pytest.raises(CannotAct, match=r"driver\.commands"):
        driver.act("fault", {"connector": 1})


def test_a_simulator_that_does_not_start_says_why():
    driver = SimulatedDriver(["--no-such-option"], 5)
    with pytest.raises(ActionFailed, match=r"did not start: .*no-such-option"):
        driver.start()
    with pytest.raises(ActionFailed):
        driver.act("plug_in", {"connector": 1})


def test_every_action_has_an_instruction():
    params = {"connector": 1, "id_tag": "CARD"}
    for name in ACTIONS:
        text = instruction(name, params)
        assert text.endswith(".")
        assert "{" not in text
    assert "whole station" in instruction("fault", {"connector": 0})
    with pytest.raises(CannotAct):
        ManualDriver().act("present_id_tag", params)


def test_what_a_person_is_told_depends_on_the_station():
    fixed = Hardware(fixed=lambda connector: connector == 1)
    assert instruction("plug_in", {"connector": 1}, fixed) == "Plug the cable of connector 1 into the EV."
    assert instruction("unplug", {"connector": 1}, fixed) == "Pull the cable of connector 1 out of the EV."
    assert "on both sides" in instruction("unplug", {"connector": 2}, fixed)
    half_out = instruction("unplug", {"connector": 2}, fixed, {1, 2})
    assert half_out == "Take the cable out of connector 2 of the station."
    card = {"connector": 1, "id_tag": "CARD"}
    assert instruction("present_id_tag", card) == "Present the card CARD for connector 1."
    assert instruction("present_id_tag", card, Hardware(one_reader=True)) == "Present the card CARD."
    selects = Hardware(selects=True, one_reader=True)
    assert instruction("present_id_tag", card, selects) == "Select connector 1, then present the card CARD."
