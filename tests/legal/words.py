"""A legal station in words, and what its vendor declares.

A station is a tuple of words. A word is an option of `octt simulate` (`--card-first`, `--delay reply=0.4`, `--absent
CpoName`), or one of three about the whole: `without PROFILE` (or SEC-3), `connectors 1`, and `security 2`, the security
profile that the bench begins with. What the questionnaire asks about is declared as it is; everything else only the
simulated station knows.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from octt import paths
from octt.ocpp.keys import KEYS
from octt.pics.declaration import Declaration, DeclaredKey, load_declaration
from octt.pics.expression import Node, explain, parse
from octt.pics.facts import DeclaredFacts
from octt.pics.questionnaire import load_questionnaire
from octt.simulator.freedom import CONTRADICTIONS, KNOWN_MEASURANDS
from octt.suite.catalogue import Case
from tests.campaign import Station

SLACK = 4.0
"""Seconds that a declared limit leaves beyond the delays in it: the machine is busy with other stations."""

LIMITS = {
    "response_timeout": ("reply",),
    "triggered_timeout": ("function",),
    "remote_start_time": ("function", "start"),
    "remote_stop_time": ("function", "stop"),
    "boot_timeout": ("boot", "boot", "status-after-boot", "function"),
    "reconnect_timeout": ("boot", "certificate"),
    "delivery_timeout": ("boot", "function", "stop"),
    "download_timeout": ("function", "download"),
    "install_timeout": ("function", "install"),
    "upload_timeout": ("function", "upload"),
    "certificate_timeout": ("function", "certificate"),
}
"""What a vendor declares, and the delays that are in it: Authorize and Preparing are on the way to a start."""

_PERFORMANCE = ("response_timeout", "triggered_timeout", "remote_start_time", "remote_stop_time")
_NETWORK = 4.0
"""Seconds more for what depends on the connection: a back-off that has grown, and a TLS handshake."""

ANSWERS: dict[str, dict[str, Any]] = {
    "--fixed-cable": {"HFS-1": False, "HFS-2": True},
    "--direct-current": {"HFS-3": False, "HFS-4": True, "HFS-5": False, "HFS-7": False},
    "--one-phase": {"HFS-7": False},
    "--backup-power": {"AQ-7.1": True, "AQ-7.2": False},
    "--locked-until-authorized": {"AQ-2": True},
    "--card-first": {"AQ-2": True},
    "--single-reader": {"HFS-10": "Single"},
    "--no-local-start": {"C-07": False},
    "--no-local-stop": {"C-08": False},
    "--download-waits": {"AQ-4": False},
    "--no-signed-firmware": {"F-1": False},
}
"""The choices that the questionnaire asks about."""

_LACKING = {"AllowOfflineTxForUnknownId": "C-02", "MaxEnergyOnInvalidId": "C-03"} | {
    "AuthorizationCacheEnabled": "C-04",
    "MinimumStatusDuration": "C-05",
    "ReserveConnectorZeroSupported": "R-1",
}
_OF_PROFILE: dict[str, dict[str, Any]] = {
    "FirmwareManagement": {"F-1": False},
    "Security": {"SEC-1": False, "SEC-2": False, "SEC-3": False, "F-1": False},
    "Reservation": {"R-1": False},
}
_MINIMA = {"MeterValueSampleInterval": "ORS-4", "HeartbeatInterval": "ORS-6"}
_UNSIGNED = tuple(("--only-signed-firmware", lack) for lack in ("--no-signed-firmware", "without Security"))
_DERIVED = ("--key", "--absent", "--readonly", "--cipher", "without", "connectors", "security")
"""Words whose options follow from the declaration (octt/pics/simulate.py)."""


@dataclass(frozen=True)
class Legal(Station):
    """A station by its words."""

    words: tuple[str, ...] = ()
    pics: Declaration = field(default_factory=Declaration)

    def declaration(self) -> Declaration:
        """What its vendor declares."""
        return self.pics

    def options(self) -> list[str]:
        """Options of the simulated station. That a card comes first is declared as a lock, and need not be one."""
        lock = "--locked-until-authorized"
        return [option for option in super().options() if option != lock or lock in self.words]

    def takes(self, case: Case) -> bool:
        """Security cases need a connection that is secured."""
        return case.profile != "Security" or bool(self.security)

    @property
    def command(self) -> str:
        """The option that names it."""
        return f"--station {shlex.quote('; '.join(self.words))}"


def read(text: str) -> tuple[str, ...]:
    """The words of a station as `Legal.command` writes them."""
    return tuple(word.strip() for word in text.split(";") if word.strip())


def contradicts(words: Iterable[str], word: str) -> bool:
    """Whether no station can have that word besides the others."""
    given = {*words, word}
    given |= {one.partition(" ")[0] for one in given}
    pairs = [tuple(f"--{name.replace('_', '-')}" for name in pair) for pair in CONTRADICTIONS]
    return any({*pair} <= given for pair in [*pairs, *_UNSIGNED])


def legal(words: Iterable[str]) -> Legal:
    """The station with these words."""
    words = tuple(words)
    form, arguments, security = _Form(), [], None
    for word in words:
        name, _, value = word.partition(" ")
        form.learn(name, value)
        if name == "security":
            security = int(value)
        elif name not in _DERIVED:
            arguments += [part for item in _items(name, value) for part in (name, item) if part]
    bench: dict[str, Any] = {"times": form.intervals}
    if "--cable-first" in words:
        bench["station"] = {"cable_first": True}
    if "--one-phase" in words:
        bench["smart_charging"] = {"number_phases": 1}
    if "--legacy-signatures" in words:
        bench["security"] = {"legacy_signatures": True}
    return Legal(
        name="; ".join(words) or "standard",
        arguments=tuple(arguments),
        security=security,
        bench=bench,
        words=words,
        pics=form.declaration(),
    )


def _items(name: str, value: str) -> list[str]:
    return value.split(",") if name == "--measurand" else [value]


def _asked(item: str, declaration: Declaration) -> bool:
    condition = _parsed(load_questionnaire()[item].asked_if)
    return explain(condition, DeclaredFacts(declaration)).applies is not False


@cache
def _parsed(condition: str) -> Node:
    return parse(condition)


@cache
def _standard() -> Declaration:
    return load_declaration(paths.PICS / "simulated.toml")


class _Form:
    """A declaration that is being filled in."""

    def __init__(self) -> None:
        self.base = _standard()
        self.answers = dict(self.base.answers)
        self.profiles = list(self.base.profiles)
        self.keys = dict(self.base.configuration_keys)
        self.connectors = list(self.base.connectors)
        self.delays: dict[str, float] = {}
        self.intervals: dict[str, int] = {}

    def learn(self, name: str, value: str) -> None:
        """What a word changes."""
        self.answers |= ANSWERS.get(name, {})
        method = getattr(self, f"_{name.lstrip('-').replace('-', '_')}", None)
        if method:
            method(value)

    def declaration(self) -> Declaration:
        """What it says in the end."""
        limits = {item: SLACK + sum(self.delays.get(kind, 0) for kind in of) for item, of in LIMITS.items()}
        performance = {item: limits[item] for item in _PERFORMANCE}
        others = {item: str(_NETWORK + limits[item]) for item in limits if item not in _PERFORMANCE}
        whole = replace(
            self.base,
            answers={**self.answers, **performance},
            profiles=tuple(self.profiles),
            connectors=tuple(self.connectors),
            configuration_keys=self.keys,
            other_limits=others,
        )
        return replace(
            whole, answers={item: whole.answers[item] for item in whole.answers if _asked(item, whole)}
        )

    def _no_local_start(self, _: str) -> None:
        self.answers["C-01"] = False

    def _set(self, key: str, value: str) -> None:
        if key in self.keys:
            self.keys[key] = replace(self.keys[key], value=value)

    def _fixed_cable(self, _: str) -> None:
        self.connectors = [replace(line, cable="Fixed Cable") for line in self.connectors]

    def _direct_current(self, _: str) -> None:
        self.connectors = [replace(line, current="DC", phases=0) for line in self.connectors]

    def _one_phase(self, _: str) -> None:
        self.connectors = [replace(line, phases=1) for line in self.connectors]

    def _connectors(self, value: str) -> None:
        count = int(value)
        self.answers["HFS-8"] = count
        self.connectors = self.connectors[:count]
        self._set("NumberOfConnectors", value)
        self._set("ConnectorPhaseRotation", ",".join(f"{n}.RST" for n in range(count + 1)))
        self._set("ConnectorPhaseRotationMaxLength", str(count + 1))

    def _without(self, profile: str) -> None:
        if profile == "SEC-3":
            self.answers["SEC-3"] = False
            return
        self.answers |= _OF_PROFILE.get(profile, {})
        self.profiles.remove(profile)
        self.keys = {
            name: key
            for name, key in self.keys.items()
            if KEYS[name].profile != profile or name == "SupportedFileTransferProtocols"
        }
        known = self.keys["SupportedFeatureProfiles"].value or ""
        self._set("SupportedFeatureProfiles", ",".join(p for p in known.split(",") if p != profile))

    def _measurand(self, value: str) -> None:
        chosen = [name for name in KNOWN_MEASURANDS if name in value.split(",")]
        self.answers |= {"C-09.1": chosen, "C-09.2": chosen}
        for name, entry in list(self.keys.items()):
            if name.endswith("DataMaxLength"):
                self._key(f"{name}={len(chosen)}")
            elif name.endswith(("SampledData", "AlignedData")):
                kept = [item for item in (entry.value or "").split(",") if item in chosen]
                self._set(name, ",".join(kept))

    def _key(self, value: str) -> None:
        key, _, text = value.partition("=")
        self._set(key, text)
        for question in load_questionnaire().questions.values():
            if question.key != key:
                continue
            if question.type == "int":
                self.answers[question.id] = int(text)
            elif question.id in ("SC-1.1", "SC-1.2"):
                self.answers[question.id] = {"SC-1.1": "Current", "SC-1.2": "Power"}[question.id] in text
            elif question.id in ("C-06.1", "R-1"):
                self.answers[question.id] = text == ("false" if question.id == "C-06.1" else "true")
            elif question.id == "C-06.2":
                self.answers[question.id] = text == "true"
            elif question.id == "ORS-16":
                self.answers[question.id] = text.lower().split(",")

    def _absent(self, key: str) -> None:
        self.keys.pop(key, None)
        if key in _LACKING:
            self.answers[_LACKING[key]] = False

    def _readonly(self, key: str) -> None:
        if key in self.keys:
            self.keys[key] = DeclaredKey(self.keys[key].value, "R")

    def _minimum(self, value: str) -> None:
        key, _, least = value.partition("=")
        self.answers[_MINIMA[key]] = int(least)
        name = {"MeterValueSampleInterval": "meter_value_interval", "HeartbeatInterval": "heartbeat_interval"}
        self.intervals[name[key]] = int(least)

    def _most_stop_values(self, value: str) -> None:
        self.answers["ORS-8"] = int(value)

    def _cipher(self, value: str) -> None:
        self.answers["SEC-4"] = value.split(",")

    def _delay(self, value: str) -> None:
        kind, _, seconds = value.partition("=")
        self.delays[kind] = float(seconds)
