"""How long the station may take: the bench's values, else what the vendor declared, else the document's defaults."""

from __future__ import annotations

from dataclasses import dataclass

from octt.bench import Bench
from octt.pics.declaration import Declaration

RESPONSE, FUNCTION, REMOTE = 30.0, 30.0, 90.0
"""Seconds when neither bench nor declaration say anything."""


@dataclass(frozen=True)
class Limits:
    """Limits in seconds. `late` is the tolerance for something that must not be late."""

    response: float
    function: float
    remote_start: float
    remote_stop: float
    late: float

    def early(self, interval: float) -> float:
        """By how much something due after `interval` seconds may come early: never more than a third of it."""
        return min(self.late, interval * 0.3)


def limits(bench: Bench, declared: dict[str, float]) -> Limits:
    """`declared` may hold response, function, remote_start and remote_stop from the declaration, in seconds."""
    times = bench.times
    function = times.function_timeout or declared.get("function") or FUNCTION
    return Limits(
        response=times.response_timeout or declared.get("response") or RESPONSE,
        function=function,
        remote_start=times.remote_start_timeout or max(declared.get("remote_start", 0.0), function),
        remote_stop=times.remote_stop_timeout or max(declared.get("remote_stop", 0.0), function),
        late=times.max_deviation,
    )


def declared_times(declaration: Declaration) -> dict[str, float]:
    """The declared performance values that serve as limits, in seconds."""
    names = {
        "response": "response_timeout",
        "function": "triggered_timeout",
        "remote_start": "remote_start_time",
        "remote_stop": "remote_stop_time",
    }
    answers = {name: declaration.answer(item) for name, item in names.items()}
    return {
        name: float(value) for name, value in answers.items() if isinstance(value, int | float) and value > 0
    }
