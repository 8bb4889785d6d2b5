"""A person overrules a verdict: one more line of the record, disclosed in every report."""

from __future__ import annotations

from pathlib import Path

from octt.record import Record, check_chain, read
from octt.record.events import CaseEnded, VerdictOverruled
from octt.record.words import Verdict

VERDICTS = (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE)
"""What the operator may decide."""


class OverrideError(Exception):
    """The verdict cannot be overruled; the message says why and what helps."""


def override(folder: Path, case: str, verdict: Verdict, by: str, why: str) -> None:
    """Appends the override to the run's record; see `octt.report.evidence.again` for its signature.

    Raises OverrideError for a case that was not run, a record that is damaged or still being written, and without a
    name or a reason.
    """
    path = folder / "record.jsonl"
    if not path.is_file():
        raise OverrideError(f"{path}: no such record; name the folder of a run")
    if not by.strip() or not why.strip():
        raise OverrideError("an override needs who decided (--by) and why (--why)")
    _last, damages = check_chain(path)
    if damages:
        raise OverrideError(f"{path}: damaged at line {damages[0].line}: {damages[0].what}")
    if case not in {event.case for event in read(path) if isinstance(event, CaseEnded)}:
        raise OverrideError(f"{case} has no verdict in this run, so none can be overruled")
    try:
        record = Record(path)
    except OSError as error:
        raise OverrideError(f"{path}: {error.strerror}") from None
    record.write(VerdictOverruled(verdict=verdict, by=by.strip(), why=why.strip()), case=case)
    record.close()
