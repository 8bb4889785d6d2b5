"""What a non-conformity is, how it is written, and which are active in a station. `catalogue.py` has them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

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


FUZZ = ("octt fuzz",)
"""Instead of checks: what no test case brings about, `octt fuzz` must find."""


@dataclass(frozen=True)
class Fault:
    """A concrete fault: how it is given on the command line, what it does, which checks must fail because of it."""

    name: str
    description: str
    breaks: tuple[str, ...] = ()

    @property
    def proofs(self) -> tuple[str, ...]:
        """The checks of test cases among what it breaks."""
        return () if self.breaks == FUZZ else self.breaks


FAULTS: dict[str, Fault] = {}


def register(families: dict[str, str], faults: Iterable[Fault]) -> None:
    """Make faults known; raises ValueError for a name that exists already or has no family."""
    FAMILIES.update(families)
    for fault in faults:
        parse(fault.name)
        if fault.name in FAULTS:
            raise ValueError(f"fault {fault.name} is registered twice")
        FAULTS[fault.name] = fault


def extend(breaks: dict[str, tuple[str, ...]]) -> None:
    """Say which further checks known faults break; raises KeyError for a name that is not in `FAULTS`."""
    for name, checks in breaks.items():
        FAULTS[name] = replace(FAULTS[name], breaks=(*FAULTS[name].breaks, *checks))


def steps(*checks: str) -> tuple[str, ...]:
    """("TC_012 5", ...) as the checks are named everywhere."""
    return tuple(f"{case}_CS step {step}" for case, step in (check.split() for check in checks))


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
    if not subject:
        name, at, every = name.partition("@")
        subject = at + every
    if name not in FAMILIES:
        raise ValueError(f"there is no fault {name!r}; `octt faults` lists them")
    return name, subject, value if equals else None


@dataclass
class _Active:
    value: str | None
    every: int
    asked: int = 0


class Faults:
    """The faults that are active in one station. Raises ValueError for a name that does not exist."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._active: dict[str, dict[str, _Active]] = {}
        for spec in specs:
            name, subject, value = parse(spec)
            subject, at, every = subject.partition("@")
            if at and not (every.isdigit() and int(every) > 0):
                raise ValueError(f"fault {spec!r}: after @ stands a number, every how many times it acts")
            self._active.setdefault(name, {})[subject] = _Active(value, int(every or 1))

    def __bool__(self) -> bool:
        return bool(self._active)

    def _find(self, name: str, subject: object) -> _Active | None:
        subjects = self._active.get(name, {})
        return subjects.get(str(subject)) or subjects.get("")

    def active(self, name: str, subject: object = "") -> bool:
        """Whether that fault acts now, on that subject or on every subject. Each question counts for `@N`."""
        found = self._find(name, subject)
        if found is None:
            return False
        found.asked += 1
        return found.asked % found.every == 0

    def arguments(self, name: str) -> list[str]:
        """The subjects that fault is on for."""
        return list(self._active.get(name, ()))

    def value(self, name: str, subject: object = "") -> str | None:
        """The value given with a fault, or None."""
        found = self._find(name, subject)
        return found.value if found else None

    def number(self, name: str, subject: object = "", default: float = 0.0) -> float:
        """The value given with a fault as a number; `default` when there is none."""
        try:
            return float(self.value(name, subject) or default)
        except ValueError:
            return default
