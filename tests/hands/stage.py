"""A whole run with a person: `octt run` at a pseudo-terminal, a simulated station beside it, hands on its control."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.error
import urllib.request
from pathlib import Path

from octt import paths
from octt.bench import SIMULATED
from octt.pics.declaration import load_declaration
from octt.pics.simulate import simulator_options
from octt.pki.pki import Pki
from octt.record import read
from octt.suite.provisioned import security_options

ROOT = Path(__file__).parents[2]
COLUMNS = 400
"""So wide that no line of the terminal is broken."""
_ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x07|\r")

_BENCH = """
[central_system]
host = "127.0.0.1"
public_host = "localhost"
port = {port}
tls_port = {tls_port}
security_profile = {profile}
[driver]
kind = "manual"
[firmware]
dummy = true
[security]
pki = "{pki}"
[times]
{times}
"""


class Hands:
    """What moves cable, card and power of the simulated station: its control."""

    def __init__(self, url):
        self.url = url

    def do(self, action, **params):
        """One action; what the station's hardware does not allow (a locked cable) does not happen."""
        request = urllib.request.Request(f"{self.url}/{action}", json.dumps(params).encode(), method="POST")
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=10):
            pass

    def state(self):
        """What somebody sees who looks at the station."""
        with urllib.request.urlopen(f"{self.url}/state", timeout=10) as answer:
            return json.load(answer)

    def look_until(self, what, seconds=20):
        """Looks at the station until something is so; whether it came to be."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if what(self.state()):
                return True
            time.sleep(0.05)
        return False


def _at_a_terminal():
    """The terminal is the process's own, and ctrl-C reaches it, wherever we run ourselves."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """The screen and the keyboard of a process at a pseudo-terminal."""

    def __init__(self, command, columns=COLUMNS, **options):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=_at_a_terminal,
            **options,
        )
        os.close(slave)
        self.raw = b""
        self.screen = ""

    def read(self, seconds):
        """What appears within so many seconds, without colours; None when the process has ended."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return ""
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return None
        if not data:
            return None
        self.raw += data
        before = len(self.screen)
        self.screen = _ANSI.sub("", self.raw.decode("utf-8", "replace"))
        return self.screen[before:]

    def type(self, text):
        """Keys."""
        with contextlib.suppress(OSError):
            os.write(self.master, text.encode())

    def close(self):
        """Ends the process, if it runs still."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


class Stage:
    """One run. `faults` and `arguments` are the simulated station's, `words` are more for `octt run`."""

    def __init__(
        self, folder, cases=(), *, profile=0, faults=(), arguments=(), pics=None, times=None, words=()
    ):
        self.out, self.cases = Path(folder) / "out", cases
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            ports = one.getsockname()[1], other.getsockname()[1]
        port = ports[profile >= 2]
        chosen = {**SIMULATED.times.model_dump(exclude_none=True), "operator_timeout": 60, **(times or {})}
        pki = paths.cache("simulated-pki")
        bench = Path(folder) / "bench.toml"
        lines = "\n".join(f"{key} = {value}" for key, value in chosen.items())
        bench.write_text(
            _BENCH.format(port=ports[0], tls_port=ports[1], profile=profile, pki=pki, times=lines)
        )
        self.pics = pics or paths.PICS / "simulated.toml"
        self._folder = tempfile.TemporaryDirectory()
        self.station = self._station(port, profile, faults, arguments, pki)
        line = self.station.stdout.readline()
        if not line.startswith("control "):
            raise RuntimeError(f"the station did not start: {line}{self.station.stdout.read()}")
        self.hands = Hands(line.split()[1])
        command = [sys.executable, "-m", "octt.commands.main", "run", "--bench", str(bench)]
        command += ["--pics", str(self.pics), "--out", str(self.out)]
        command += [word for case in cases for word in ("--case", case)]
        command += words
        self.terminal = Terminal(command, cwd=ROOT)

    def _station(self, port, profile, faults, arguments, pki):
        central = SIMULATED.central_system.model_copy(update={"security_profile": profile})
        bench = SIMULATED.model_copy(update={"central_system": central})
        laboratory = Pki.open(pki, ["localhost"]) if profile >= 2 else None
        given = [*simulator_options(load_declaration(self.pics)), *arguments]
        secure = security_options(bench, laboratory, given, Path(self._folder.name))
        scheme = "wss" if profile >= 2 else "ws"
        command = [sys.executable, "-m", "octt.simulator", "--csms", f"{scheme}://localhost:{port}/ocpp"]
        command += ["--identity", "CS001", "--control", "127.0.0.1:0", "--parent", str(os.getpid())]
        command += [*secure, *given, *(word for fault in faults for word in ("--fault", fault))]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        )

    def events(self, kind):
        """What stands in the record."""
        return [event for event in read(self.out / "record.jsonl") if event.kind == kind]

    def attempts(self):
        """The verdicts and reasons of each case's attempts."""
        found = {}
        for event in self.events("case.end"):
            if event.verdict != "NOT APPLICABLE":
                found.setdefault(event.case, []).append((event.verdict, getattr(event, "reason", "")))
        return found

    def close(self):
        """Ends both."""
        self.terminal.close()
        self.station.kill()
        self.station.wait()
        self.station.stdout.close()
        self._folder.cleanup()
