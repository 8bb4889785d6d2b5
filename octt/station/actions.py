"""The actions a test case can ask for (docs/driver-contract.md), and what a person is told to do for each."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

Params = dict[str, Any]


class CannotAct(Exception):
    """This driver cannot do the action; somebody else may."""


class ActionFailed(Exception):
    """The driver tried and failed; the message says why."""


class DriverGone(ActionFailed):
    """The driver itself is not there: the next action will fail as well."""


@dataclass(frozen=True)
class Hardware:
    """What the station is like, as far as its hands must know. `fixed`: whether a connector has a fixed cable.

    `selects`: a connector must be selected before a card is presented (AQ-5). `one_reader`: for all connectors.
    """

    fixed: Callable[[int], bool] = lambda _connector: False
    selects: bool = False
    one_reader: bool = False


ACTIONS: dict[str, str] = {
    "plug_in": "Plug the cable into connector {connector} and into the EV.",
    "unplug": "Unplug the cable of connector {connector}, on both sides if it is a loose one.",
    "unplug_ev": "Pull the cable of connector {connector} out of the EV.",
    "present_id_tag": "Present the card {id_tag} for connector {connector}.",
    "press_stop": "Press the stop button of connector {connector}.",
    "power_off": "Switch the station's mains power off.",
    "power_on": "Switch the station's mains power on.",
    "power_cycle": "Switch the station's mains power off, wait until it is dark, and switch it on again.",
    "fault": "Provoke a fault on connector {connector}.",
    "clear_fault": "Remove the fault on connector {connector}.",
    "plug_in_halfway": "Insert the plug into connector {connector} only halfway, so that it cannot be locked.",
    "jam_lock": "Block the lock of connector {connector} so that it cannot be unlocked.",
    "free_lock": "Release the lock of connector {connector}, and take out the cable if one is in.",
    "break_list_storage": "Bring the station into a state in which it cannot store a local list.",
    "repair_list_storage": "Let the station store local lists again.",
    "ev_suspend": "Make the EV at connector {connector} stop drawing power.",
    "ev_resume": "Make the EV at connector {connector} draw power again.",
    "unreachable": "Unplug the station's network.",
    "reachable": "Plug the station's network in again.",
}
"""The driver contract's actions by name, and what a person is asked to do. Connector 0 is the station itself."""

_FIXED = {
    "plug_in": "Plug the cable of connector {connector} into the EV.",
    "unplug": "Pull the cable of connector {connector} out of the EV.",
    "plug_in_halfway": "Insert the plug of connector {connector} into the EV only halfway, so that it cannot lock.",
}
"""The same where the cable is fixed to the station."""

_HALF_OUT = "Take the cable out of connector {connector} of the station."
_SELECT_FIRST = "Select connector {connector}, then present the card {id_tag}."
_ANY_READER = "Present the card {id_tag}."


def instruction(
    name: str, params: Params, hardware: Hardware | None = None, half_out: Collection[int] = ()
) -> str:
    """What a person is asked to do, in one sentence. `half_out`: connectors whose cable is out of the EV already."""
    known, connector = hardware or Hardware(), int(params.get("connector", 0))
    sentence = ACTIONS[name]
    if known.fixed(connector):
        sentence = _FIXED.get(name, sentence)
    elif name == "unplug" and connector in half_out:
        sentence = _HALF_OUT
    if name == "present_id_tag" and known.selects:
        sentence = _SELECT_FIRST
    elif name == "present_id_tag" and known.one_reader:
        sentence = _ANY_READER
    return sentence.format(**params).replace("on connector 0", "of the whole station")


class Driver:
    """Acts on the device under test. Drivers differ only in `act`."""

    kind = "none"
    gone = ""
    """Why the driver itself is not there any more, as far as the last action showed; a run cannot go on without it."""

    def start(self) -> None:
        """Called once before the run, when the Central System's URL is known. Raises ActionFailed."""

    def close(self) -> None:
        """Called once after the run, whatever happened."""

    def can(self) -> frozenset[str] | None:
        """The actions that it can do; None: it does not say. Raises ActionFailed when it cannot be asked."""
        return None

    def act(self, name: str, params: Params) -> str:
        """Does one action; returns who did it. Raises CannotAct or ActionFailed."""
        raise CannotAct(f"no driver for {name}")
