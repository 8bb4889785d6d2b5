"""Drivers and the operator: what is done, what cannot be done, and what is said when it goes wrong."""

from __future__ import annotations

import io
import json
import os
import shlex
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from octt.station.actions import ACTIONS, ActionFailed, CannotAct, instruction
from octt.station.drivers import CommandDriver, HttpDriver, SimulatedDriver
from octt.station.operator import ManualDriver, Operator


def never():
    return False


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
    assert driver.act("plug_in", {"connector": 1}, "", never) == f"rig {url}"
    assert asked == [("/plug_in", {"connector": 1})]
    with pytest.raises(CannotAct, match="cannot do present_id_tag"):
        driver.act("present_id_tag", {"connector": 1, "id_tag": "A"}, "", never)
    with pytest.raises(ActionFailed, match=r"answered 500 to unplug: the arm is stuck$"):
        driver.act("unplug", {"connector": 1}, "", never)


def test_http_rig_that_is_not_there():
    with pytest.raises(ActionFailed, match=r"no answer from the rig at http://127\.0\.0\.1:1:"):
        HttpDriver("http://127.0.0.1:1", 2).act("plug_in", {"connector": 1}, "", never)


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
    assert (
        driver.act("present_id_tag", {"connector": 2, "id_tag": hostile}, "", never)
        == "command present_id_tag"
    )
    assert file.read_text() == hostile
    with pytest.raises(ActionFailed, match="ended with 3: stuck"):
        driver.act("unplug", {"connector": 1}, "", never)
    with pytest.raises(ActionFailed, match=r"did not end within 0\.3 s"):
        driver.act("plug_in", {"connector": 1}, "", never)
    with pytest.raises(CannotAct, match=r"driver\.commands"):
        driver.act("fault", {"connector": 1}, "", never)


def test_a_simulator_that_does_not_start_says_why():
    driver = SimulatedDriver(["--no-such-option"], 5)
    with pytest.raises(ActionFailed, match=r"did not start: .*no-such-option"):
        driver.start()
    with pytest.raises(ActionFailed):
        driver.act("plug_in", {"connector": 1}, "", never)


def test_every_action_has_an_instruction():
    params = {"connector": 1, "id_tag": "CARD"}
    for name in ACTIONS:
        text = instruction(name, params)
        assert text.endswith(".")
        assert "{" not in text
    assert "whole station" in instruction("fault", {"connector": 0})
    with pytest.raises(CannotAct, match="Present the card CARD for connector 1"):
        ManualDriver().act("present_id_tag", params, "", never)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\n", "done"),
        ("done\n", "done"),
        ("c\n", "cannot"),
        ("R\n", "repeat"),
        ("abort\n", "abort"),
        ("what?\nc\n", "cannot"),
    ],
)
def test_the_operator_answers(typed, answer):
    reading, writing = os.pipe()
    shown = []
    with os.fdopen(reading) as source, os.fdopen(writing, "w") as keyboard:
        operator = Operator(10, shown.append, source)
        threading.Timer(0.2, lambda: (keyboard.write(typed), keyboard.flush())).start()
        assert operator.ask("Plug in.", "a car is needed", never) == answer
    assert ">> Plug in.  (a car is needed)" in shown
    assert ("   please answer with Enter, c, r or a" in shown) is (typed == "what?\nc\n")


def test_the_effect_answers_for_the_operator():
    reading, writing = os.pipe()
    with os.fdopen(reading) as source, os.fdopen(writing, "w"):
        assert Operator(10, lambda _text: None, source).ask("Plug in.", "", lambda: True) == "seen"


def test_an_operator_who_does_not_answer_and_one_who_left():
    reading, writing = os.pipe()
    with os.fdopen(reading) as source, os.fdopen(writing, "w"):
        assert Operator(0.2, lambda _text: None, source).ask("Plug in.", "", never) == "timeout"
    gone = Operator(10, lambda _text: None, io.StringIO(""))
    assert gone.ask("Plug in.", "", never) == "gone"
    assert gone.ask("Plug in.", "", never) == "gone"
