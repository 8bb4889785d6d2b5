"""Who may watch and act, what is sent, and whose answer counts."""

from __future__ import annotations

import hashlib
import json
import socket
import threading

import pytest

from octt.console.door import HEADERS
from octt.console.server import ConsoleError, Server
from octt.record import read
from octt.station import operator as module
from octt.station.errand import Answer, Errand, Request
from tests.console.served import serving

ASKED = Request("Block the lock.", "it must fail", "TC_003_CS", facts={"connector": 1})
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEAD_TIME", 0.0)
    with serving(tmp_path) as found:
        yield found


class Asking:
    """A question, in the background."""

    def __init__(self, operator, ask):
        self.reply = None
        self.thread = threading.Thread(target=self._run, args=(operator, ask))
        self.thread.start()

    def _run(self, operator, ask):
        self.reply = ask(operator)

    def answer(self):
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.reply


def errand(operator):
    return Errand(operator, ASKED, lambda: None).run().answer


# -- who may watch ------------------------------------------------------------------------------------------------


def test_who_sits_at_the_machine_watches_without_a_token(served):
    status, headers, text = served.ask("/")
    assert (status, "<title>octt console</title>" in text) == (200, True)
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "Set-Cookie" not in headers
    with served.stream() as stream:
        assert stream.next() == ("reset", {})
        assert stream.until("live")["acts"] is False


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.7:80", "127.0.0.1.evil.example", "[::2]", "["])
def test_a_name_that_only_leads_here_needs_the_token(served, host):
    """A page elsewhere could have its name lead here (DNS rebinding)."""
    for path in ("/", "/events", "/case?id=TC_001_CS", "/console.js"):
        status, headers, text = served.ask(path, Host=host)
        assert status in (400, 403)
        if status == 403:
            assert "needs a token" in text
            assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert host == "[" or served.ask("/", Host=host, **served.token)[0] == 200


def test_the_token_in_the_address_becomes_a_cookie(served):
    status, headers, _ = served.ask(f"/?token={served.server.door.token}")
    cookie = headers["Set-Cookie"]
    assert (status, "HttpOnly" in cookie, "SameSite=Strict" in cookie) == (200, True, True)
    with served.stream(Cookie=cookie.partition(";")[0]) as stream:
        assert stream.until("live")["acts"] is True
    assert served.operator.attended
    assert served.ask("/?token=wrong")[1]["Set-Cookie"] is None


@pytest.mark.parametrize("path", ["/nothing", "/../server.py", "/page/index.html", "/answer"])
def test_nothing_else_is_served(served, path):
    assert served.ask(path)[0] in (404, 405)


# -- who may act --------------------------------------------------------------------------------------------------


def test_acting_takes_the_token_always(served):
    for path in ("/answer", "/wish", "/note"):
        status, text = served.does(path, {"wish": "p"}, X_Octt_Page="1")
        assert (status, "takes the token" in text) == (403, True)
    assert served.operator.wished == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Origin": "http://evil.example"}, "another page"),
        ({"Origin": "null"}, "another page"),
        ({"Origin": "http://127.0.0.1:1"}, "another page"),
        ({"X-Octt-Page": None}, "not asked by the page"),
    ],
)
def test_another_page_of_the_same_browser_can_do_nothing(served, change, why):
    headers = {name: value for name, value in {**served.as_page, **change}.items() if value}
    status, _, text = served.ask("/wish", "POST", {"wish": "p"}, **headers)
    assert (status, why in text, served.operator.wished) == (403, True, "")
    assert served.ask("/wish", "POST", {"wish": "p"}, **served.as_page)[0] == 200
    assert served.operator.wished == "p"


# -- what is asked ------------------------------------------------------------------------------------------------


def test_the_first_answer_wins_and_the_others_are_told(served):
    asking = Asking(served.operator, errand)
    with served.stream(**served.token) as one, served.stream(**served.token) as other:
        complete = lambda data: data["question"] and data["question"]["keys"]  # noqa: E731
        questions = [stream.until("live", complete)["question"] for stream in (one, other)]
        assert questions[0] == questions[1]
        question = questions[0]
        assert (question["text"], question["facts"]) == ("Block the lock.", {"connector": "1"})
        assert {"tone": "why", "text": "why: it must fail"} in question["lines"]
        assert [key["key"] for key in question["keys"]] == ["", "c", "r", "p", "a"]
        assert served.does("/answer", {"number": question["number"], "key": "c"}) == (200, "{}")
        assert asking.answer() is Answer.CANNOT
        status, why = served.does("/answer", {"number": question["number"], "key": ""})
        assert (status, why) == (409, "this is not asked any more, or somebody else has answered it")
        for stream in (one, other):
            stream.until("live", lambda data: data["question"] is None)


def test_an_answer_counts_only_for_the_question_that_was_shown(served):
    with served.stream(**served.token) as stream:
        asking = Asking(served.operator, errand)
        complete = lambda data: data["question"] and data["question"]["keys"]  # noqa: E731
        number = stream.until("live", complete)["question"]["number"]
        for strange in (
            {"number": number + 1, "key": ""},
            {"number": str(number), "key": ""},
            {"number": number},
            {},
        ):
            assert served.does("/answer", strange)[0] == 409
        assert served.does("/answer", {"number": number, "key": "y"}) == (
            409,
            "that is no answer to this question",
        )
        assert served.does("/answer", "no json")[0] == 409
        assert served.does("/answer", {"number": number, "key": "p"})[0] == 200
        rest = stream.until("live", lambda data: data["question"] and len(data["question"]["keys"]) == 1)
        assert served.does("/answer", {"number": number, "key": ""})[0] == 409
        assert served.does("/answer", {"number": rest["question"]["number"], "key": ""})[0] == 200
        again = stream.until("live", lambda data: data["question"] and len(data["question"]["keys"]) == 5)
        assert served.does("/answer", {"number": again["question"]["number"], "key": "a"})[0] == 200
        assert asking.answer() is Answer.ABORT


def test_a_question_with_choices_is_answered_by_one_of_them(served):
    asking = Asking(
        served.operator, lambda who: who.choose("Which?", {"TC_1": "", "n": "none of them"}, otherwise="")
    )
    with served.stream(**served.token) as stream:
        question = stream.until("live", lambda data: data["question"] and data["question"]["keys"])[
            "question"
        ]
        assert question["keys"] == [{"key": "TC_1", "means": ""}, {"key": "n", "means": "none of them"}]
        served.does("/answer", {"number": question["number"], "key": "TC_1"})
    assert asking.answer() == "TC_1"


def test_the_end_of_the_keyboard_is_not_the_end_where_a_browser_can_answer(served):
    """The keyboard of these tests ends at once; without a console the answer would be GONE."""
    asking = Asking(served.operator, errand)
    with served.stream(**served.token) as stream:
        question = stream.until("live", lambda data: data["question"] and data["question"]["keys"])[
            "question"
        ]
        served.does("/answer", {"number": question["number"], "key": ""})
    assert asking.answer() is Answer.DONE


# -- wishes and what is waited for --------------------------------------------------------------------------------


def test_wishes(served):
    served.live.repeatable = lambda: ["TC_001_CS"]
    assert served.does("/wish", {"wish": "r", "case": "TC_003_CS"})[0] == 409
    assert served.does("/wish", {"wish": "x"})[0] == served.does("/wish", {"wish": ["p"]})[0] == 409
    assert served.does("/wish", {"wish": "r", "case": "TC_001_CS"})[0] == 200
    with served.stream(**served.token) as stream:
        assert stream.until("live")["wish"] == "r TC_001_CS"
        served.does("/wish", {"wish": ""})
        assert stream.until("live")["wish"] == ""
    served.does("/wish", {"wish": "s"})
    assert (served.operator.skips(), served.operator.skips(), served.operator.wish()) == (True, False, "")


def test_what_is_waited_for_is_told_with_the_time_that_is_left(served):
    with served.stream() as stream:
        assert stream.until("live")["waiting"] is None
        served.live.waiting = lambda: ("station", "StatusNotification.req", 0)
        told = stream.until("live")["waiting"]
    assert told == {"who": "station", "what": "StatusNotification.req", "left": 0.0}


# -- evidence -----------------------------------------------------------------------------------------------------


def plan(record, *cases):
    from octt.record.events import PlanLine, RunStarted

    lines = [PlanLine(case=case) for case in cases]
    record.write(RunStarted(tool={}, bench={}, pics={}, plan=lines, started=""))


def test_a_remark_and_a_picture_are_kept_and_on_the_record(served):
    plan(served.record, "TC_001_CS")
    with served.stream() as stream:
        stream.until("plan", lambda rows: rows)
        assert served.does("/note?case=TC_001_CS", {"text": " the lamp was red "})[0] == 200
        assert served.does("/note?case=TC_001_CS", PNG, **served.token, Content_Type="image/png")[0] == 200
        assert served.does("/note", {"text": "of the run"})[0] == 200
        stream.until("item", lambda item: item["text"] == "of the run")
    notes = [event for event in read(served.path) if event.kind == "note"]
    digest = hashlib.sha256(PNG).hexdigest()
    assert [(note.case, note.text, note.sha256) for note in notes] == [
        ("TC_001_CS", "the lamp was red", ""),
        ("TC_001_CS", "", digest),
        (None, "of the run", ""),
    ]
    assert (served.folder / notes[1].file).read_bytes() == PNG
    items = json.loads(served.ask("/case?id=TC_001_CS")[2])
    assert [(item["is"], item["text"]) for item in items] == [("note", "the lamp was red"), ("note", "")]


@pytest.mark.parametrize(
    ("path", "body", "kind", "why"),
    [
        ("/note?case=TC_9", {"text": "x"}, "application/json", "no such case"),
        ("/note?case=../../x", PNG, "image/png", "no such case"),
        ("/note", {"text": "  "}, "application/json", "nothing in it"),
        ("/note", {"text": "x" * 2001}, "application/json", "longer than 2000"),
        ("/note", b"<svg onload=alert(1)>", "image/svg+xml", "JPEG, PNG or WebP"),
        ("/note", b"", "image/png", "nothing in it"),
        ("/note", b"[]", "application/json", "a JSON object"),
    ],
)
def test_what_is_not_kept_is_told(served, path, body, kind, why):
    status, text = served.does(path, body, **served.token, Content_Type=kind)
    assert (status, why in text) == (409, True), text
    assert [event for event in read(served.path) if event.kind == "note"] == []
    assert not (served.folder / "notes").exists()


# -- life ---------------------------------------------------------------------------------------------------------


def test_a_browser_that_comes_back_gets_what_it_missed(served):
    plan(served.record, "TC_001_CS")
    with served.stream() as stream:
        stream.until("plan", lambda rows: rows)
        had = stream.last
    plan(served.record, "TC_003_CS")
    for how in ({"path": "/events", "Last_Event_ID": had}, {"path": f"/events?last={had}"}):
        with served.stream(**how) as stream:
            assert len(stream.until("plan", lambda rows: rows)) == 2
            assert "reset" not in [kind for kind, _ in stream.seen]


def test_the_last_messages_arrive_before_the_console_closes(served):
    from octt.record.events import RunEnded

    with served.stream() as stream:
        stream.until("live")
        served.record.write(RunEnded(reason="finished"))
        served.server.stop()
        assert stream.until("run", lambda run: run["ended"])["ended"] == "finished"


def test_a_console_of_a_record_alone_only_shows(tmp_path):
    with serving(tmp_path, live=False) as served:
        status, text = served.does("/wish", {"wish": "p"})
        assert (status, "only shows a record" in text) == (409, True)
        with served.stream(**served.token) as stream:
            assert stream.until("live") == {"acts": False, "problem": ""}


def test_a_record_that_cannot_be_read_is_told(tmp_path):
    with serving(tmp_path, live=False) as served, served.stream() as stream:
        stream.until("live")
        served.path.unlink()
        served.path.mkdir()
        assert stream.until("live")["problem"] == "the record cannot be read: it is no plain file"


def test_a_port_in_use_is_told_in_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConsoleError, match=f"cannot be opened at 127.0.0.1:{port}: Address already in use"
        ):
            Server(tmp_path / "record.jsonl").start("127.0.0.1", port)
