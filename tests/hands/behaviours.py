"""The behaviours of people, and what must become of a run with each of them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.hands.person import Habits


@dataclass(frozen=True)
class Behaviour:
    """Habits, and the last verdict that a case may then have at worst. `times`: of the bench; `station`: options."""

    habits: Habits
    worst: str = "PASS"
    times: tuple[tuple[str, float], ...] = ()
    station: tuple[str, ...] = ()

    @property
    def name(self):
        return self.habits.name


_SHORT = ("--key", "ConnectionTimeOut=2")

RIGHT = (
    Behaviour(Habits("does what is asked, Enter where it is asked for")),
    Behaviour(Habits("presses Enter after every act", enter="after")),
    Behaviour(Habits("presses Enter first and walks then", enter="before")),
    Behaviour(Habits("presses Enter twice", enter="twice")),
    Behaviour(Habits("types while nothing is asked", types_ahead=True)),
    Behaviour(Habits("walks slowly", walk=(0.5, 1.5))),
    Behaviour(Habits("is away when the run begins", leaves=4.0), times=(("operator_timeout", 2),)),
    Behaviour(Habits("pauses at the first request of each case", first="p")),
)
"""People who do right: every case passes."""

WRONG = (
    Behaviour(Habits("presses Enter and does it when asked again", first="Enter")),
    Behaviour(Habits("presents a wrong card first", wrong_card=True)),
    Behaviour(Habits("uses the wrong connector first", wrong_connector=True)),
    Behaviour(Habits("comes after ConnectionTimeOut", too_late=True), station=_SHORT),
    Behaviour(Habits("pulls the cable where a card is asked for", pulls=True), station=_SHORT),
    Behaviour(Habits("repeats each case", first="r")),
    Behaviour(Habits("cannot do the first thing of each case", first="c"), worst="INCONCLUSIVE"),
)
"""People who make a mistake in each case, and put it right: no case fails, and the last attempt passes."""

ENDING = (
    Behaviour(Habits("aborts the run", ends="a"), worst="INCONCLUSIVE"),
    Behaviour(Habits("presses ctrl-C", ends="ctrl-C"), worst="INCONCLUSIVE"),
    Behaviour(Habits("presses ctrl-C twice", ends="ctrl-C twice"), worst="INCONCLUSIVE"),
)
"""People who end the run: what was run stands, and nothing fails."""
