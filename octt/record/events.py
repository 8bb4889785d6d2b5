"""Every kind of event that a record can hold, a class each (docs/record.md is made from this file).

A field without a default is on every line of its kind; one with a default is left out of the line when it has that
value. Values that a station gave are typed as loosely as a station may write them. The classes are msgspec's, which are
as fast to read and write as dictionaries: frames come by the million.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from msgspec import UNSET, UnsetType

from octt.record.event import Event, Int, Table
from octt.record.event import PlanLine as PlanLine
from octt.record.words import ActionPhase, Agreement, Blame, Outcome, Phase, Severity, Verdict


class RunStarted(Event, tag="run.start", frozen=True, kw_only=True):
    """The first line."""

    tool: Table  # {name, version, python, platform, packages}
    bench: Table  # the bench file, secrets replaced
    pics: Table  # the declaration as read
    plan: list[PlanLine]  # the cases in their order
    not_chosen: list[PlanLine] = []  # the cases that were not chosen for this run
    notices: list[str] = []  # what was missing or was changed before the run, a sentence each
    limits: list[Table] = []  # how long the station may take: {waits_for, seconds, whose, decides}
    started: str  # ISO 8601
    signer: str = ""  # fingerprint of the key that the run is to be signed with
    bench_file: str = ""  # the file that the bench was read from, as it was named
    purpose: str = ""  # "fuzz": hostile input (octt fuzz), of which nothing is a verdict of the certification


class RunResumed(Event, tag="run.resume", frozen=True, kw_only=True):
    """Another sitting: the run goes on, in another process and perhaps after the machine started anew.

    `m` counts anew from here; the numbers of connections go on.
    """

    tool: Table = {}  # as in run.start
    bench: Table = {}  # as in run.start
    pics: Table = {}  # as in run.start
    plan: list[PlanLine] = []  # as in run.start, for all sittings
    not_chosen: list[PlanLine] = []  # those that are in no plan of this record
    cases: list[PlanLine] = []  # what of the plan this sitting runs
    ended: str = ""  # how the sitting before ended: as in run.end, or "broken off"
    gap: float = 0  # seconds since its last line
    changed: list[str] = []  # what is not as it was then, a sentence each
    notices: list[str] = []  # as in run.start
    started: str = ""  # as in run.start
    signer: str = ""  # as in run.start
    bench_file: str = ""  # as in run.start


class Listening(Event, tag="listen", frozen=True, kw_only=True):
    """An endpoint is open."""

    url: str  # what the station is to be configured with
    security_profile: Int  # 0 to 3


class Connected(Event, tag="connect", frozen=True, kw_only=True):
    """A WebSocket was opened."""

    connection: Int  # its number, from 1
    identity: str  # of the station
    remote: str  # address and port
    path: str  # of the request
    subprotocol: str | None  # that was agreed on
    headers: Table  # of the request, without Authorization
    security_profile: Int  # of the endpoint
    user: str  # of HTTP basic authentication
    auth: Literal["none", "ok", "bad"]  # the password: not asked for, right, wrong
    tls: Table | None  # {version, cipher, sni, client_cert, offered, …}; null without TLS
    replaces: Int | None  # the connection that was open until now


class Refused(Event, tag="refused", frozen=True, kw_only=True):
    """A handshake was refused or failed."""

    remote: str  # address and port
    path: str  # of the request
    status: Int  # of HTTP; 0 when it did not come to that
    reason: str  # a sentence
    user: str  # of HTTP basic authentication
    tls: Table | None  # as in connect; `error` when it failed, `received` (hex) if no ClientHello


class Disconnected(Event, tag="disconnect", frozen=True, kw_only=True):
    """A WebSocket was closed."""

    connection: Int  # its number
    code: Int | None  # of the close frame
    reason: str  # of the close frame
    by: Literal["network", "station", "csms"]  # who ended it
    pings: Int = 0  # of the station
    pongs: Int = 0  # answers of the station to our pings
    slowest_pong: float | None = None  # seconds that the slowest of these took


class FrameSeen(Event, tag="frame", frozen=True, kw_only=True):
    """A frame, as soon as it was read from the socket or before it is written to it; its times are taken there."""

    connection: Int  # its number
    dir: Literal["in", "out"]  # "in": from the station, "out": to it
    type: Literal["MALFORMED", "CALL", "CALLRESULT", "CALLERROR"]  # by its first element
    id: str  # of the message
    action: str  # of a reply that of its call
    problems: list[str]  # sentences: schema violations and the like
    raw: str  # the text on the wire, secrets replaced by (secret), cut when too long; hex when binary
    binary: bool = False  # whether it was a binary frame
    truncated: Int | None = None  # characters of the whole text, when it was cut
    sha256: str = ""  # of the whole text (UTF-8), when it was cut
    phase: Phase | None = None  # of the case that was running


class FrameUnsent(Event, tag="unsent", frozen=True, kw_only=True):
    """A frame of the Central System that is on the record did not leave: the connection was gone."""

    frame: Int  # its line


class ToolTroubled(Event, tag="trouble", frozen=True, kw_only=True):
    """The harness itself had trouble; a case that it falls into says nothing about the station."""

    what: Literal["loop", "script", "sleep", "clock", "error"]  # which part, or which clock
    text: str  # a sentence
    seconds: float  # it stood still, or by how much the clock was set
    began: Int  # when, by the monotonic clock


class AnswerArmed(Event, tag="arm", frozen=True, kw_only=True):
    """A script changed how the Central System answers."""

    action: str  # of the requests
    times: Int | None  # how many of them; null: from now on
    when: Table  # fields that a request must have
    payload: Table | UnsetType | None = UNSET  # fields put over the default answer; null: no answer at all
    error: str = ""  # the code of a CALLERROR instead


class NetworkChanged(Event, tag="network", frozen=True, kw_only=True):
    """The Central System disconnected and refuses connections, or lets the station in again."""

    event: Literal["cut", "restored"]  # refused from now on, or let in


class Acted(Event, tag="action", frozen=True, kw_only=True):
    """An action at the station was asked for, or is over: two lines."""

    action: str  # of the driver contract
    params: Table  # e.g. {connector, id_tag}
    driver: str  # the kind of driver
    phase: ActionPhase  # "cannot": there is no means to do it; "failed": it did not work
    why: str = ""  # what it is for, a sentence
    seconds: float | None = None  # since it was asked for
    who: str = ""  # did it
    detail: str = ""  # what the driver or the operator said


class Prompted(Event, tag="prompt", frozen=True, kw_only=True):
    """The operator was asked something; written when it was answered."""

    text: str  # the question
    answer: str  # e.g. "done"
    seconds: float  # until the answer
    frame: Int | None = None  # line of the frame that showed that this, or something else, was done


class Noted(Event, tag="note", frozen=True, kw_only=True):
    """A person added a remark or a picture to a case, or to the run."""

    text: str  # what the person wrote
    file: str = ""  # what was kept, by its path in the run's folder
    bytes: Int = 0  # of the file
    sha256: str = ""  # of the file


class CaseStarted(Event, tag="case.start", frozen=True, kw_only=True):
    """An attempt at a test case begins."""

    attempt: Int  # from 1
    name: str  # of the case
    connector: Int = 0  # as in the plan


class StepDecided(Event, tag="step", frozen=True, kw_only=True):
    """An expectation was decided."""

    step: str  # the document's label, e.g. "3", "Charging.11", or ""
    what: str  # what is expected
    outcome: Outcome  # "fail" in phase "test" fails the case; "info" decides nothing
    phase: Phase  # of the case
    frame: Int | None = None  # line of the frame that satisfied it
    closest: Int | None = None  # line of the frame that came closest
    actual: str = ""  # what came instead, a sentence
    seconds: float | None = None  # waited or measured
    limit: float | None = None  # in seconds
    cite: str = ""  # the section it rests on
    any_order: bool = False  # its neighbours may be met before or after it
    data: Any = None  # more of it, e.g. the expected and the returned schedule


class Remarked(Event, tag="remark", frozen=True, kw_only=True):
    """Something legal but noteworthy, or what a rule that watches every frame saw."""

    text: str  # a sentence
    by: Literal["script", "monitor", "tool"]  # the case, a rule on every frame, or what we say of ourselves
    cite: str  # the section it rests on
    frame: Int | None = None  # line of the frame it is about
    rule: str = ""  # of the monitors
    fault: str = ""  # the beginning of `text` that is the same for the same fault
    severity: Severity | None = None  # of a rule: a violation fails the case
    phase: Phase | None = None  # of the case, when a monitor saw it


class CaseEnded(Event, tag="case.end", frozen=True, kw_only=True):
    """An attempt is over, or a case is not tested (attempt 0)."""

    attempt: Int  # as in case.start
    verdict: Verdict  # of this attempt
    blame: Blame  # who has to do something about it
    reason: str  # why it is no PASS, a sentence
    seconds: float  # the attempt took
    forced: float  # seconds of these that the protocol forces
    connector: Int = 0  # as in the plan


class CaseRevised(Event, tag="case.revised", frozen=True, kw_only=True):
    """What a monitor saw just after the verdict of a case belongs to that case and fails it."""

    verdict: Verdict  # that counts now
    blame: Blame  # who has to do something about it
    reason: str  # a sentence
    connector: Int = 0  # as in the plan


class ConfigurationRead(Event, tag="config", frozen=True, kw_only=True):
    """A snapshot of the station's configuration."""

    when: Literal["after", "before"]  # the test cases
    keys: list[Table]  # {key, value, readonly}, as the station gave them
    unknown: Any  # names, as the station gave them


class StationChanged(Event, tag="changed", frozen=True, kw_only=True):
    """A case changed the station, or put something back."""

    what: str  # "configuration", "availability", "profile", "list", "reservation", "certificate", …
    name: str  # which one
    before: Any  # how it was
    after: Any  # how it is now
    restored: bool  # true on the line that puts it back


class UndoOpened(Event, tag="undo.open", frozen=True, kw_only=True):
    """Something will have to be put back: written before the station is asked for what makes it necessary."""

    what: str  # as in changed, and "lock", "cable", "power", "action", "transaction", "password"
    name: str  # which one
    given: Table  # what it takes to put it back
    run: str = ""  # folder of the earlier run that left it


class UndoDone(Event, tag="undo.done", frozen=True, kw_only=True):
    """Something need not be put back any more."""

    undo: Int  # line of its undo.open
    outcome: Literal["restored", "not needed", "taken over"]  # as it was; gone or never so; by another run


class VerdictOverruled(Event, tag="override", frozen=True, kw_only=True):
    """The operator overrules the verdict of a case."""

    verdict: Verdict  # that counts from now on
    by: str  # whom
    why: str  # a sentence


class FileTransferred(Event, tag="transfer", frozen=True, kw_only=True):
    """A file went from or to a file server, or was not let through."""

    protocol: str  # http, https, ftp, ftps, …
    direction: Literal["download", "upload"]  # seen from the station
    path: str  # on the server
    bytes: Int  # that went over the wire
    sha256: str  # of the kept file, or of what was sent; empty for a part of a file
    seconds: float  # it took
    remote: str  # address and port
    user: str  # who logged in
    tls: Table | None  # as in connect
    complete: bool  # whether all of it went over
    error: str  # why not
    file: str  # what was kept, by its path in the run's folder


class AnswerExamined(Event, tag="pics", frozen=True, kw_only=True):
    """An answer of the declaration was held against the record."""

    item: str  # of the questionnaire, or configuration_keys.NAME
    answer: Any  # as it is shown
    result: Agreement  # of the answer with the record
    why: str  # a sentence
    line: Int  # that shows it; 0: none


class RunEnded(Event, tag="run.end", frozen=True, kw_only=True):
    """The last line of a sitting, and of a record that no other sitting or overruling follows."""

    reason: str  # "finished", "interrupted", …


Known = (
    RunStarted
    | RunResumed
    | Listening
    | Connected
    | Refused
    | Disconnected
    | FrameSeen
    | FrameUnsent
    | ToolTroubled
    | AnswerArmed
    | NetworkChanged
    | Acted
    | Prompted
    | Noted
    | CaseStarted
    | StepDecided
    | Remarked
    | CaseEnded
    | CaseRevised
    | ConfigurationRead
    | StationChanged
    | UndoOpened
    | UndoDone
    | VerdictOverruled
    | FileTransferred
    | AnswerExamined
    | RunEnded
)

KINDS: dict[str, type[Event]] = {kind.__struct_config__.tag: kind for kind in get_args(Known)}
"""The class of each kind, by what stands under `kind` on its line."""
