"""Moving a station from one security profile to another on the same port, and what is kept of passwords."""

from __future__ import annotations

import base64
import json
import threading

import pytest
from websockets.exceptions import InvalidStatus

from octt.csms.endpoints import Endpoint
from tests.conftest import Bench, running

OLD, NEW = "old-password-of-it", "new-password-of-it"


def _login(password: str, user: str = "CS 1/ä") -> dict[str, str]:
    code = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {code}"}


@pytest.fixture
def basic(tmp_path):
    with running(tmp_path, endpoints=[Endpoint(1)], password=OLD) as bench:
        yield bench


def test_another_profile_takes_over_the_port_and_leaves_the_connection(live: Bench) -> None:
    station = live.station()
    old = live.csms.settings.endpoints[0]
    port = old.port
    live.csms.settings.password = NEW
    live.csms.replace(old, Endpoint(1))
    assert [endpoint.port for endpoint in live.csms.settings.endpoints] == [port]
    assert station.call("Heartbeat")[0] == 3, "the connection that was there goes on"
    with pytest.raises(InvalidStatus):
        live.station()
    second = live.station(additional_headers=_login(NEW))
    live.eventually(lambda: live.csms.security_profile == 1)
    second.close()
    station.close()


def test_two_passwords_count_while_one_is_changed(basic: Bench) -> None:
    basic.csms.settings.other_password = NEW
    for password in (OLD, NEW):
        station = basic.station(additional_headers=_login(password))
        basic.eventually(lambda p=password: basic.csms.credentials.password == p.encode())
        station.close()
    basic.csms.settings.password, basic.csms.settings.other_password = NEW, ""
    with pytest.raises(InvalidStatus):
        basic.station(additional_headers=_login(OLD))


def test_every_attempt_is_kept_with_what_it_showed(basic: Bench) -> None:
    with pytest.raises(InvalidStatus):
        basic.station(additional_headers=_login("wrong"))
    station = basic.station(additional_headers=_login(OLD))
    basic.eventually(lambda: len(basic.csms.door.attempts) == 2)
    refused, admitted = basic.csms.door.attempts
    assert not refused.admitted
    assert refused.reason == "wrong password"
    assert refused.credentials.password == b"wrong"
    assert admitted.admitted
    assert admitted.credentials.password == OLD.encode()
    assert "old-password" not in repr(admitted)
    station.close()


def test_no_password_stands_in_the_record(basic: Bench) -> None:
    station = basic.station(additional_headers=_login(OLD))
    basic.eventually(lambda: basic.csms.connected)
    payload = {"key": "AuthorizationKey", "value": OLD.encode().hex().upper()}
    replier = threading.Thread(target=station.reply, kwargs={"status": "Accepted"})
    replier.start()
    basic.csms.call("ChangeConfiguration", payload, 5)
    replier.join()
    station.close()
    text = basic.path.read_text()
    assert OLD not in text
    assert OLD.encode().hex() not in text.lower()
    frames = [json.loads(e.raw) for e in basic.events("frame") if e.action == "ChangeConfiguration"]
    assert frames[0][3] == {"key": "AuthorizationKey", "value": "(secret)"}
