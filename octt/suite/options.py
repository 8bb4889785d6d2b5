"""What the command line asks of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from octt.bench import Bench
from octt.pics.declaration import Declaration
from octt.record import Event
from octt.station.operator import Operator

if TYPE_CHECKING:
    from octt.suite.sitting.former import Former


@dataclass
class Options:
    """A bench, a declaration, a folder, and a choice of cases."""

    bench: Bench
    declaration: Declaration
    out: Path
    cases: tuple[str, ...] = ()
    connectors: tuple[int, ...] = ()
    """The connectors of which each is tested; empty for the one of the bench."""

    operator: Operator | None = None
    simulator_arguments: list[str] = field(default_factory=list)
    pki_folder: Path | None = None
    """Where the laboratory's certificates are kept from run to run."""

    notices: list[str] = field(default_factory=list)
    """What is to be said before the run: what is missing, and what was changed because of it."""

    minutes: float | None = None
    """How long the run may take; the most valuable cases come first then."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    """What each case is expected to take."""

    retries: int = 0
    """How often a case that ended INCONCLUSIVE or ERROR is tried again."""

    signer: str = ""
    """Fingerprint of the key that the run is to be signed with."""

    bench_file: str = ""
    """The file that the bench was read from, as it was named."""

    former: Former | None = None
    """The sittings before, where this is not the first one of its run."""

    due: frozenset[tuple[str, int]] | None = None
    """The cases of this sitting, by id and connector; None: all of the run."""

    changed: list[str] = field(default_factory=list)
    """What is not as it was in the sitting before, a sentence each."""

    listener: Callable[[Event], None] | None = None

    purpose: str = ""
    """What the record is of, where it is none of test cases."""
