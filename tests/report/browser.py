"""A page in Debian's chromium, asked over the browser's own debugging protocol."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0"
)


class Page:
    """One page."""

    def __init__(self, socket):
        self.socket, self.ids = socket, itertools.count(1)
        self.seen = []

    def do(self, method, **params):
        ident = next(self.ids)
        self.socket.send(json.dumps({"id": ident, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(120))
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


@contextmanager
def opened(folder) -> Iterator[Page]:
    """A browser with an empty page, its profile in `folder`."""
    browser = subprocess.Popen(
        [CHROMIUM, *FLAGS.split(), f"--user-data-dir={folder}", "about:blank"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = next(
            match[1] for line in browser.stderr if (match := re.search(r"ws://127\.0\.0\.1:(\d+)/", line))
        )
        # Whatever it complains of later is read too, or it would stand still when the pipe is full.
        threading.Thread(target=browser.stderr.read, daemon=True).start()
        with connect(f"ws://127.0.0.1:{port}{_page_path(port)}", max_size=None) as socket:
            found = Page(socket)
            for domain in ("Page", "Network", "Runtime", "Log"):
                found.do(f"{domain}.enable")
            yield found
    finally:
        browser.terminate()
        browser.wait(20)


def _page_path(port):
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
        target = next(entry for entry in json.load(answer) if entry["type"] == "page")
    return "/devtools" + target["webSocketDebuggerUrl"].partition("/devtools")[2]
