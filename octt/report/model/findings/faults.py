"""The fault in the station's terms, and what equal faults have in common whatever their numbers and times.

A step of the record says what was expected and what came instead; both are sentences of ours (octt/script), so that
the fault can be read out of them.
"""

from __future__ import annotations

import hashlib
import re

_SHAPES = tuple(
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        (r"a reply to (\w+)\nno reply within", r"\1.req is not answered in time"),
        (r"a reply to (\w+)\nthe connection ended", r"the connection ends before \1.req is answered"),
        (r"no (\w+ that the scenario does not bring about)\nthe station sent", r"a \1"),
        (r"no .+\nthe station sent (\w+)\.req\(.*?\bstatus=(\w+)", r"\1 \2 comes and must not"),
        (r"no .+\nthe station sent (\w+)\.req", r"\1 comes and must not"),
        (r"no (.+)\nit came", r"\1 comes and must not"),
        (r"(.+) after [\d.]+ s\nit came after", r"\1 comes too early"),
        (r"(.+)\nit came after [\d.]+ s, allowed are", r"\1 comes too late"),
        (r"(.+)\nit came before its turn", r"\1 comes before its turn"),
        (r"(?:.+)\n(\w+) came, but (.+)", r"\1.req: \2"),
        (r"(.+)\nit did not come", r"\1 does not come"),
        (r"the station to (\w+)\nit did not", r"the station does not \1"),
        (r"(\w+\.(?:req|conf))\b.*\nthe station answered (CALLERROR.*)", r"\1: \2 instead"),
        (r"(\w+\.(?:req|conf))\b[^\n]*\n(.+)", r"\1: \2"),
    )
)
"""What an expectation and what came instead look like, joined by a newline, and the fault that it is."""

_PRONOUN = re.compile(r"it |the |\d{4}-\d\d-\d\dT")
"""How a sentence begins that says nothing without the one about what was expected."""

_INSTEAD = re.compile(r"; (?:instead came|nothing else came).*", re.DOTALL)
_SHORT = re.compile(r"(\w+\.(?:req|conf))\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_END = r"(?= or \w+\.(?:req|conf)| and no | comes\b| does not come|:|$)"
_OWN_FIELD = re.compile(r"\b(?:transactionId|reservationId|requestId) = [^,\s]+(?:, |(?=\s|$))")
_WITH = re.compile(rf"(\w+\.(?:req|conf)) with (.*?),?\s*{_END}")
_STATUS = re.compile(
    r"\b(Available|Preparing|Charging|SuspendedEVSE|SuspendedEV|Finishing|Reserved|Unavailable|Faulted)\b"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?")
_ID = re.compile(
    r"\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{6,}\b|[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def fault(what: str, actual: str) -> str:
    """What is wrong at the station, in one sentence that names its message first."""
    if not actual:
        return f"not so: {what}"
    both = f"{what}\n{_INSTEAD.sub('', actual)}"
    for pattern, sentence in _SHAPES:
        found = pattern.match(both)
        if found:
            return _readable(found.expand(sentence))
    if _PRONOUN.match(actual):
        return f"not so: {what}"
    return f"{actual}; expected: {what}"


def _readable(sentence: str) -> str:
    """Without the ids of this one case; fields in brackets."""
    sentence = _WITH.sub(_in_brackets, _OWN_FIELD.sub("", sentence))
    return " ".join(sentence.split())


def _in_brackets(found: re.Match[str]) -> str:
    fields = found[2].replace(" = ", " ")
    return f"{found[1]} ({fields})" if fields else found[1]


def same(sentence: str) -> str:
    """What equal faults have in common: the sentence without numbers, times, ids and the contents of frames."""
    sentence = _SHORT.sub(_essence, sentence)
    for pattern, sign in ((_TIME, "<time>"), (_ID, "<id>"), (_NUMBER, "#")):
        sentence = pattern.sub(sign, sentence)
    return " ".join(sentence.split()).casefold()


def _essence(frame: re.Match[str]) -> str:
    """A frame that is told in a sentence: its name and its status."""
    status = re.search(r"\bstatus=(\w+)", frame[2])
    return f"{frame[1]} {status[1] if status else ''}"


def missing(sentence: str) -> tuple[str, frozenset[str]] | None:
    """For a status that does not come: the message and the statuses any of which would have done; else None."""
    name = re.match(r"StatusNotification\b", sentence)
    statuses = frozenset(_STATUS.findall(sentence.split(" does not come")[0]))
    return (name[0], statuses) if name and statuses and sentence.endswith("does not come") else None


def name_of(key: tuple[str, ...]) -> str:
    """A short name that the same fault has in every run."""
    return hashlib.sha256("\n".join(key).encode("utf-8", "replace")).hexdigest()[:10]
