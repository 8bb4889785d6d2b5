"""The report in a real browser: it fits, its script runs, nothing leaves the page, hostile texts stay texts."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess

import pytest
from websockets.sync.client import connect

from octt.record.events import CaseEnded
from octt.report.html import page as html
from octt.report.model.result import build
from tests.report.synthetic import failing_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium, which .ci/run installs")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0"
)


class Page:
    """One page, asked over the browser's own debugging protocol."""

    def __init__(self, socket):
        self.socket, self.ids = socket, itertools.count(1)
        self.seen = []

    def do(self, method, **params):
        ident = next(self.ids)
        self.socket.send(json.dumps({"id": ident, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(30))
            if message.get("id") == ident:
                return message.get("result", {})
            self.seen.append(message)

    def tell(self, expression):
        """The value of an expression in the page."""
        return self.do("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, url, width, scheme="light"):
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.do("Page.navigate", url="about:blank")
        self.do("Page.navigate", url=url)
        while self.tell("document.readyState") != "complete" or self.tell("location.href") == "about:blank":
            pass


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    browser = subprocess.Popen(
        [CHROMIUM, *FLAGS.split(), f"--user-data-dir={folder}", "about:blank"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = next(
            match[1] for line in browser.stderr if (match := re.search(r"ws://127\.0\.0\.1:(\d+)/", line))
        )
        with connect(f"ws://127.0.0.1:{port}{_page_path(folder, port)}", max_size=None) as socket:
            found = Page(socket)
            for domain in ("Page", "Network", "Runtime", "Log"):
                found.do(f"{domain}.enable")
            yield found
    finally:
        browser.terminate()
        browser.wait(20)


def _page_path(folder, port):
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
        target = next(entry for entry in json.load(answer) if entry["type"] == "page")
    return "/devtools" + target["webSocketDebuggerUrl"].partition("/devtools")[2]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    run = failing_run()
    for event in list(run.events):
        if isinstance(event, CaseEnded) and event.reason:
            reason = event.reason + "<img src=x onerror=\"document.title='taken'\">"
            run.change(run.events.index(event), reason=reason)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html.render(build(run.events)), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_keeps_to_itself(page, report, width, scheme):
    page.seen.clear()
    page.open(report, width, scheme)
    assert page.tell("document.documentElement.scrollWidth") <= width
    asked = [
        m["params"]["request"]["url"] for m in page.seen if m.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []
    errors = [m for m in page.seen if m.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert errors == []


def test_light_and_dark_differ(page, report):
    colours = set()
    for scheme in ("light", "dark"):
        page.open(report, 1280, scheme)
        colours.add(page.tell("getComputedStyle(document.body).color"))
    assert len(colours) == 2


def test_hostile_texts_stay_texts(page, report):
    page.open(report, 1280)
    assert "taken" not in page.tell("document.title")
    assert page.tell("document.querySelectorAll('img[onerror]').length") == 0
    assert "onerror" in page.tell("document.body.textContent")


def test_the_filter_hides_and_shows_cases(page, report):
    page.open(report, 1280)
    every = page.tell("document.querySelectorAll('details.case').length")
    assert every > 1
    page.tell("document.querySelector('.filters button[value=FAIL]').click()")
    shown = page.tell(
        "[...document.querySelectorAll('details.case')].filter(r => !r.hidden).map(r => r.dataset.verdict)"
    )
    assert shown
    assert set(shown) == {"FAIL"}


def test_a_link_opens_the_frame_it_points_at(page, report):
    page.open(report, 1280)
    anchor = page.tell("[...document.querySelectorAll('a[href^=\"#f\"]')].map(a => a.hash)[0]")
    assert anchor
    page.open(report + anchor, 1280)
    target = f"document.getElementById('{anchor[1:]}')"
    assert page.tell(
        f"{target} !== null && [...(function*(n){{while(n){{yield n;n=n.parentElement}}}})({target})]"
        ".filter(n => n.tagName === 'DETAILS').every(n => n.open)"
    )
