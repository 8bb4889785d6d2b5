"""What a reply, or none, says about a station. Pure: it knows the blow and what came of it, nothing else."""

from __future__ import annotations

from octt.fuzz.story import ANY, Blow, Kind, Severity, Trouble
from octt.ocpp import Frame

_ANSWERED = "OCPP-J 1.6 sections 4.1.1 and 4.2"
_CODES = "OCPP-J 1.6 section 4.2.3"
_LONG = "message id is longer"
"""What is wrong with the answer to a request whose id is too long."""
_OUT = ("InternalError", "GenericError")
"""Codes that say that the station did not know what to do."""
_OF_CONTENT = (
    *("FormationViolation", "FormatViolation", "ProtocolError", "TypeConstraintViolation"),
    *("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
)


def unanswered(blow: Blow, seconds: float) -> Trouble:
    """A request that got no reply in time, though the connection stayed."""
    doubtful = bool(blow.wrong) and (blow.codes == ANY or blow.kind is Kind.FRAME)
    severity = Severity.SHOULD if doubtful else Severity.MUST
    fault = f"no answer to {blow.sort}"
    return Trouble(severity, fault, f"{_name(blow)}: none within {seconds:.3g} s", blow.cite or _ANSWERED)


def replied(blow: Blow, frame: Frame, problems: tuple[str, ...], line: int) -> list[Trouble]:
    """What is wrong with a reply. `problems`: what the reader found."""
    if problems and not (_LONG in problems[0] and blow.codes == ANY):
        told = f"a malformed answer to {blow.sort}"
        return [Trouble(Severity.MUST, told, f"{_name(blow)}: {problems[0]}", "OCPP-J 1.6 section 4.2", line)]
    if frame.type == "CALLERROR":
        return _error(blow, frame.error_code, line)
    return _result(blow, frame, line)


def _error(blow: Blow, code: str, line: int) -> list[Trouble]:
    if blow.codes == ANY or code in blow.codes or code in ("NotSupported", "NotImplemented"):
        return []
    detail = f"{_name(blow)}: {code}"
    if blow.codes or blow.wrong:
        if blow.kind is Kind.FRAME and code not in _OUT:
            return []
        fault = f"{code} in answer to {blow.sort}"
        return [Trouble(Severity.SHOULD, fault, detail, _CODES, line)]
    if code in (*_OUT, *_OF_CONTENT):
        fault = f"{code} in answer to {blow.sort}, which satisfies its schema"
        severity = Severity.ROBUSTNESS if code == "InternalError" else Severity.SHOULD
        return [Trouble(severity, fault, detail, _CODES, line)]
    return []


def _result(blow: Blow, frame: Frame, line: int) -> list[Trouble]:
    if not blow.wrong or blow.codes == ANY:
        return []
    status = str(frame.payload.get("status", ""))[:40]
    if "errata" in blow.cite:
        fault = f"{blow.action} with {blow.wrong} is answered with a status instead of CALLERROR"
        return [Trouble(Severity.MUST, fault, f"{blow.place}: {status}", blow.cite, line)]
    if status in ("Accepted", "RebootRequired", "Unlocked", "Scheduled"):
        fault = f"{status} in answer to {blow.sort}"
        return [Trouble(Severity.SHOULD, fault, _name(blow), blow.cite or _CODES, line)]
    return []


def _name(blow: Blow) -> str:
    return ", ".join(part for part in (blow.action[:60], blow.place) if part) or blow.told
