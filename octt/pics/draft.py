"""A first declaration from what a session with the station showed; every answer says where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from octt.pics.declaration import Connector, Declaration, DeclaredKey
from octt.pics.declared_keys import split
from octt.pics.evidence import Evidence, gather
from octt.pics.questionnaire import PROFILES, load_questionnaire
from octt.pics.rules.functions import MESSAGES
from octt.pics.rules.transport import offered_suites
from octt.pics.writing import write_declaration
from octt.record import Event
from octt.record.events import Connected

READ, GUESSED, OPEN = "read from the station", "guessed", "please answer"
SECRET = ("AuthorizationKey",)
MOST_CONNECTORS = 100


@dataclass
class Observed:
    """What was learnt of a station.

    `keys` as in GetConfiguration.conf, None when not read; `boot` the payload of BootNotification; `connections` the
    record's `connect` events; `connectors` the connectorIds reported; `protocols` those by which files were
    transferred; `probes` the status or error code with which harmless requests were answered, by action.
    """

    keys: list[dict[str, Any]] | None = None
    boot: dict[str, Any] = field(default_factory=dict)
    connections: list[Connected] = field(default_factory=list)
    connectors: set[int] = field(default_factory=set)
    protocols: list[str] = field(default_factory=list)
    probes: dict[str, str] = field(default_factory=dict)


def observed(events: Iterable[Event]) -> Observed:
    """What the record of any session shows, a whole test run or only a connection with a GetConfiguration."""
    evidence: Evidence = gather(events, {})
    keys = [
        {"key": name, "value": key.value, "readonly": key.readonly} for name, key in evidence.keys.items()
    ]
    found = Observed(keys if evidence.keys else None, connections=list(evidence.connects))
    for boot in evidence.sent("BootNotification"):
        found.boot = boot.payload
        break
    for status in evidence.sent("StatusNotification"):
        connector = status.payload.get("connectorId")
        if type(connector) is int and 0 < connector <= MOST_CONNECTORS:
            found.connectors.add(connector)
    for transfer in evidence.transfers:
        if transfer.complete:
            found.protocols.append(transfer.protocol.lower())
    actions = [action for actions in MESSAGES.values() for action in actions]
    for call in evidence.called("UnlockConnector", "ClearCache", *actions):
        found.probes.setdefault(call.action, call.status or call.error or "answered")
    return found


def draft(observed: Observed, form: str = "2025") -> str:
    """A declaration as TOML, each answer marked as read from the station, guessed, or still to be answered."""
    declaration = Declaration(form=form)
    marks: dict[str, str] = dict.fromkeys(load_questionnaire().questions, OPEN)
    for item, value, mark in _answers(observed):
        if marks[item] == READ or value is None:
            continue
        marks[item] = mark
        if item == "profiles":
            declaration.profiles = tuple(value)
        else:
            declaration.answers[item] = value
    declaration.guessed = frozenset(item for item, mark in marks.items() if mark == GUESSED)
    for entry in observed.keys or []:
        if str(entry.get("key")) not in SECRET:
            access = "" if entry.get("readonly") is None else "R" if entry["readonly"] else "RW"
            declaration.configuration_keys[str(entry.get("key"))] = DeclaredKey(
                str(entry.get("value") or ""), access
            )
    count = declaration.answers.get("HFS-8", 0)
    declaration.connectors = tuple(Connector(number) for number in range(1, count + 1))
    if observed.keys:
        marks["configuration_keys"] = READ
    return write_declaration(declaration, marks)


def _answers(observed: Observed) -> Iterator[tuple[str, Any, str]]:
    """(item, answer, mark); of several for one item the last counts, unless one was read."""
    keys = {str(entry.get("key")): str(entry.get("value") or "") for entry in observed.keys or []}
    yield from _defaults()
    yield from _from_boot(observed.boot)
    yield from _from_connections(observed, keys)
    yield from _from_probes(observed.probes)
    known = load_questionnaire()["ORS-16"].allowed
    if protocols := [protocol for protocol in known if protocol in observed.protocols]:
        yield "ORS-16", protocols, GUESSED  # there may be more of them
    if observed.connectors:
        yield "HFS-8", max(observed.connectors), GUESSED
    if observed.keys is not None:
        yield from _from_keys(keys)


def _defaults() -> Iterator[tuple[str, Any, str]]:
    """What most stations are like."""
    yield "product_type", "Charging Station", READ
    for item in ("C-07", "C-08", "AQ-2", "AQ-5", "AQ-7.1", "AQ-7.2"):
        yield item, load_questionnaire()[item].default, GUESSED


def _from_boot(boot: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    fields = {
        "vendor": "chargePointVendor",
        "designation": "chargePointModel",
        "software_version": "firmwareVersion",
    }
    for item, name in fields.items():
        if isinstance(boot.get(name), str) and boot[name].strip():
            yield item, boot[name], READ


def _from_connections(observed: Observed, keys: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    used = {connect.security_profile for connect in observed.connections if connect.auth != "bad"}
    security = bool(used & {1, 2, 3}) or keys.get("SecurityProfile", "0") in ("1", "2", "3")
    listed = {name.lower() for name in split(keys.get("SupportedFeatureProfiles", ""))}
    if listed:
        profiles = [name for name in PROFILES if name.lower() in listed]
        yield "profiles", [*profiles, "Security"] if security else profiles, READ
    for number in (1, 2, 3):
        if number in used:
            yield f"SEC-{number}", True, READ
    for connect in observed.connections:
        if suites := offered_suites(connect):
            yield "SEC-4", suites, READ


def _from_probes(probes: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    unlocked = probes.get("UnlockConnector")
    if unlocked == "Unlocked":
        yield "HFS-1", True, READ
        yield "HFS-2", False, GUESSED
    elif unlocked == "NotSupported":
        yield "HFS-1", False, GUESSED
        yield "HFS-2", True, GUESSED


def _from_keys(keys: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    for item in ("C-02", "C-03", "C-04", "C-05"):
        yield item, load_questionnaire()[item].key in keys, READ
    if "LocalAuthorizeOffline" in keys:
        yield "C-01", keys["LocalAuthorizeOffline"].lower() == "true", GUESSED
    disconnect = keys.get("StopTransactionOnEVSideDisconnect", "").lower()
    if disconnect in ("true", "false"):
        yield "C-06.1", disconnect == "false", READ
        yield "C-06.2", disconnect == "true", READ
    units = {unit.lower() for unit in split(keys.get("ChargingScheduleAllowedChargingRateUnit", ""))}
    if units:
        yield "SC-1.1", "current" in units, READ
        yield "SC-1.2", "power" in units, READ
    if "reservation" in keys.get("SupportedFeatureProfiles", "").lower():
        zero = keys.get("ReserveConnectorZeroSupported", "")
        yield "R-1", zero.lower() == "true", READ if zero else GUESSED
    for item in ("C-09.1", "C-09.2", "ORS-16"):
        question = load_questionnaire()[item]
        names = {name.lower() for name in split(keys.get(question.key, ""))}
        known = [name for name in question.allowed if name.lower() in names]
        yield item, known or None, READ if item == "ORS-16" else GUESSED
    for question in load_questionnaire().questions.values():
        text = keys.get(question.key, "")
        if (
            question.type == "int"
            and text.isdecimal()
            and len(text) < 12
            and int(text) >= (question.minimum or 0)
        ):
            yield question.id, min(int(text), int(question.maximum or int(text))), READ
