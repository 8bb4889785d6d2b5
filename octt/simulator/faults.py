"""Non-conformities that can be switched on: what exists, what it breaks, and which are active in a station.

A fault is given as `name`, `name:subject`, `name=value` or `name:subject=value`. `FAMILIES` says which names there are
and how their subject and value are read; any subject may be used. `FAULTS` lists the concrete ones that break a named
check of a test case. Code of the station asks `self.station.faults.active("name")` at the one place of the behaviour.

To add one: describe its name in `FAMILIES` and its concrete uses in a list of `Fault`s that `register` is called with
(a list per profile: core_faults.py and siblings).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FAMILIES: dict[str, str] = {
    # messages on their way out
    "omit": "omit:Action[field=value].path leaves the field out of a request or answer",
    "set": "set:Action[field=value].path=value replaces the field (JSON or plain text)",
    "reply": "reply:Action=Status answers with that status; the effects stay as they are",
    "ignore": "ignore:Action answers properly and then does nothing",
    "skip": "skip:Action never sends that request",
    "callerror": "callerror:Action=Code answers with CALLERROR (InternalError when no code is given)",
    "no-reply": "no-reply:Action never answers that call",
    "late-reply": "late-reply:Action=seconds answers that late",
    "duplicate-reply": "duplicate-reply:Action answers twice",
    "wrong-id": "wrong-id:Action answers with another message id",
    "schema-violation": "schema-violation:Action adds a property the schema does not allow",
    "wrong-type": "wrong-type:Action gives the first field an object as value",
    "missing-field": "missing-field:Action leaves the first field out",
    "bad-timestamp": "bad-timestamp:Action sends timestamps that are none",
    "duplicate-message-id": "every request has the same message id",
    "two-outstanding": "requests are sent without waiting for the previous answer",
    "malformed-frame": "malformed-frame:Action sends that request as broken JSON",
}


@dataclass(frozen=True)
class Fault:
    """A concrete fault: how it is given on the command line, what it does, which checks must fail because of it."""

    name: str
    description: str
    breaks: tuple[str, ...] = ()


FAULTS: dict[str, Fault] = {}


def register(families: dict[str, str], faults: Iterable[Fault]) -> None:
    """Make faults known; raises ValueError for a name that exists already or has no family."""
    FAMILIES.update(families)
    for fault in faults:
        parse(fault.name)
        if fault.name in FAULTS:
            raise ValueError(f"fault {fault.name} is registered twice")
        FAULTS[fault.name] = fault


def parse(spec: str) -> tuple[str, str, str | None]:
    """(name, subject, value) of a fault; raises ValueError for a name that does not exist."""
    head, separator, rest = spec.partition(":")
    if not separator:
        name, equals, value = head.partition("=")
        subject = ""
    else:
        name = head
        # the condition in brackets has an equals sign of its own
        cut = rest.find("=", rest.find("]") + 1)
        subject, equals, value = (rest, "", "") if cut < 0 else (rest[:cut], "=", rest[cut + 1 :])
    if name not in FAMILIES:
        raise ValueError(f"there is no fault {name!r}; `octt faults` lists them")
    return name, subject, value if equals else None


class Faults:
    """The faults that are active in one station. Raises ValueError for a name that does not exist."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._active: dict[str, dict[str, str | None]] = {}
        for spec in specs:
            name, subject, value = parse(spec)
            self._active.setdefault(name, {})[subject] = value

    def __bool__(self) -> bool:
        return bool(self._active)

    def active(self, name: str, subject: object = "") -> bool:
        """Whether that fault is on, for that subject or for every subject."""
        subjects = self._active.get(name)
        return subjects is not None and (str(subject) in subjects or "" in subjects)

    def arguments(self, name: str) -> list[str]:
        """The subjects that fault is on for."""
        return list(self._active.get(name, ()))

    def value(self, name: str, subject: object = "") -> str | None:
        """The value given with a fault, or None."""
        subjects = self._active.get(name, {})
        return subjects.get(str(subject), subjects.get(""))

    def number(self, name: str, subject: object = "", default: float = 0.0) -> float:
        """The value given with a fault as a number; `default` when there is none."""
        try:
            return float(self.value(name, subject) or default)
        except ValueError:
            return default
