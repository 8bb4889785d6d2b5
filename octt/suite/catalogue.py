"""The catalogue of test cases, and the plan: which of them apply to a declared station, in which order and why."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from octt.ocpp.values import decimal
from octt.paths import TESTCASES
from octt.pics.declaration import Declaration, nearest
from octt.pics.expression import Decision, ExpressionError, explain, parse
from octt.pics.facts import DeclaredFacts
from octt.pics.questionnaire import PROFILES, load_questionnaire
from octt.record.events import PlanLine

DISTURBING = 2000
"""From this place in the document's order on, cases leave the station with other firmware, passwords, certificates."""

ERRANDS = (
    frozenset({"power_cycle", "power_off", "power_on"}),
    frozenset({"fault", "clear_fault", "jam_lock", "free_lock", "plug_in_halfway"}),
    frozenset({"break_list_storage", "repair_list_storage"}),
    frozenset({"plug_in", "unplug", "unplug_ev", "press_stop", "ev_suspend", "ev_resume"}),
    frozenset({"present_id_tag"}),
)
"""Hands that go together: the fuse box, what makes a fault, the storage, the cable, the card alone."""


class CatalogueError(ValueError):
    """The catalogue, or a case or profile asked for by name, is wrong; one sentence says how."""


@dataclass(frozen=True)
class Document:
    """Where a case stands in the test case document."""

    table: int
    page: int
    section: str = ""


@dataclass(frozen=True)
class Case:
    """One test case, or a state that cases run through (`kind` is then "reusable" or "memory").

    `checks` are "step: what is checked"; `needs` are driver actions, those of the states included; `states` are
    ids of states, with "?" behind one that is only used where implemented; `key_min` are the smallest values of
    configuration keys with which the case can be run; `order_on` is its place when the bench begins with that security
    profile, where it is another one than `order`. `per_connector`: the document ties it to one connector.
    """

    id: str
    profile: str
    applicable_if: str
    checks: tuple[str, ...]
    needs: tuple[str, ...]
    document: Document
    name: str = ""
    kind: str = "case"
    negative: bool = False
    states: tuple[str, ...] = ()
    key_min: Mapping[str, int] = field(default_factory=dict)
    order: int = 0
    order_on: Mapping[str, int] = field(default_factory=dict)
    per_connector: bool = False

    def place(self, security_profile: int) -> int:
        """Its place in a run on a bench that begins with this security profile.

        What needs hands comes first, what needs the same ones together: who stands at the fuse box stays there, and may
        go when the last cable is out. What disturbs the station comes last.
        """
        order = self.order_on.get(str(security_profile), self.order)
        if order >= DISTURBING:
            return order + (len(ERRANDS) + 1) * DISTURBING
        found = (place for place, hands in enumerate(ERRANDS) if not hands.isdisjoint(self.needs))
        errand = next(found, len(ERRANDS))
        return order + errand * DISTURBING

    @property
    def section(self) -> str:
        """The section of the document, for example "2.5.4"."""
        return self.document.section


@dataclass(frozen=True)
class Planned:
    """A case of the plan: whether it applies (None: not decided yet), the answers that decided, a sentence."""

    case: Case
    applies: bool | None
    reason: str
    because: tuple[tuple[str, str], ...] = ()
    connector: int = 0
    """Which connector it is planned for, where each is tested; else 0."""

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by in a run."""
        return self.case.id, self.connector

    def as_line(self) -> PlanLine:
        """The case for the record."""
        case = self.case
        return PlanLine(
            case=case.id,
            name=case.name,
            profile=case.profile,
            section=case.section,
            applicable=self.applies,
            reason=self.reason,
            connector=self.connector,
        )


def load_catalogue(path: Path = TESTCASES / "catalogue.toml") -> dict[str, Case]:
    """Every case by id, in plan order. Raises CatalogueError naming the entry that is wrong."""
    return dict(_load(path)[0])


def load_states(path: Path = TESTCASES / "catalogue.toml") -> dict[str, Case]:
    """Every reusable and memory state by id."""
    return dict(_load(path)[1])


def plan(
    catalogue: Mapping[str, Case],
    declaration: Declaration,
    keys: Iterable[Mapping[str, Any]] | None = None,
    only_cases: Iterable[str] = (),
    profiles: Iterable[str] = (),
    connector: int | None = None,
    connectors: Iterable[int] = (),
) -> list[Planned]:
    """Every chosen case with its decision, in plan order; nothing is left out without a reason.

    `keys` is the station's configuration as GetConfiguration gave it ({key, value, readonly}); without it a case
    that depends on an undeclared key is undecided. `connector` is the one under test: without it, cases that depend
    on its cable are undecided where connectors have different ones. `connectors` are those of which each is tested: the
    cases that are about one connector are then planned for each. `only_cases` and `profiles` narrow the choice;
    asking for a case does not make it apply. Raises CatalogueError for an unknown case or profile, with the nearest
    name.
    """
    wanted, of_profiles = {find(name, catalogue) for name in only_cases}, set(profiles)
    for name in of_profiles - set(PROFILES):
        raise CatalogueError(f"there is no profile {name}; {nearest(name, PROFILES)}")
    facts, each = DeclaredFacts(declaration, keys, connector), tuple(connectors)
    at = {number: DeclaredFacts(declaration, keys, number) for number in each}
    chosen = (
        case
        for case in catalogue.values()
        if (not wanted or case.id in wanted) and (not of_profiles or case.profile in of_profiles)
    )
    planned: list[Planned] = []
    for case in sorted(chosen, key=lambda case: case.order):
        if case.per_connector and each:
            planned += (replace(_planned(case, at[number]), connector=number) for number in each)
        else:
            planned.append(_planned(case, facts))
    return planned


def find(name: str, catalogue: Iterable[str]) -> str:
    """The id of a case however it is spelt: TC_001_CS, tc_001_cs, TC-1.

    Raises CatalogueError for one that does not exist, with those that begin so, else with the nearest.
    """
    known = {_parts(case_id): case_id for case_id in catalogue}
    parts = _parts(name)
    for spelt in (parts, (*parts, "cs")):
        if spelt in known:
            return known[spelt]
    begin_so = [case_id for spelt, case_id in known.items() if parts and spelt[: len(parts)] == parts]
    near = begin_so if len(begin_so) < 7 else []
    near = near or difflib.get_close_matches(name.upper(), known.values(), 1)
    remedy = f"did you mean {' or '.join(near)}?" if near else "`octt list` shows all of them"
    raise CatalogueError(f"there is no test case {name}; {remedy}")


def _parts(case_id: str) -> tuple[str, ...]:
    """The words and numbers of an id: ("tc", "4", "1", "cs")."""
    return tuple(part.lower().lstrip("0") for part in re.findall(r"[^\W\d_]+|\d+", case_id))


def _planned(case: Case, facts: DeclaredFacts) -> Planned:
    """The expression decides; then a key known to be too small excludes, one not known does not."""
    decision: Decision = explain(parse(case.applicable_if), facts)
    if decision.applies is not False:
        for name, least in case.key_min.items():
            value = facts.key("value", name)
            number = _number(value)
            if number is not None and number < least:
                reason = f"does not apply: {name} is {number}, the case needs at least {least}"
                return Planned(case, False, reason, ((name, str(number)),))
    return Planned(case, decision.applies, decision.sentence, tuple(decision.because))


def _number(value: object) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and number == int(number) else None


@lru_cache(maxsize=4)
def _load(path: Path) -> tuple[dict[str, Case], dict[str, Case]]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    states = {entry["id"]: _case(entry, path) for entry in data["state"]}
    cases = sorted((_case(entry, path) for entry in data["case"]), key=lambda case: case.order)
    for case in [*cases, *states.values()]:
        for state in case.states:
            if state.rstrip("?") not in states:
                raise CatalogueError(f"{path.name}: {case.id} runs through the unknown state {state}")
    return {case.id: case for case in cases}, states


def _case(entry: dict[str, Any], path: Path) -> Case:
    try:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
        }
        case = Case(**(fields | {"document": Document(**entry["document"])}))
        load_questionnaire().check(case.applicable_if)
    except (TypeError, KeyError, ExpressionError) as error:
        raise CatalogueError(f"{path.name}: {entry.get('id', 'an entry without id')}: {error}") from error
    if case.profile not in PROFILES:
        raise CatalogueError(f"{path.name}: {case.id}: unknown profile {case.profile}")
    return case
