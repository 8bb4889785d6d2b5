"""How a run ends: by a signal, broken off or carried out, with which exit code, and with reports and a signature."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octt.commands.refusing import NOT_CARRIED_OUT, complain
from octt.record.events import CaseEnded, CaseRevised
from octt.suite.options import Options
from octt.suite.run import Run, Stage

if TYPE_CHECKING:
    from octt.report.model.parts import Result

PASSED, FAILED, UNDECIDED = 0, 1, 3
"""Exit codes of a run that was carried out."""


class Signals:
    """Signals that end a run as ctrl-C does: the station is put back, the record completed, reports are made.

    `received` is the last one, 0 for none.
    """

    def __init__(self) -> None:
        self.received = 0

    def listen(self) -> None:
        """From now on; what was ignored, as `nohup` has it, stays ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._end)

    def _end(self, number: int, frame: Any) -> None:
        self.received = number
        raise KeyboardInterrupt


def verdict_code(
    planned: Iterable[tuple[str, int]], ended: list[CaseEnded | CaseRevised], interrupted: bool = False
) -> int:
    """The exit code by the last verdict of each case at each connector; every one that was `planned` must have one."""
    last = {(event.case, event.connector): event.verdict for event in ended}
    verdicts = {verdict for verdict in last.values() if verdict != "NOT APPLICABLE"}
    if "FAIL" in verdicts:
        return FAILED
    if interrupted or set(planned) - set(last) or verdicts != {"PASS"}:
        return UNDECIDED
    return PASSED


def why_broken(run: Run | None) -> str:
    """Why a run was not carried out, a sentence; nothing when it was."""
    if run is None:
        return "the run did not begin"
    if run.record.lost:
        kept = f"; what was written until then is kept: octt report {run.options.out}"
        return f"{run.record.lost}{kept if run.record.path.exists() else ''}"
    if run.stage is Stage.UNREACHABLE or run.problem:
        return run.problem
    return run.laboratory.driver.gone


def code_of(
    run: Run | None,
    ended: list[CaseEnded | CaseRevised],
    signals: Signals,
    *,
    internal: bool,
    interrupted: bool,
    reported: bool,
) -> int:
    """The exit code of a run, and what it stands for where that was not said yet."""
    if signals.received:
        return 128 + signals.received
    broken = why_broken(run)
    if broken:
        complain(broken)
    if broken or internal or not reported or run is None:
        return NOT_CARRIED_OUT
    planned = [planned.key for planned in run.plan.values() if planned.applies is not False]
    code = verdict_code(planned, ended, interrupted)
    return UNDECIDED if code == PASSED and run.breaches.outside else code


def signing_key(options: Options) -> Path | None:
    """The key to sign the run with, made on first use; None, and why, when there can be none."""
    from octt.report.evidence.again import announce
    from octt.report.evidence.keys import SigningError
    from octt.report.evidence.signers import own_key

    try:
        named = options.bench.laboratory.signing_key
        key = Path(named) if named else own_key()
        if not key.exists():
            options.notices.append(f"A signing key is made for this and later runs: {key}")
        options.signer = announce(key)
    except SigningError as error:
        complain(f"the run is not going to be signed: {error}")
        return None
    return key


def write_reports(options: Options, key: Path | None, run: Run) -> tuple[Result | None, str]:
    """Reports and signature: the result, None where there are none, and the signer's fingerprint.

    The record is there whatever happens here. Where it could not be written to its end, `why_broken` says enough.
    """
    from octt.report.evidence.again import sign_own
    from octt.report.evidence.keys import SigningError
    from octt.report.write import write_all

    result = None
    try:
        result = write_all(options.out)
        return result, sign_own(options.out, key) if key else ""
    except SigningError as error:
        complain(f"the run was not signed: {error}")
    except KeyboardInterrupt:
        complain(f"ended while the reports were written; make them with: octt report {options.out}")
    except Exception as error:
        if not run.record.lost:
            complain(f"not all reports could be written: {error}; try again with: octt report {options.out}")
    return result, ""
