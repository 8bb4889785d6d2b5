"""One connection of the station: its frames in, our answers and calls out, each on the record before anything else.

OCPP-J 1.6 section 4: messages. What is read is first recorded, then put on the timeline; what is sent is recorded
before it is on the wire. A request is held on the timeline until its answer has left.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from octt import ocpp
from octt.csms.allowance import Allowance
from octt.csms.answers import Answers, ErrorAnswer, RawAnswer
from octt.csms.connection import LabConnection
from octt.csms.endpoints import Settings
from octt.csms.wire import as_recorded, judge_call, lightened, quickly, without_key
from octt.ocpp import Frame, schemas
from octt.record import Event, Record
from octt.record.events import FrameSeen, FrameUnsent
from octt.record.words import Phase
from octt.timeline.entry import Entry
from octt.timeline.timeline import Timeline

_NAME = 200
"""Characters of an id or a name of an action that go into the record; the text has them all."""


@dataclass(frozen=True)
class Desk:
    """What every session works with. `watch` is told of every event after the station has got its answer."""

    settings: Settings
    record: Record
    timeline: Timeline
    answers: Answers
    watch: Callable[[Event, Frame | None], None]
    frames: Allowance = field(init=False)
    characters: Allowance = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", Allowance(*self.settings.frames))
        object.__setattr__(self, "characters", Allowance(*self.settings.characters))


Put = Callable[[str | bytes], Awaitable[None]]
"""Puts a message on the wire. Raises ConnectionClosed."""


class Wire(Protocol):
    """What texts are read from and sent to: the connection itself, or what stands between it and us."""

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """What arrives, until the connection ends or ConnectionClosed."""

    async def send(self, text: str, /) -> None:
        """Sends a text. Raises ConnectionClosed."""


class Session:
    """One connection, from its handshake to its end. Lives on the Central System's loop."""

    def __init__(self, desk: Desk, connection: LabConnection, number: int) -> None:
        self.desk, self.connection, self.number = desk, connection, number
        self.wire: Wire = connection
        self.cut = False
        """Whether we broke the connection."""

        self._pending: dict[str, asyncio.Future[Entry]] = {}
        self._answering: asyncio.Queue[tuple[Entry, Frame, str]] = asyncio.Queue()

    # -- in -------------------------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Reads frames until the connection ends."""
        allowed = self.desk.frames
        with contextlib.suppress(ConnectionClosed):
            async for message in self.wire:
                if not allowed.take():
                    told = f"more than {allowed.at_once:g} frames at once and {allowed.per_second:g} a second"
                    self._unusable(f"{told}; what follows is left out, and the connection closed")
                    await self.connection.close(CloseCode.POLICY_VIOLATION, "too many messages")
                    break
                await self._receive(message)

        if fault := self.connection.protocol_fault:
            self._unusable(f"{fault}; connection closed", self.connection.last)

    def ended(self) -> None:
        """The connection is gone, and the timeline says so: nobody waits for replies on it any more."""
        for future in self._pending.values():
            if not future.done():
                future.cancel()
        self._pending.clear()

    async def _receive(self, message: str | bytes) -> None:
        m, case = time.monotonic_ns(), self.desk.record.case
        with quickly(len(message)):
            frame = ocpp.parse(message)
            problems, error = list(frame.problems), ""
            reply = frame.type in ("CALLRESULT", "CALLERROR")
            call = self.desk.timeline.call_of(True, frame.id) if reply else None
            if frame.type == "CALL":
                error = judge_call(frame, problems)
            elif reply:
                problems += self._judge_reply(frame, call)
                case = call.case if call else case
            if problems or frame.type == "CALLERROR":
                frame = lightened(frame, len(message))
        action = call.action if call else frame.action
        entry = self._write("in", message, frame, action, problems, case, m=m, held=frame.type == "CALL")
        future = self._pending.pop(frame.id, None) if reply else None
        if future and not future.done():
            future.set_result(entry)
        if frame.type == "CALL":
            await self._answer(entry, frame, error)

    def _judge_reply(self, frame: Frame, call: Entry | None) -> list[str]:
        if frame.id not in self._pending:
            late = "reply to a call that had timed out or was already answered"
            return ["reply to a call we never made" if call is None else late]
        if frame.type == "CALLERROR" or call is None or call.action not in schemas.ACTIONS:
            return []  # what no schema tells, as after a call that no reader understands (octt/fuzz)
        return schemas.problems(call.action, "response", frame.payload)

    def _unusable(self, problem: str, wire: bytes = b"") -> None:
        """What was not read as a frame: evidence by the last bytes of the wire, masked as they came."""
        self._write("in", wire, Frame("MALFORMED", problems=(problem,)), "", [problem], self.desk.record.case)

    # -- out ------------------------------------------------------------------------------------------------------

    async def _answer(self, request: Entry, frame: Frame, error: str) -> None:
        """Answers a request at once, or after the bench's delay, in the order in which they came."""
        delay = self.desk.settings.reply_delay
        if not delay:
            await self._answer_now(request, frame, error)
            return
        self._answering.put_nowait((request, frame, error))
        if self._answering.qsize() == 1:
            asyncio.get_running_loop().call_later(delay, self._answer_next)

    def _answer_next(self) -> None:
        waiting = self._answering.get_nowait()
        self._task = asyncio.get_running_loop().create_task(self._answer_now(*waiting))
        if not self._answering.empty():
            asyncio.get_running_loop().call_later(self.desk.settings.reply_delay, self._answer_next)

    async def _answer_now(self, request: Entry, frame: Frame, error: str) -> None:
        try:
            for text in self._answer_texts(frame, error):
                await self.send(text, frame.action, request.case)
        finally:
            self.desk.timeline.release(request)

    def _answer_texts(self, frame: Frame, error: str) -> tuple[str, ...]:
        """The answer to a request, none where we stay silent; several only where somebody armed them (octt/fuzz)."""
        if error:
            return (ocpp.error(frame.id, error, f"{frame.action or 'message'} refused"),)
        answer = self.desk.answers.answer(frame.action, frame.payload, self.desk.timeline.latest)
        if answer is None:
            return ()
        if isinstance(answer, RawAnswer):
            return answer.texts(frame.id)
        if isinstance(answer, ErrorAnswer):
            return (ocpp.error(frame.id, answer.code, answer.description),)
        return (ocpp.result(frame.id, answer),)

    async def call(
        self, action: str, payload: dict[str, Any], timeout: float
    ) -> tuple[Entry | None, Entry | None]:
        """Sends a request and waits for its reply; the reply is None after `timeout` seconds, or when it is lost."""
        if self.desk.settings.request_delay:
            await asyncio.sleep(self.desk.settings.request_delay)
        ident = str(uuid.uuid4())
        return await self.ask(ident, ocpp.call(ident, action, payload), action, timeout)

    async def ask(
        self, ident: str, text: str, action: str, timeout: float, put: Put | None = None
    ) -> tuple[Entry | None, Entry | None]:
        """Sends a request as it is written, and waits for the reply to `ident`; None as in `call`.

        `put` puts it on the wire in a way of its own.
        """
        self._pending[ident] = answered = asyncio.get_running_loop().create_future()
        request, sent = await self.send(text, action, self.desk.record.case, put)
        if not sent:
            self._pending.pop(ident, None)
            return request, None
        try:
            return request, await asyncio.wait_for(answered, timeout)
        except (TimeoutError, asyncio.CancelledError):
            self._pending.pop(ident, None)
            return request, None

    async def send(
        self, text: str | bytes, action: str, case: str | None, put: Put | None = None
    ) -> tuple[Entry, bool]:
        """Puts a frame on the record and then on the wire; whether the connection still took it."""
        entry = self._write("out", text, ocpp.parse(text), action, [], case)
        try:
            if put is not None:
                await put(text)
            elif isinstance(text, bytes):
                await self.connection.send(text)
            else:
                await self.wire.send(text)
        except ConnectionClosed:
            self.desk.record.write(FrameUnsent(frame=entry.n), case=case)
            return entry, False
        return entry, True

    def note(self, data: bytes, what: str) -> None:
        """Puts bytes that are no message on the record, before somebody puts them on the wire."""
        self._write("out", data, Frame("MALFORMED", problems=(what,)), "", [what], self.desk.record.case)

    def _write(
        self,
        direction: Literal["in", "out"],
        message: str | bytes,
        frame: Frame,
        action: str,
        problems: list[str],
        case: str | None,
        *,
        m: int | None = None,
        held: bool = False,
    ) -> Entry:
        desk = self.desk
        seen = FrameSeen(
            connection=self.number,
            dir=direction,
            type=frame.type,
            id=frame.id[:_NAME],
            action=action[:_NAME],
            problems=problems,
            phase=Phase(desk.record.phase) if case and desk.record.phase else None,
            **as_recorded(without_key(frame, action, message), desk.characters.take),
        )
        event = desk.record.write(seen, m=m, case=case)
        entry = desk.timeline.append(
            event.n,
            event.m,
            event.t,
            "frame",
            self.number,
            held=held,
            incoming=direction == "in",
            frame=frame,
            action=action,
            problems=tuple(problems),
            case=case,
            weight=len(message),
        )
        # Who watches must not make the station wait: it is told when this turn of the loop is over.
        asyncio.get_running_loop().call_soon(desk.watch, event, frame)
        return entry
