"""A vendor's own driver: a Python class whose methods are the actions (docs/driver-contract.md)."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from pathlib import Path
from typing import Any

from octt.station.actions import ACTIONS, ActionFailed, CannotAct, Driver, Params


class PythonDriver(Driver):
    """`place` is "file.py:Name" or "package.module:Name": a class, or anything to be called without arguments.

    What it gives has a method for each action that it can do, with the action's parameters by name. CannotAct says that
    it cannot after all, any other exception that it did not work. `close`, if there is one, ends it.
    """

    kind = "python"

    def __init__(self, place: str, timeout: float) -> None:
        self.place, self.timeout = place, timeout
        self._rig: Any = None

    def start(self) -> None:
        """Makes the rig. Raises ActionFailed when that fails."""
        if self._rig is None:
            try:
                self._rig = _found(self.place)()
            except Exception as error:
                raise ActionFailed(
                    f"driver.python = {self.place!r}: {type(error).__name__}: {error}"
                ) from None

    def can(self) -> frozenset[str]:
        """The actions that it has a method for. Raises ActionFailed when the rig cannot be made."""
        self.start()
        return frozenset(action for action in ACTIONS if callable(getattr(self._rig, action, None)))

    def act(self, name: str, params: Params) -> str:
        """Calls the method. Raises CannotAct without one, ActionFailed when it fails or takes too long."""
        if name not in self.can():
            raise CannotAct(f"{self.place} has no method {name}")
        ended: list[BaseException | None] = []

        def call() -> None:
            try:
                getattr(self._rig, name)(**params)
            except BaseException as error:
                ended.append(error)
            else:
                ended.append(None)

        thread = threading.Thread(target=call, name=f"driver {name}", daemon=True)
        thread.start()
        thread.join(self.timeout)
        if not ended:
            raise ActionFailed(f"{name} of {self.place} did not end within {self.timeout:g} s")
        if isinstance(ended[0], CannotAct):
            raise ended[0]
        if ended[0] is not None:
            raise ActionFailed(f"{name} of {self.place}: {type(ended[0]).__name__}: {ended[0]}")
        return f"driver {self.place}"

    def close(self) -> None:
        """Ends it, if it can be ended."""
        rig, self._rig = self._rig, None
        if callable(getattr(rig, "close", None)):
            rig.close()


def _found(place: str) -> Any:
    """What a place names. Raises whatever importing it raises."""
    module, _, name = place.rpartition(":")
    if not module.endswith(".py"):
        return getattr(importlib.import_module(module), name)
    specification = importlib.util.spec_from_file_location(f"octt_driver_{Path(module).stem}", module)
    if specification is None or specification.loader is None or not Path(module).is_file():
        raise FileNotFoundError(f"there is no file {module}")
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return getattr(loaded, name)
