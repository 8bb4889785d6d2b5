"""The Central System of an old record: the one that scripts use, but what it tells them is on the tape."""

from __future__ import annotations

from typing import Any

from octt.audit.judge.playing import Player
from octt.audit.judge.requests import difference
from octt.audit.judge.tape import Tape
from octt.csms.admission import Attempt, Credentials
from octt.csms.answers import Answers, Armed, ErrorAnswer
from octt.csms.endpoints import Endpoint, Settings
from octt.csms.server import CentralSystem
from octt.csms.troubles import Trouble, Troubles
from octt.ocpp import frames
from octt.record import Event, Record
from octt.record.events import (
    AnswerArmed,
    Connected,
    Disconnected,
    FrameSeen,
    FrameUnsent,
    Listening,
    NetworkChanged,
    Refused,
    RunResumed,
    ToolTroubled,
)
from octt.timeline.entry import Entry
from octt.timeline.timeline import Timeline

WRONG_PASSWORD = b"(wrong)"


class Replayed(CentralSystem):
    """Plays a tape. Nothing is opened, and no thread runs."""

    def __init__(self, settings: Settings, record: Record, answers: Answers, tape: Tape) -> None:
        super().__init__(settings, record, answers)
        self._loop.close()
        self._password = settings.password
        self.player = Player(tape, self._tell_event)
        self._troubled = self.troubles = Told(record)
        self.answers.arm = self._arm  # type: ignore[method-assign]
        self._answered = {
            (event.connection, event.id)
            for event in tape.events
            if isinstance(event, FrameSeen) and event.dir == "out" and event.type != "CALL"
        }
        self._unsent = {event.frame for event in tape.events if isinstance(event, FrameUnsent)}
        self._waiting: dict[tuple[int, str], Entry] = {}
        self._connection: int | None = None
        self._new_timeline()

    def _new_timeline(self) -> None:
        """As the beginning of a process has it: nothing is known yet."""
        self.timeline = self.door.timeline = Timeline(self.player)
        self.timeline.settle = self.settle
        self._waiting.clear()
        self._connection = None

    def begin_case(self) -> None:
        """The case before has put everything back."""
        settings, self.settings.other_password = self.settings, ""
        settings.password = self._password
        settings.endpoints[:] = [Endpoint(self.security_profile)]
        self._troubled.told.clear()

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Nothing is opened."""

    def stop(self) -> None:
        """Nothing was opened."""

    def settle(self) -> int:
        """All that came until now was told."""
        return self.player.now()

    @property
    def connected(self) -> bool:
        """Whether the station was connected."""
        return self._connection is not None

    def open(self, endpoint: Endpoint) -> None:
        """As an endpoint was opened then."""
        profile = endpoint.security_profile
        event = self.player.expect(Listening, f"open an endpoint of security profile {profile}")
        if event.security_profile != profile:
            self.player.part(
                f"the script opens an endpoint of security profile {profile}, not {event.security_profile}",
                event,
            )
        self.player.take()
        if endpoint not in self.settings.endpoints:
            self.settings.endpoints.append(endpoint)

    def replace(self, endpoint: Endpoint, by: Endpoint) -> None:
        """As an endpoint took the place of another then."""
        self.open(by)
        self.settings.endpoints.remove(endpoint)

    def disconnect(self) -> None:
        """That we broke a connection is on the tape as its end."""

    def cut(self) -> None:
        """As the network was cut then."""
        self._network("cut")
        self.door.closed = True

    def restore(self) -> None:
        """As the network was restored then."""
        if self.door.closed:
            self._network("restored")
            self.door.closed = False

    def _network(self, event: str) -> None:
        found = self.player.expect(NetworkChanged, f"what makes the network {event}")
        if found.event != event:
            self.player.part(f"the network is {event} by the script, it was {found.event}", found)
        self.player.take()

    # -- what scripts do ------------------------------------------------------------------------------------------

    def call(self, action: str, payload: dict[str, Any], timeout: float) -> tuple[Entry | None, Entry | None]:
        """The request and its reply, if the same was asked then. Raises Parted."""
        if self.player.parted is None and self.player.comes_next(FrameSeen) is None and not self.connected:
            return None, None
        seen = self.player.expect(FrameSeen, f"{action}.req")
        frame = frames.parse(seen.raw)
        other = f"it was {frame.action}.req" if frame.action != action else difference(payload, frame.payload)
        if other:
            self.player.part(f"the script sends another {action}.req: {other}", seen)
        self.player.take()
        request = self.last
        if seen.n in self._unsent:
            return request, None
        deadline = seen.m + int(timeout * 1e9)

        def answer() -> Entry | bool | None:
            for entry in reversed(self.timeline.since(request.index + 1)):
                if entry.call is not None and entry.call.n == request.n and entry.incoming:
                    return entry
            return None if self._connection == seen.connection else True  # nobody can answer any more

        found = self.timeline.wait(answer, deadline)
        in_time = isinstance(found, Entry) and found.m <= deadline
        return request, found if in_time and isinstance(found, Entry) else None

    def fresh(self, field: str) -> int:
        """The number that the next request of then has in this field; without one, one that none had."""
        found = (payload.get(field) for payload in self.player.requests())
        return next((number for number in found if isinstance(number, int)), super().fresh(field))

    def _arm(self, action: str, armed: Armed) -> None:
        event = self.player.expect(AnswerArmed, f"answer {action} otherwise")
        today: dict[str, Any] = {"action": action, "times": armed.times, "when": dict(armed.when)}
        then: dict[str, Any] = {"action": event.action, "times": event.times, "when": event.when}
        if isinstance(armed.payload, ErrorAnswer):
            today["error"], then["error"] = armed.payload.code, event.error
        else:
            today["answer"], then["answer"] = armed.payload, event.payload
        if found := difference(today, then):
            self.player.part(f"the script answers {action} otherwise than then: {found}", event)
        self.player.take()

    # -- what is told ---------------------------------------------------------------------------------------------

    def _tell_event(self, event: Event) -> None:
        if isinstance(event, FrameSeen):
            self._frame(event)
        elif isinstance(event, Connected):
            self._comes(event)
        elif isinstance(event, Disconnected):
            self._goes(event)
        elif isinstance(event, Refused):
            given = event.status == 401 and "wrong" in event.reason
            shown = Credentials(event.user, WRONG_PASSWORD if given else b"", given)
            self.refusals[:] = [*self.refusals[-20:], event.reason]
            profile = self.settings.endpoints[0].security_profile
            self.door.attempts.append(
                Attempt(event.n, event.m, profile, event.reason or "refused", event.path, shown, event.tls)
            )
        elif isinstance(event, NetworkChanged):
            self.door.closed = event.event == "cut"
        elif isinstance(event, ToolTroubled):
            self._troubled.told.append(Trouble(event.what, event.text, event.began, event.m))
        elif isinstance(event, RunResumed):
            self._new_timeline()

    def _frame(self, event: FrameSeen) -> None:
        frame, incoming, key = frames.parse(event.raw), event.dir == "in", (event.connection, event.id)
        self.last = self.timeline.append(
            event.n,
            event.m,
            event.t,
            "frame",
            event.connection,
            held=incoming and frame.type == "CALL" and key in self._answered,
            incoming=incoming,
            frame=frame,
            action=event.action or frame.action,
            problems=tuple(event.problems),
            case=event.case,
        )
        if incoming and frame.type == "CALL":
            self._waiting[key] = self.last
        elif not incoming and frame.type != "CALL" and key in self._waiting:
            self.timeline.release(self._waiting.pop(key))

    def _comes(self, event: Connected) -> None:
        password = self.settings.password.encode() if event.auth == "ok" else b""
        self.credentials = Credentials(event.user, password, event.auth != "none" or bool(event.user))
        self.security_profile, self.tls = int(event.security_profile), event.tls
        self._connection = int(event.connection)
        self.door.attempts.append(
            Attempt(event.n, event.m, self.security_profile, "", event.path, self.credentials, event.tls)
        )
        self._append(event, "connect", event.connection, replaces=event.replaces is not None)

    def _goes(self, event: Disconnected) -> None:
        for key in [key for key in self._waiting if key[0] == event.connection]:
            self.timeline.release(self._waiting.pop(key))
        if self._connection == event.connection:
            self._connection = None
            self._append(event, "disconnect", event.connection, by=event.by)

    def _append(self, event: Event, kind: Any, connection: int, **more: Any) -> None:
        self.timeline.append(event.n, event.m, event.t, kind, connection, case=event.case, **more)


class Told(Troubles):
    """The trouble of the harness that is on the tape, of the attempt that is judged."""

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self.told: list[Trouble] = []

    def since(self, _m: int) -> list[Trouble]:
        """All that was told since the attempt began."""
        return list(self.told)
