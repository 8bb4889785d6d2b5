"""The driver contract as OpenAPI, made from the actions: what a rig serves so that `kind = "http"` can use it.

python -m octt.station.contract octt/station/driver-contract.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from string import Formatter
from typing import Any

from octt.station.actions import ACTIONS

MEANINGS = {
    "plug_in": "the cable is plugged in at both ends, the EV is ready to charge",
    "unplug": "the cable is removed (a detachable cable at both ends, a fixed one from the EV)",
    "unplug_ev": "the cable is pulled out on the EV's side only; a detachable cable stays in the station",
    "present_id_tag": "a card (or another means of identification) is presented for that connector",
    "press_stop": "the stop button is pressed",
    "power_off": "mains power is taken away",
    "power_on": "mains power is restored",
    "power_cycle": "power off, a short pause, power on",
    "fault": "a fault condition is provoked (connector 0: of the whole station)",
    "clear_fault": "the fault condition is removed",
    "plug_in_halfway": "the plug is inserted so that its lock cannot close; unplug ends it",
    "jam_lock": "the connector lock is blocked so that unlocking fails",
    "free_lock": "the connector lock is released",
    "break_list_storage": "storing a local authorization list fails",
    "repair_list_storage": "storing a local authorization list works again",
    "ev_suspend": "the EV stops drawing power",
    "ev_resume": "the EV draws power again",
    "unreachable": "the station's network is unplugged (octt normally does this from its own side)",
    "reachable": "the station's network is plugged in again",
}
"""What each action does in the world."""

_FIELDS: dict[str, dict[str, Any]] = {
    "connector": {
        "type": "integer",
        "minimum": 0,
        "description": "OCPP connectorId; 0 is the station itself.",
    },
    "id_tag": {"type": "string", "minLength": 1, "maxLength": 20, "description": "The idTag of the card."},
}
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "A sentence; it goes into the record."}},
}


def parameters(action: str) -> list[str]:
    """The fields of an action's body."""
    return [field for _, field, _, _ in Formatter().parse(ACTIONS[action]) if field]


def document() -> dict[str, Any]:
    """The contract as an OpenAPI 3.1 document."""
    paths: dict[str, Any] = {f"/{action}": {"post": _action(action)} for action in ACTIONS}
    listed = {"type": "array", "items": {"type": "string", "enum": list(ACTIONS)}}
    can = {"type": "object", "required": ["actions"], "properties": {"actions": listed}}
    paths["/actions"] = {
        "get": {
            "operationId": "actions",
            "summary": "The actions that this rig can do; optional, 404 when it does not say.",
            "responses": {"200": _json("What it can do.", can), "404": {"description": "It does not say."}},
        }
    }
    paths["/state"] = {
        "get": {
            "operationId": "state",
            "summary": "What the rig believes, for a person to look at; optional.",
            "responses": {"200": _json("Any object.", {"type": "object"})},
        }
    }
    about = (
        "What octt asks of a rig that acts on a charging station under test. The station's time counts from the "
        "answer: answer as soon as the hand has done it, and not when the station has reacted. An action that is not "
        "known is answered with 501."
    )
    info = {"title": "octt driver contract", "version": "1", "description": about}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


def _action(action: str) -> dict[str, Any]:
    fields = parameters(action)
    body = {"type": "object", "required": fields, "properties": {field: _FIELDS[field] for field in fields}}
    return {
        "operationId": action,
        "summary": MEANINGS[action],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _json("Done; the physical effect has begun.", {"type": "object"}),
            "501": _json("This rig cannot do it: a person is asked, if there is one.", _ERROR),
            "default": _json("It did not work.", _ERROR),
        },
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def text() -> str:
    """The document as it is kept beside this file, and served by the simulated station."""
    return json.dumps(document(), indent=1) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
