"""A person who reads the page, walks to the station, and clicks: a real browser, real mouse events."""

from __future__ import annotations

import json
import re
import time

from tests.hands.person import understood

_ASKED = """
document.getElementById('prompt').hidden || !document.querySelector('#keys button') ? '' : [
  document.getElementById('prompt').dataset.opened,
  ...['of', 'question', 'lines'].map(id => document.getElementById(id).innerText),
].join('\\u0001')
"""
"""Which question is shown, its case, what is asked, and what is said below."""
_WHOLE = re.compile("goes on by itself|does not show this by itself")
"""What the last paragraph of a question says: it is shown as a whole, and not just being said."""


def on(page, ident):
    """Whether an element is shown."""
    return page.tell(f"!document.getElementById({json.dumps(ident)}).hidden")


def eventually(page, expression, seconds=20):
    """Waits until an expression in the page is something; its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := page.tell(expression):
            return found
        time.sleep(0.03)
    raise AssertionError(
        f"{expression} did not come; the page shows:\n" + page.tell("document.body.innerText")
    )


def click(page, selector):
    """A click of the mouse in the middle of an element, which must be what is seen there."""
    place = page.tell(
        f"(node => {{ if (!node || node.disabled) return null; node.scrollIntoView({{block: 'center'}}); "
        "const box = node.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2; "
        "const top = document.elementFromPoint(x, y); return node.contains(top) ? [x, y] : null })"
        f"(document.querySelector({json.dumps(selector)}))"
    )
    if place is None:
        return False
    for kind in ("mousePressed", "mouseReleased"):
        page.do("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)
    return True


def press(page, key, repeat=False):
    """A key."""
    page.do("Input.dispatchKeyEvent", type="keyDown", key=key, autoRepeat=repeat)
    page.do("Input.dispatchKeyEvent", type="keyUp", key=key)


def errors(page):
    """What the browser complained of."""
    page.tell("0")
    return [
        message
        for message in page.seen
        if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")
        and message["params"].get("entry", {}).get("source") not in ("network", "intervention")
    ]


class Clicker:
    """Does in the browser what a run asks for until it ends."""

    def __init__(self, page, stage):
        self.page, self.stage = page, stage
        self.requests = []
        self.watch = lambda: None
        """Called at every question, before it is answered."""
        self.meanwhile = lambda: None
        """Called again and again while nothing is asked."""

    def open(self):
        """Opens the address that the terminal shows."""
        deadline = time.monotonic() + 60
        while not (found := re.search(r"http://\S+token=\S+", self.stage.terminal.screen)):
            assert self.stage.terminal.read(0.1) is not None, self.stage.terminal.screen
            assert time.monotonic() < deadline, self.stage.terminal.screen
        self.page.open(found[0], 1280)
        return found[0]

    def run(self, seconds):
        """Until the process ends, whose exit code it is."""
        terminal, deadline, done = self.stage.terminal, time.monotonic() + seconds, ""
        while terminal.read(0.02) is not None:
            assert time.monotonic() < deadline, "the run does not end:\n" + terminal.screen[-3000:]
            asked = self.page.tell(_ASKED)
            if not asked:
                self.meanwhile()
                continue
            opened, case, text, lines = asked.split("\x01")
            if opened != done and (text.startswith("All cases") or _WHOLE.search(lines)):
                self._asked(case, text, lines)
                done = opened
        return terminal.process.wait(30)

    def _asked(self, case, text, lines):
        self.watch()
        if text.startswith("All cases"):
            self._done(text)
            return
        assert "FAIL" not in text, f"{text}\n{lines}"
        self.requests.append((case, text))
        self._act(*understood(text), lines)
        if "goes on by itself: " not in lines:
            self._done(text)

    def _act(self, name, params, lines):
        hands = self.stage.hands
        if name == "power_on" and "dark" in lines:
            hands.look_until(lambda state: not state["running"])
        hands.do(name, **params)
        if "until it charges" in lines:
            hands.look_until(lambda state: state["connectors"]["1"]["power_w"] > 0)
        elif "until it has stopped" in lines:
            hands.look_until(lambda state: not state["connectors"]["1"]["transaction"])

    def _done(self, text):
        """Clicks as soon as the button can be clicked; the question may close by itself before."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            self.stage.terminal.read(0.02)
            shown = self.page.tell(
                "document.getElementById('prompt').hidden || document.getElementById('question').textContent"
            )
            if shown is True or shown != text or click(self.page, "#keys button.first:enabled"):
                return
        raise AssertionError(f"the button cannot be clicked: {text}")
