"""Fetches the evidence of a run from its rack, in a thread of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octt.campaign.racks import rack
from octt.campaign.racks.archive import EvidenceError, Packed, place_of, unpack

PAUSE = 2.0
"""Seconds before a rack that did not answer is asked again."""


class Fetch:
    """Evidence on its way. `done` when it is here and verified, or `problem` says why it is not."""

    def __init__(
        self,
        ask: Callable[..., Any],
        station: str,
        token: str,
        packed: Packed,
        folder: Path,
        patience: float,
    ) -> None:
        """`ask` calls a function on the rack's machine; it raises when there is none."""
        self._ask, self._station, self._token = ask, station, token
        self._packed, self._folder, self._patience = packed, folder, patience
        self._heard = time.monotonic()
        self.problem = ""
        self.done = threading.Event()
        threading.Thread(target=self._run, name=f"fetch {token}", daemon=True).start()

    def _run(self) -> None:
        try:
            self._fetch()
        except (EvidenceError, OSError) as error:
            self.problem = str(error)
        finally:
            self.done.set()

    def _fetch(self) -> None:
        archive = place_of(self._folder)
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with archive.open("ab") as file:
            if file.tell() > self._packed.size:
                file.truncate(0)
            while file.tell() < self._packed.size:
                file.write(self._piece(file.tell()))
        try:
            unpack(archive, self._folder, self._packed)
        finally:
            archive.unlink()
        with contextlib.suppress(Exception):  # it is here; what it costs there is not worth a word
            self._ask(rack.fetched, self._station, self._token)

    def _piece(self, offset: int) -> bytes:
        """Asked for again while the rack is away. EvidenceError when it stays away."""
        while True:
            try:
                found: bytes = self._ask(rack.piece, self._station, self._token, offset)
            except Exception as error:  # whatever Dask, the network or the rack say
                if time.monotonic() - self._heard > self._patience:
                    raise EvidenceError(
                        f"the evidence could not be fetched ({type(error).__name__}: {error})"
                    ) from None
                time.sleep(PAUSE)
                continue
            if not found:
                raise EvidenceError("the archive on the rack is shorter than it was")
            self._heard = time.monotonic()
            return found
