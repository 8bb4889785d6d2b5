"""The scheduler as the campaign sees it: which racks are there, and a connection that is made again when it is lost."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from octt.bench import ConfigError

EVERY = 5.0
"""Seconds between two questions for the racks that are there."""
PATIENCE = 10.0
"""Seconds to wait for the scheduler at a time."""


def offered(dask_scheduler: Any) -> dict[str, str]:
    """Called on the scheduler: each resource that a worker offers, and the address of that worker."""
    return {
        name: worker.address for worker in dask_scheduler.workers.values() for name in worker.resources or ()
    }


class Scheduler:
    """A Dask scheduler. `present`: the workers' addresses by rack; empty while nobody answers."""

    def __init__(self, address: str, topic: str, heard: Callable[[dict[str, Any]], None]) -> None:
        """Raises ConfigError when nothing answers, or Dask is not installed. `heard` is told what the racks tell."""
        try:
            import distributed
        except ImportError:
            raise ConfigError("--scheduler needs Dask; install it with: pip install 'octt[dask]'") from None
        self._make: Any = distributed.Client  # its types say less than mypy wants to know
        self.address, self.topic, self._heard = address, topic, heard
        for name in ("distributed", "tornado"):  # what they log of lost connections is told in our words
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self.client = self._connected()
            self.present: dict[str, str] = self._offered()
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigError(f"no Dask scheduler answers at {address}: {error}") from None
        self.lost = 0
        """How often the connection was lost; what was submitted before is then unknown."""

        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="racks", daemon=True)
        self._watching.start()

    @property
    def connected(self) -> bool:
        """Whether it answered when it was asked last."""
        return bool(self.client.status == "running")

    def ask(self, rack: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function on a rack's machine, beside whatever it does. Raises anything."""
        address = self.present.get(rack)
        if address is None:
            raise LookupError(f"no worker offers {rack}")
        return self.client.run(function, *arguments, workers=[address])[address]

    def close(self) -> None:
        """Lets go of the scheduler."""
        self._closing.set()
        with contextlib.suppress(Exception):
            self.client.close(timeout=2)

    def _connected(self) -> Any:
        client = self._make(self.address, timeout=PATIENCE, set_as_default=False, name="octt-campaign")
        client.subscribe_topic(self.topic, lambda event: self._heard(event[1]))
        return client

    def _offered(self) -> dict[str, str]:
        found: dict[str, str] = self.client.run_on_scheduler(offered)
        return found

    def _watch(self) -> None:
        while not self._closing.wait(EVERY):
            try:
                self.present = self._offered()
            except Exception:  # whatever Dask and the network say: it is not there
                self.present = {}
                if self._closing.is_set():
                    return
                self._again()

    def _again(self) -> None:
        with contextlib.suppress(Exception):
            self.client.close(timeout=1)
        with contextlib.suppress(Exception):
            self.client = self._connected()
            self.lost += 1


class Absence:
    """For how long a rack has been away."""

    def __init__(self) -> None:
        self.seen = time.monotonic()
        self.told = False

    def look(self, there: bool) -> float:
        """Seconds of silence."""
        if there:
            self.seen, self.told = time.monotonic(), False
            return 0.0
        return time.monotonic() - self.seen
