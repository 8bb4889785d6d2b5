"""The drivers: a person for everything, an HTTP rig, shell commands, and the built-in simulated station."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

from octt.station.actions import ACTIONS, ActionFailed, CannotAct, Driver, DriverGone, Params

_QUICK = 5.0
"""Seconds to find out whether anything listens at an address, and what it says that it can."""
_LONGEST = 1 << 16
"""Bytes that are read of what it says."""


class ManualDriver(Driver):
    """Every action is done by a person: whoever called has to ask one."""

    kind = "manual"

    def can(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    def act(self, name: str, params: Params) -> str:
        """Raises CannotAct always."""
        raise CannotAct("there is nobody at the station but people")


class HttpDriver(Driver):
    """A rig that serves the driver contract (docs/driver-contract.md)."""

    kind = "http"

    def __init__(self, url: str, timeout: float) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout

    def start(self) -> None:
        """Raises DriverGone when nothing listens at the rig's address: better now than in the middle of a case."""
        place = urlsplit(self.url)
        port = place.port or (443 if place.scheme == "https" else 80)
        try:
            socket.create_connection((place.hostname or "", port), min(self.timeout, _QUICK)).close()
        except OSError as error:
            raise DriverGone(f"nothing answers at the rig's address {self.url}: {error}") from None

    def can(self) -> frozenset[str] | None:
        """What GET /actions tells; None from a rig that does not say. Raises DriverGone when nothing listens."""
        self.start()
        try:
            with urllib.request.urlopen(f"{self.url}/actions", timeout=min(self.timeout, _QUICK)) as answer:
                told = json.loads(answer.read(_LONGEST))
        except (OSError, HTTPException, ValueError):
            return None
        listed = told.get("actions") if isinstance(told, dict) else None
        if not isinstance(listed, list):
            return None
        return frozenset(action for action in ACTIONS if action in listed)

    def act(self, name: str, params: Params) -> str:
        """Posts the action. Raises CannotAct on 501, ActionFailed on anything but 200, DriverGone without an answer.

        A rig that was gone once is not waited for at length again.
        """
        if self.gone:
            self.start()
        try:
            who = self._post(name, params)
        except DriverGone as gone:
            self.gone = str(gone)
            raise
        self.gone = ""
        return who

    def _post(self, name: str, params: Params) -> str:
        request = urllib.request.Request(
            f"{self.url}/{name}",
            json.dumps(params).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout):
                return f"rig {self.url}"
        except urllib.error.HTTPError as error:
            detail = _sentence(error.read(1000).decode("utf-8", "replace"))
            if error.code == 501:
                raise CannotAct(f"the rig cannot do {name}: {detail}") from None
            raise ActionFailed(f"the rig answered {error.code} to {name}: {detail}") from None
        except (OSError, HTTPException) as error:
            raise DriverGone(f"no answer from the rig at {self.url}: {error}") from None


def _sentence(body: str) -> str:
    """The `error` of a rig's answer; its body as it is where there is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    return str(found["error"]) if isinstance(found, dict) and found.get("error") else body


class CommandDriver(Driver):
    """A shell command per action; `{connector}` and `{id_tag}` in it are replaced, exit code 0 is done."""

    kind = "command"

    def __init__(self, commands: dict[str, str], timeout: float) -> None:
        self.commands, self.timeout = commands, timeout

    def can(self) -> frozenset[str]:
        """The actions that have a command."""
        return frozenset(ACTIONS) & frozenset(self.commands)

    def act(self, name: str, params: Params) -> str:
        """Runs the command. Raises CannotAct when there is none, ActionFailed when it fails or takes too long."""
        command = self.commands.get(name)
        if command is None:
            raise CannotAct(f"no command for {name} in the bench file's driver.commands")
        environment = {**os.environ, **{f"OCTT_{key.upper()}": str(value) for key, value in params.items()}}
        for key, _value in params.items():
            # The shell sees values as variables, never as text to interpret.
            command = command.replace("{" + key + "}", f'"$OCTT_{key.upper()}"')
        try:
            done = subprocess.run(
                command, shell=True, env=environment, timeout=self.timeout, capture_output=True, text=True
            )
        except subprocess.TimeoutExpired:
            raise ActionFailed(f"the command for {name} did not end within {self.timeout:g} s") from None
        if done.returncode != 0:
            detail = (done.stderr or done.stdout).strip()[-300:]
            raise ActionFailed(f"the command for {name} ended with {done.returncode}: {detail}")
        return f"command {name}"


class SimulatedDriver(Driver):
    """Starts the built-in simulated station as a process of its own and drives it over HTTP."""

    kind = "simulated"

    def __init__(self, arguments: list[str], timeout: float) -> None:
        self.arguments, self.timeout = arguments, timeout
        self.http: HttpDriver | None = None
        self._process: subprocess.Popen[str] | None = None
        self._last: list[str] = []

    def start(self) -> None:
        """Starts the station and waits for its control address. Raises ActionFailed when it does not come up."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "octt.simulator", *self.arguments, "--parent", str(os.getpid())],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # ctrl-C at the terminal is for us: the station has to be put back first
        )
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(self._process, ready), daemon=True).start()
        if not ready.wait(30) or self.http is None:
            self.close()
            raise ActionFailed(
                "the simulated station did not start: " + (" ".join(self._last[-5:]) or "no output")
            )

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._last = [*self._last[-20:], line.strip()]
            if line.startswith("control ") and self.http is None:
                self.http = HttpDriver(line.split()[1], self.timeout)
                ready.set()
        ready.set()

    def can(self) -> frozenset[str]:
        """Everything."""
        return frozenset(ACTIONS)

    def act(self, name: str, params: Params) -> str:
        """As HttpDriver; DriverGone with the station's last words when its process has ended."""
        if self._process is None or self.http is None:
            self.gone = "the simulated station is not running"
        elif self._process.poll() is not None:
            self.gone = f"the simulated station ended: {' '.join(self._last[-3:])}"
        if self.gone or self.http is None:
            raise DriverGone(self.gone)
        self.http.act(name, params)
        return "simulated station"

    def close(self) -> None:
        """Ends the station's process."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            deadline = time.monotonic() + 3
            while self._process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            if self._process.poll() is None:
                self._process.kill()
        if self._process:
            self._process.wait()
