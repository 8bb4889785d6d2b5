"""The actions a test case can ask for: what a person is told, and which traffic shows that it happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class CannotAct(Exception):
    """This driver cannot do the action; somebody else may."""


class ActionFailed(Exception):
    """The driver tried and failed; the message says why."""


@dataclass(frozen=True)
class Action:
    """One action of the driver contract. `effects`: station requests (or connect, disconnect) that show it happened."""

    name: str
    instruction: str
    effects: frozenset[str] = frozenset()


def _actions(*rows: tuple[str, str, str]) -> dict[str, Action]:
    return {name: Action(name, text, frozenset(effects.split())) for name, text, effects in rows}


ACTIONS = _actions(
    ("plug_in", "Plug the cable into connector {connector} and the EV.", "StatusNotification"),
    ("unplug", "Unplug the cable of connector {connector}.", "StatusNotification StopTransaction"),
    (
        "unplug_ev",
        "Pull the cable of connector {connector} out on the EV's side.",
        "StatusNotification StopTransaction",
    ),
    (
        "present_id_tag",
        "Present the card {id_tag} for connector {connector}.",
        "Authorize StartTransaction StopTransaction",
    ),
    ("press_stop", "Press the stop button of connector {connector}.", "StopTransaction"),
    ("power_off", "Switch the station's mains power off.", "disconnect"),
    ("power_on", "Switch the station's mains power on.", "connect"),
    ("power_cycle", "Switch the station's mains power off and on again.", "disconnect"),
    ("fault", "Provoke a fault on connector {connector}.", "StatusNotification"),
    ("clear_fault", "Remove the fault on connector {connector}.", "StatusNotification"),
    (
        "plug_in_halfway",
        "Insert the plug into connector {connector} only halfway, so that it cannot be locked.",
        "StatusNotification",
    ),
    ("jam_lock", "Block the lock of connector {connector} so that it cannot be unlocked.", ""),
    ("free_lock", "Release the lock of connector {connector}.", ""),
    ("break_list_storage", "Bring the station into a state in which it cannot store a local list.", ""),
    ("repair_list_storage", "Let the station store local lists again.", ""),
    ("ev_suspend", "Make the EV at connector {connector} stop drawing power.", "StatusNotification"),
    ("ev_resume", "Make the EV at connector {connector} draw power again.", "StatusNotification"),
    ("unreachable", "Unplug the station's network.", "disconnect"),
    ("reachable", "Plug the station's network in again.", "connect"),
)
"""The driver contract's actions by name (docs/driver-contract.md). Connector 0 is the station itself."""


def instruction(name: str, params: dict[str, Any]) -> str:
    """What a person is asked to do, in one sentence."""
    text = ACTIONS[name].instruction.format(**params)
    return text.replace("on connector 0", "of the whole station")


class Driver:
    """Acts on the device under test. Drivers differ only in `act`."""

    kind = "none"

    def start(self) -> None:
        """Called once before the run, when the Central System's URL is known."""

    def close(self) -> None:
        """Called once after the run, whatever happened."""

    def act(self, name: str, params: dict[str, Any], why: str, seen: Callable[[], bool]) -> str:
        """Does one action; returns who did it. Raises CannotAct or ActionFailed.

        `seen` turns true as soon as the station's traffic shows the effect, so that a person need not confirm.
        """
        raise CannotAct(f"no driver for {name}")
