"""No password is shown, in whatever form it comes: by the record, the reports, the terminal, the list of processes."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from octt.bench import Bench as Settings
from octt.commands.front import _Printed
from octt.csms.endpoints import Endpoint
from octt.record import Record, check_chain, read, secrets
from octt.record.events import CaseEnded, Remarked, StationChanged
from octt.record.secrets import MASK, Secrets
from octt.record.words import Blame, Verdict
from tests.commands.calling import OCTT, invoke
from tests.conftest import running

PASSWORD = 'a "secret" pässword/+?'

FORMS = {
    "plain": PASSWORD,
    "hexadecimal": PASSWORD.encode().hex(),
    "capital hexadecimal": PASSWORD.encode().hex().upper(),
    "Base64": base64.b64encode(PASSWORD.encode()).decode(),
    "Base64 of a login": base64.b64encode(b"CS001:" + PASSWORD.encode()).decode(),
    "Base64 of a longer login": base64.b64encode(b"CS0012:" + PASSWORD.encode() + b"x").decode(),
    "Base64 for URLs": base64.urlsafe_b64encode(b"A:" + PASSWORD.encode()).decode(),
    "Base64 of hexadecimal": base64.b64encode(b"CS:" + PASSWORD.encode().hex().upper().encode()).decode(),
    "in a URL": urllib.parse.quote(PASSWORD, safe=""),
    "in a form": urllib.parse.quote_plus(PASSWORD),
    "in JSON": json.dumps(PASSWORD),
    "in JSON as written": json.dumps(PASSWORD, ensure_ascii=False),
    "in JSON within JSON": json.dumps(json.dumps({"key": PASSWORD})),
    "in a binary frame": PASSWORD.encode().hex(),
    "hexadecimal in a binary frame": PASSWORD.encode().hex().encode().hex(),
    "Base64 in a binary frame": base64.b64encode(b"CS001:" + PASSWORD.encode()).hex(),
}


@pytest.fixture
def hidden(monkeypatch):
    """One password is hidden, and only that."""
    known = Secrets()
    known.hide(PASSWORD)
    for module in ("secrets", "writer"):
        monkeypatch.setattr(f"octt.record.{module}.SECRETS", known)
    monkeypatch.setattr("octt.csms.wire.SECRETS", known)
    monkeypatch.setattr("octt.csms.server.SECRETS", known)
    return known


@pytest.mark.parametrize("form", FORMS)
def test_a_password_is_found_in_every_form(hidden, form):
    text = f"before {FORMS[form]} behind"
    masked = hidden.masked(text)
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" behind")
    left = masked.replace(MASK, "").removeprefix("before ").removesuffix(" behind")
    assert len(left) < len(FORMS[form]) - 12
    assert not any(FORMS["plain"][n : n + 6] in left for n in range(len(PASSWORD) - 6))


@settings(max_examples=200)
@given(text=st.text(), secret=st.text(min_size=8, max_size=40))
def test_what_is_no_secret_is_not_touched(text, secret):
    known = Secrets()
    known.hide(secret)
    masked = known.masked(text)
    assert masked == text or MASK in masked
    assert secret not in known.masked(f"{text}{secret}{text}") or secret in MASK * 9


def test_a_short_secret_is_masked_where_its_code_is_long():
    known = Secrets()
    known.hide("abcd1")
    assert known.masked("abcd1 is a word, 6162636431 is none") == "abcd1 is a word, (secret) is none"


def test_a_key_in_hexadecimal_hides_what_it_stands_for():
    known = Secrets()
    known.hide("736563726574736563726574")
    assert known.masked("secretsecret") == MASK


@pytest.mark.parametrize("form", FORMS)
def test_no_line_of_a_record_holds_it(tmp_path, hidden, form):
    record, heard = Record(tmp_path / "record.jsonl"), []
    record.listen(heard.append)
    written = record.write(Remarked(text=f"said {FORMS[form]}", by="script", cite=""))
    record.write(StationChanged(what="x", name="y", before=[{"a": FORMS[form]}], after=None, restored=False))
    record.close()
    assert MASK in written.text
    assert heard[0] is written, "who watches a run sees no more than the record has"
    text = record.path.read_text()
    assert FORMS[form] not in text
    assert json.dumps(FORMS[form])[1:-1] not in text
    assert next(iter(read(record.path))).text == written.text
    assert check_chain(record.path)[1] == []


def test_a_verdict_is_no_secret_whatever_the_password_is(tmp_path, hidden):
    hidden.hide("INCONCLUSIVE")
    record = Record(tmp_path / "record.jsonl")
    ended = CaseEnded(
        attempt=1,
        verdict=Verdict.INCONCLUSIVE,
        blame=Blame.STATION,
        reason="INCONCLUSIVE",
        seconds=1,
        forced=0,
    )
    written = record.write(ended)
    record.close()
    assert (written.verdict, written.reason) == (Verdict.INCONCLUSIVE, MASK)


# -- on the wire --------------------------------------------------------------------------------------------------

LAB = "octt-lab-password-1"


@pytest.fixture
def bench(tmp_path):
    with running(tmp_path, endpoints=[Endpoint(1)], password=LAB) as bench:
        yield bench


def station(bench):
    login = base64.b64encode("CS 1/ä:".encode() + LAB.encode()).decode()
    return bench.station(additional_headers={"Authorization": f"Basic {login}"})


def text_of(bench):
    return bench.path.read_text().lower()


def test_what_a_station_says_of_its_password_is_masked(bench):
    connected = station(bench)
    connected.call("DataTransfer", vendorId="v", data=f"password {LAB}, {LAB.encode().hex().upper()}")
    connected.send(f"my password is {LAB}".encode())
    connected.send(f"no JSON, {LAB}")
    connected.call("Heartbeat")
    connected.close()
    text = text_of(bench)
    assert LAB not in text
    assert LAB.encode().hex() not in text
    assert text.count("(secret)") >= 4


def test_a_key_that_nobody_here_knows_is_masked_by_its_name(bench):
    """A station must not give AuthorizationKey; one that does gives perhaps the one of another Central System."""
    foreign = "1f2e3d4c5b6a79880112"
    connected = station(bench)
    answers = {"configurationKey": [{"key": "Other", "readonly": False, "value": "kept"}], "unknownKey": []}
    answers["configurationKey"].append({"value": foreign, "readonly": False, "key": "authorizationKEY"})
    replier = threading.Thread(target=connected.reply, kwargs=answers)
    replier.start()
    _request, reply = bench.csms.call("GetConfiguration", {}, 5)
    replier.join()
    connected.close()
    assert foreign not in text_of(bench)
    (frame,) = [f for f in bench.events("frame") if f.action == "GetConfiguration" and f.dir == "in"]
    told = json.loads(frame.raw)[2]["configurationKey"]
    assert told[0] == {"key": "Other", "readonly": False, "value": "kept"}
    assert told[1]["value"] == MASK
    assert foreign not in str(reply.payload), "nobody who reads the payload can tell it"


@pytest.mark.parametrize("value", [12345678901234567890, ["abcdefghijkl"], "\\u0061bcdefghijklmnop"])
def test_a_key_that_is_written_oddly_is_masked_too(bench, value):
    connected = station(bench)

    def reply():
        call = connected.receive()
        written = f'"{value}"' if isinstance(value, str) else json.dumps(value)
        entry = f'{{"key":"AuthorizationKey","readonly":false,"value":{written}}}'
        connected.send(f'[3,"{call[1]}",{{"configurationKey":[{entry}]}}]')

    replier = threading.Thread(target=reply)
    replier.start()
    bench.csms.call("GetConfiguration", {}, 5)
    replier.join()
    connected.close()
    (frame,) = [f for f in bench.events("frame") if f.action == "GetConfiguration" and f.dir == "in"]
    assert json.loads(frame.raw)[2]["configurationKey"][0]["value"] == MASK


def test_a_new_key_that_we_send_is_masked_and_arrives(bench):
    connected, new = station(bench), "00112233445566778899aabbccddeeff"
    got = []
    replier = threading.Thread(target=lambda: got.append(connected.reply(status="Rejected")))
    replier.start()
    bench.csms.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": new}, 5)
    replier.join()
    connected.close()
    assert got[0][3] == {"key": "AuthorizationKey", "value": new}
    assert new not in text_of(bench)


def test_a_password_that_is_cut_in_two_is_masked_before(bench, monkeypatch):
    monkeypatch.setattr("octt.csms.wire.RAW_SPARED", 100)
    bench.csms._desk.characters.at_once = bench.csms._desk.characters._left = 0
    connected = station(bench)
    connected.send("x" * 90 + LAB + "y" * 200)
    connected.call("Heartbeat")
    connected.close()
    assert LAB[:8] not in text_of(bench)


def test_a_user_that_is_the_password_is_not_told(bench):
    login = base64.b64encode(f"{LAB}:x".encode()).decode()
    with pytest.raises(Exception, match="401"):
        bench.station(additional_headers={"Authorization": f"Basic {login}"})
    bench.eventually(lambda: bench.events("refused"))
    assert LAB not in text_of(bench)


# -- elsewhere ----------------------------------------------------------------------------------------------------


def test_the_bench_names_its_secrets():
    bench = Settings.model_validate(
        {
            "central_system": {"password": "one-password-here"},
            "security": {"new_password": "another-password-1"},
            "driver": {
                "kind": "http",
                "url": "http://lab:hush-hush-hush@10.0.0.1:80/",
            },
        }
    )
    assert set(bench.secrets) >= {
        "one-password-here",
        "another-password-1",
        "hush-hush-hush",
    }


def test_the_simulated_station_takes_its_password_from_a_file_only():
    for arguments in (["--authorization-key", "aa" * 16], ["--key", "authorizationKey=" + "aa" * 16]):
        done = invoke("simulate", "--csms", "ws://127.0.0.1:1", "--identity", "CS001", *arguments)
        assert done.exit_code == 2
        assert "--authorization-key-file" in done.output
        assert "aa" * 16 not in done.output


def test_no_sentence_at_the_terminal_tells_a_secret(hidden, capsys):
    from octt.commands.refusing import complain, plain

    complain(f"the rig answered 500: login {PASSWORD} refused")
    assert PASSWORD not in capsys.readouterr().err
    assert MASK in plain(f"x {PASSWORD}")
    assert secrets.SECRETS is hidden


def test_what_a_rig_says_of_a_password_is_not_printed(hidden, monkeypatch):
    monkeypatch.setattr("octt.commands.front.SECRETS", hidden)
    shown = io.StringIO()
    Console(file=_Printed(shown), width=200).print(f"the rig answered 500 to plug_in: {PASSWORD}")
    assert shown.getvalue() == f"the rig answered 500 to plug_in: {MASK}\n"


def test_no_process_of_a_run_shows_a_password_in_its_command_line(tmp_path):
    process = subprocess.Popen(
        [*OCTT, "run", "--case", "TC_003_CS", "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen, deadline = "", time.monotonic() + 60
    while "octt.simulator" not in seen and process.poll() is None and time.monotonic() < deadline:
        for child in Path(f"/proc/{process.pid}/task").glob("*/children"):
            for pid in child.read_text().split():
                seen += (Path("/proc") / pid / "cmdline").read_text(errors="replace")
        time.sleep(0.02)
    stdout, _ = process.communicate(timeout=120)
    assert process.returncode == 0, stdout
    assert "octt.simulator" in seen
    password = "octt-bench-password"
    everything = (
        seen
        + stdout
        + "".join(
            path.read_bytes().decode("latin-1") for path in (tmp_path / "out").iterdir() if path.is_file()
        )
    )
    for form in (password, password.encode().hex(), base64.b64encode(f"CS001:{password}".encode()).decode()):
        assert form.lower() not in everything.lower()
