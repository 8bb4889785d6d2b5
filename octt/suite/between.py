"""Between two cases, and after the last: what the person wished for meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from octt.script.verdicts import Verdict
from octt.station.operator import Operator
from octt.suite.run import Run

ABORT = "abort"
"""The run is to end here."""
_SETTLED = (Verdict.PASS, Verdict.NOT_APPLICABLE)


def case_to_repeat(run: Run, *, last: bool) -> str:
    """Takes up a pause, if one was wished for; the case that is to be repeated, "" for none, or ABORT.

    After the `last` case a person who did all by hand is asked whether to repeat any.
    """
    operator, ended = run.options.operator, run.ended
    if operator is None:
        return ""
    wish, _, named = operator.wish().partition(" ")
    if wish == "a":
        return ABORT
    if wish == "p":
        operator.pause("paused")
    open_ones = [case for case, verdict in ended.items() if verdict not in _SETTLED]
    if wish == "r" and named in ended:
        return named
    if wish == "r" and ended:
        return _which(operator, "Which case is to be repeated?", ended, list(ended)[-1])
    if last and open_ones and operator.attended and run.bench.driver.kind == "manual":
        question = f"All cases have been run; {len(open_ones)} did not pass. Is one to be repeated?"
        return _which(operator, question, ended, "")
    return ""


def _which(operator: Operator, question: str, ended: Mapping[str, Verdict], default: str) -> str:
    lines = [f"{verdict}: {', '.join(cases)}" for verdict, cases in _by_verdict(ended).items()]
    lines.append(f"type its id{f', or Enter for {default}' if default else '; Enter for none'}")
    none = {} if not default else {"n": "none of them"}
    choices = {**dict.fromkeys(ended, ""), **none}
    chosen = operator.choose(question, choices, otherwise="", enter=default, lines=lines, limited=True)
    return chosen if chosen in ended else ""


def _by_verdict(ended: Mapping[str, Verdict]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for case, verdict in ended.items():
        if verdict not in _SETTLED:
            found.setdefault(verdict, []).append(case)
    return found
