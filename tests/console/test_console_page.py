"""The page in a real browser: prompts answered by clicks, several who watch, one who sleeps, hostile strings."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import threading

import pytest

from octt.console.view import FRAMES
from octt.record import read
from octt.record.events import CaseEnded, CaseStarted, FrameSeen, PlanLine, RunEnded, RunStarted, StepDecided
from octt.record.words import Blame, Outcome, Phase, Verdict
from octt.station import operator as module
from octt.station.errand import Answer, Errand, Request
from tests.console.clicking import Clicker, click, errors, eventually, on, press
from tests.console.served import serving
from tests.hands.stage import Stage
from tests.report.browser import opened
from tests.report.synthetic import HOSTILE

CASE = "TC_003_CS"
ASKED = Request(
    "Present the card OCTTVALID1 for connector 1.", "why not", CASE, facts={"connector": 1, "id_tag": "X"}
)
JPEG = b"\xff\xd8\xff" + b"0" * 500


def frame(n, direction="in", raw='[2,"1","Heartbeat",{}]', **more):
    fields = {
        "connection": 1,
        "dir": direction,
        "type": "CALL",
        "id": str(n),
        "action": "Heartbeat",
        "problems": [],
    }
    return FrameSeen(**{**fields, "raw": raw, **more})


def begun(record, *cases):
    record.write(
        RunStarted(
            tool={},
            bench={"station": {"identity": "CS001"}},
            pics={},
            plan=[PlanLine(case=case, name=f"Name of {case}", profile="Core") for case in cases],
            started="",
        )
    )


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEAD_TIME", 0.0)  # that of the page is tested here
    with serving(tmp_path) as found:
        begun(found.record, CASE, "TC_001_CS")
        yield found


@pytest.fixture
def at(page, served):
    """The page of the console, opened with the token."""
    page.seen.clear()
    page.open(served.server.url("127.0.0.1"), 1280)
    eventually(page, "document.querySelectorAll('.row').length === 2")
    return page


class Asking(threading.Thread):
    """A question, in the background."""

    def __init__(self, operator, request=ASKED):
        super().__init__(daemon=True)
        self.operator, self.request, self.answer = operator, request, None
        self.start()

    def run(self):
        self.answer = Errand(self.operator, self.request, lambda: None).run().answer

    def end(self):
        self.join(20)
        return self.answer


# -- a run --------------------------------------------------------------------------------------------------------


def test_a_run_is_driven_by_clicks_while_somebody_else_watches(page, tmp_path):
    cases = ("TC_003_CS", "TC_018_1_CS", "TC_030_CS")
    stage = Stage(tmp_path, cases, words=["--console", "127.0.0.1:0"])
    with contextlib.closing(stage), opened(tmp_path / "other") as other:
        person, seen = Clicker(page, stage), []
        url = person.open()
        other.open(url.partition("?")[0], 390)

        def watch():
            asked = page.tell("document.getElementById('question').textContent")
            seen.append(eventually(other, f"document.getElementById('question').textContent === {asked!r}"))
            assert (
                other.tell("document.querySelectorAll('#keys button, #controls:not([hidden])').length") == 0
            )

        person.watch = watch
        code = person.run(180)
        verdicts = {case: [verdict for verdict, _ in one] for case, one in stage.attempts().items()}
        assert verdicts == {case: ["PASS"] for case in cases}, stage.terminal.screen[-2000:]
        assert code == 0
        for shown in (page, other):
            chips = eventually(
                shown, "[...document.querySelectorAll('.row .chip')].map(chip => chip.textContent)"
            )
            assert chips == ["PASS"] * 3
            assert "has ended" in shown.tell("document.getElementById('name').textContent")
            assert errors(shown) == []
        prompts = stage.events("prompt")
        assert len(prompts) == len(person.requests) == len(seen) > 5
        assert {"done", "seen"} == {prompt.answer for prompt in prompts}
        for _, text in person.requests:  # the terminal asked for the same
            assert text in stage.terminal.screen


def test_what_a_case_waits_for_can_be_given_up(page, tmp_path):
    """It is the operator's doing, not the station's; the station is put back and the run goes on."""
    stage = Stage(
        tmp_path, ("TC_003_CS",), faults=("status-missing:Charging",), words=["--console", "127.0.0.1:0"]
    )
    with contextlib.closing(stage):
        person = Clicker(page, stage)
        person.open()

        def give_up():
            if "status = Charging" in page.tell("document.getElementById('waiting').textContent"):
                click(page, "[data-wish=s]")

        person.meanwhile = give_up
        assert person.run(120) == 3
        told = "the operator gave up what the case waited for"
        assert stage.attempts() == {"TC_003_CS": [("INCONCLUSIVE", told)]}
        assert [undo.name for undo in stage.events("undo.open")]
        assert len(stage.events("undo.open")) == len(stage.events("undo.done"))


# -- answers ------------------------------------------------------------------------------------------------------


_AT_ONCE = """
new MutationObserver((_, self) => {
  self.disconnect();
  const [first] = document.querySelectorAll('#keys button');
  first.click();
  first.disabled = false;
  first.click();
  for (const key of ['Enter', 'r']) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  first.disabled = true;
  first.dataset.tried = 'at once';
}).observe(document.getElementById('keys'), {childList: true})
"""
"""The moment a question appears: a click, two keys, and a click that got through all the same."""


def test_what_is_pressed_before_anybody_can_have_read_answers_nothing(at, served):
    at.tell(_AT_ONCE)
    asking = Asking(served.operator)
    assert eventually(at, "document.querySelector('#keys button:enabled')?.dataset.tried") == "at once"
    press(at, "Enter", repeat=True)
    press(at, "x")
    press(at, "c")
    assert asking.end() is Answer.CANNOT
    eventually(at, "document.getElementById('prompt').hidden")


def test_the_same_question_once_more_is_another_question(at, served):
    """It has its own first second, though nothing on the screen has changed."""
    first = Asking(served.operator)
    eventually(at, "document.querySelector('#keys button:enabled')?.textContent")
    at.tell(_AT_ONCE)
    press(at, "c")
    assert first.end() is Answer.CANNOT
    second = Asking(served.operator)
    assert eventually(at, "document.querySelector('#keys button:enabled')?.dataset.tried") == "at once"
    press(at, "c")
    assert second.end() is Answer.CANNOT


def test_ending_the_run_takes_two_clicks(at, served):
    asking = Asking(served.operator)
    eventually(at, "document.querySelector('#keys .danger:enabled')?.textContent")
    click(at, "#keys .danger")
    assert "again" in at.tell("document.getElementById('said').textContent")
    assert asking.is_alive()
    click(at, "#keys .danger")
    assert asking.end() is Answer.ABORT


def test_one_can_look_behind_a_question_and_the_next_one_comes_to_the_front(at, served):
    asking = Asking(served.operator)
    eventually(at, "!document.getElementById('prompt').hidden")
    click(at, "#hide")
    assert (on(at, "prompt"), on(at, "behind")) == (False, True)
    press(at, "c")
    assert asking.is_alive()
    click(at, "#behind")
    eventually(at, "document.querySelector('#keys button:enabled')?.textContent")
    click(at, "#hide")
    press(at, "Escape")
    press(at, "c")
    assert asking.end() is Answer.CANNOT
    another = Asking(served.operator, Request("Plug in.", case=CASE))
    eventually(
        at,
        "!document.getElementById('prompt').hidden && document.getElementById('question').textContent === 'Plug in.'",
    )
    eventually(at, "document.querySelector('#keys .first:enabled')?.textContent")
    click(at, "#keys .first")
    assert another.end() is Answer.DONE


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_can_be_read_from_two_metres_and_the_page_fits(page, served, width, height, scheme):
    asking = Asking(served.operator)
    page.open(served.server.url("127.0.0.1"), width, scheme)
    eventually(page, "!document.getElementById('prompt').hidden")
    page.do(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    sizes = [
        float(page.tell(f"getComputedStyle(document.querySelector('{part}')).fontSize").removesuffix("px"))
        for part in ("#question", "#facts li", "#lines p")
    ]
    assert sizes[0] >= (75 if width > 600 else 32)
    assert sizes[1] >= (60 if width > 600 else 28)
    assert sizes[2] >= 18
    assert page.tell("document.getElementById('keys').getBoundingClientRect().bottom") <= height
    assert page.tell("document.documentElement.scrollWidth") <= width
    eventually(page, "document.querySelector('#keys button:enabled')?.textContent")
    press(page, "Escape")
    assert page.tell("document.documentElement.scrollWidth") <= width
    press(page, "Escape")
    press(page, "c")
    assert asking.end() is Answer.CANNOT


# -- wishes and evidence ------------------------------------------------------------------------------------------


def test_wishes_by_click(at, served):
    served.record.write(CaseStarted(attempt=1, name="A"), case=CASE)
    eventually(at, "document.getElementById('name').textContent.includes('Name of')")
    click(at, "[data-wish=p]")
    wish = "!document.getElementById('wish').hidden && document.getElementById('wish').innerText"
    assert "pauses" in eventually(at, wish)
    click(at, "#wish button")
    eventually(at, "document.getElementById('wish').hidden")
    served.live.repeatable = lambda: [CASE]
    click(at, "[data-wish=r]")
    assert CASE in eventually(at, wish)
    assert served.operator.wish() == f"r {CASE}"
    click(at, "[data-wish=s]")
    deadline = threading.Event()
    while not served.operator.skips():
        assert not deadline.wait(0.05)


def test_a_remark_and_a_photo_by_click(at, served, tmp_path):
    served.record.write(CaseStarted(attempt=1, name="A"), case=CASE)
    eventually(at, "document.querySelector('.row.now')?.textContent")
    click(at, "#controls [data-note]")
    at.do("Input.insertText", text="the lamp was <b>red</b>")
    click(at, "#comment button[type=submit]")
    eventually(at, "document.getElementById('comment').hidden")
    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(JPEG)
    node = at.do("DOM.querySelector", nodeId=at.do("DOM.getDocument")["root"]["nodeId"], selector="#picture")
    at.do("DOM.setFileInputFiles", nodeId=node["nodeId"], files=[str(picture)])
    eventually(at, "document.getElementById('notice').textContent === 'The picture is kept.'")
    notes = [event for event in read(served.path) if event.kind == "note"]
    digest = hashlib.sha256(JPEG).hexdigest()
    assert [(note.case, note.text, note.sha256) for note in notes] == [
        (CASE, "the lamp was <b>red</b>", ""),
        (CASE, "", digest),
    ]
    assert "the lamp was <b>red</b>" in eventually(at, "document.getElementById('items').innerText")
    assert errors(at) == []


# -- watching -----------------------------------------------------------------------------------------------------


class Cable:
    """A connection to the console that can be pulled out and plugged in again."""

    def __init__(self, port):
        self.target, self.server, self.ends = port, socket.create_server(("127.0.0.1", 0)), []
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.server.accept()
                other = socket.create_connection(("127.0.0.1", self.target))
                self.ends += [one, other]
                for source, sink in ((one, other), (other, one)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self._shut(source, sink)

    def _shut(self, *ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def pull(self):
        self._shut(*self.ends)
        self.ends.clear()

    def close(self):
        self._shut(self.server)
        self.pull()


def test_a_browser_that_was_away_has_every_frame_once(page, served):
    with contextlib.closing(Cable(served.server.port)) as cable:
        for n in range(5):
            served.record.write(frame(n))
        page.open(f"http://127.0.0.1:{cable.port}/", 1280)
        page.tell("document.body.dataset.mark = 'the same page'")
        eventually(page, "document.querySelectorAll('#log .frame').length === 5")
        resets = "document.querySelectorAll('.row').length"
        assert page.tell(resets) == 2
        page.tell("document.querySelector('.row').dataset.mark = 'not built anew'")
        for away in range(2):
            cable.pull()
            for n in range(7):
                served.record.write(frame(100 * away + n))
            eventually(page, f"document.querySelectorAll('#log .frame').length === {5 + 7 * (away + 1)}")
        assert page.tell("document.querySelector('.row').dataset.mark") == "not built anew"


def test_a_hostile_station_can_do_nothing_in_the_page(at, served):
    evil = HOSTILE + "<img src=x onerror=\"document.title='taken'\">"
    record = served.record
    record.write(CaseStarted(attempt=1, name=evil), case=CASE)
    record.write(frame(1, raw=f'[2,"{evil}', type="MALFORMED", action=evil, problems=[evil]))
    boot = '[2,"7","BootNotification",{"chargePointVendor":"<b>evil</b>","firmwareVersion":"\\u202e"}]'
    record.write(frame(2, raw=boot, action="BootNotification"))
    status = '[2,"8","StatusNotification",{"connectorId":1,"status":"<i>Charging</i>"}]'
    record.write(frame(3, raw=status, action="StatusNotification"))
    record.write(
        StepDecided(step=evil, what=evil, outcome=Outcome.FAIL, phase=Phase.TEST, actual=evil), case=CASE
    )
    ended = {"attempt": 1, "verdict": Verdict.FAIL, "blame": Blame.STATION, "seconds": 1, "forced": 0}
    record.write(CaseEnded(**ended, reason=evil), case=CASE)
    asking = Asking(served.operator, Request(evil, evil, evil, facts={"connector": evil}))
    eventually(at, "document.querySelector('#keys button:enabled')?.textContent")
    at.tell("document.querySelectorAll('#log details').forEach(row => row.open = true)")
    eventually(at, "document.querySelectorAll('#log pre').length === 3")
    at.tell(f"[...document.querySelectorAll('.row')].find(row => row.innerText.includes('{CASE}')).click()")
    eventually(at, "document.getElementById('reason').textContent")
    assert (
        at.tell(
            "document.querySelectorAll('img, script:not([src]), b.evil, main i:not(#bar i), iframe').length"
        )
        == 0
    )
    assert "taken" not in at.tell("document.title").replace("document.title='taken'", "")
    text = at.tell("document.documentElement.textContent")
    assert "onerror" in text
    assert not set(text) & set("\x00\x1b\u202e")
    assert "<b>evil</b>" in at.tell("document.getElementById('product').textContent")
    assert errors(at) == []
    press(at, "c")
    assert asking.end() is Answer.CANNOT


def test_frames_are_filtered_opened_and_paused_by_scrolling(at, served):
    for n in range(60):
        served.record.write(frame(n, "in" if n % 2 else "out", problems=["no good"] if n == 7 else []))
    served.record.write(
        frame(99, raw='[2,"a","BootNotification",{"chargePointVendor":"needle"}]', action="BootNotification")
    )
    eventually(at, "document.querySelectorAll('#log .frame').length === 61")
    line = next(event.n for event in read(served.path) if event.kind == "frame" and event.problems)
    served.record.write(CaseStarted(attempt=1, name="A"), case=CASE)
    step = {"step": "1", "what": "it comes", "outcome": Outcome.FAIL, "phase": Phase.TEST}
    served.record.write(StepDecided(**step, closest=line), case=CASE)
    eventually(at, "document.querySelector('#items button')?.textContent")
    click(at, "#items button")
    problem = "document.querySelector('#log details[open] .problem')?.textContent"
    assert eventually(at, problem) == "no good"
    at.tell(
        "document.querySelector('#log details[open]').open = false; document.querySelector('#log pre').remove()"
    )
    click(at, "#more")
    shown = "[...document.querySelectorAll('#log .frame')].filter(row => !row.hidden).length"
    for ident, value, count in (
        ("search", "needle", 1),
        ("search", "", 61),
        ("direction", "out", 30),
        ("direction", "", 61),
        ("action", "BootNotification", 1),
        ("action", "", 61),
    ):
        at.tell(
            f"(f => {{ f.value = '{value}'; f.dispatchEvent(new Event('input')) }})(document.getElementById('{ident}'))"
        )
        assert at.tell(shown) == count, (ident, value)
    click(at, "#wrong")
    assert at.tell(shown) == 1
    click(at, "#wrong")
    at.tell("document.querySelector('#log .frame:last-child').open = true")
    assert '"chargePointVendor": "needle"' in eventually(
        at, "document.querySelector('#log pre')?.textContent"
    )
    at.tell("document.getElementById('log').scrollTop = 0")
    eventually(at, "document.getElementById('log').scrollTop === 0")
    served.record.write(frame(100))
    assert (
        eventually(
            at, "!document.getElementById('more').hidden && document.getElementById('more').textContent"
        )
        == "1 new"
    )
    assert at.tell("document.getElementById('log').scrollTop") == 0
    click(at, "#more")
    eventually(at, "document.getElementById('log').scrollTop > 0 && document.getElementById('more').hidden")


def test_a_run_that_has_ended_stays_to_be_looked_at(at, served):
    served.record.write(CaseStarted(attempt=1, name="A"), case=CASE)
    ended = {
        "attempt": 1,
        "verdict": Verdict.PASS,
        "blame": Blame.NOBODY,
        "reason": "",
        "seconds": 2,
        "forced": 0,
    }
    served.record.write(
        StepDecided(step="1", what="it comes", outcome=Outcome.OK, phase=Phase.TEST), case=CASE
    )
    served.record.write(CaseEnded(**ended), case=CASE)
    served.record.write(RunEnded(reason="finished"))
    eventually(at, "document.getElementById('name').textContent.includes('has ended (finished)')")
    click(at, ".row")
    assert "it comes" in eventually(at, "document.getElementById('items').innerText")
    served.server.stop()
    eventually(at, "document.getElementById('controls').hidden")
    assert at.tell("document.querySelectorAll('.row.v-pass').length") == 1


def test_the_screen_looks_the_same_without_network(at):
    """Nothing but the console is asked for anything."""
    asked = [m["params"]["request"]["url"] for m in at.seen if m.get("method") == "Network.requestWillBeSent"]
    assert asked
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "about:", "data:"))] == []
    assert base64.b64decode(at.do("Page.captureScreenshot")["data"])[:4] == b"\x89PNG"


def test_a_talkative_station_does_not_make_the_page_slow(at, served):
    """The page keeps the last frames only, and lays them out some at a time."""
    for n in range(3000):
        served.record.write(frame(n))
    last = "document.querySelector('#log .frame:last-child')?.dataset.n"
    assert eventually(at, f"{last} === '{served.record._number}'", 60)
    kept = at.tell("document.querySelectorAll('#log .frame').length")
    assert FRAMES <= kept <= 600  # fewer when it was so far behind that it was built anew
    assert at.tell("document.getElementById('more').hidden")
