"""How each kind of blow is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from octt import ocpp
from octt.csms.answers import Armed, RawAnswer
from octt.fuzz.story import ANY, Blow, Kind, Severity
from octt.fuzz.striking import sockets
from octt.fuzz.striking.engine import Engine
from octt.ocpp import Frame, values
from octt.script.limits import REPLY, TRIGGERED
from octt.timeline.entry import Entry

GRACE = 0.05
"""Seconds after the next reply for an answer to a malformed message, which a station may also leave out."""

_TAKEN_BACK: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "ReserveNow": lambda sent: ("CancelReservation", {"reservationId": sent.get("reservationId")}),
    "SetChargingProfile": lambda sent: (
        "ClearChargingProfile",
        {"id": values.table(sent.get("csChargingProfiles")).get("chargingProfileId")},
    ),
    "ChangeAvailability": lambda sent: (
        "ChangeAvailability",
        {"connectorId": sent.get("connectorId"), "type": "Operative"},
    ),
    "SendLocalList": lambda _sent: (
        "SendLocalList",
        {"listVersion": 1, "updateType": "Full", "localAuthorizationList": []},
    ),
}
"""The request that takes back what one that was Accepted has done."""


async def _call(engine: Engine, blow: Blow) -> None:
    ident = blow.ident or engine.ident()
    watch, boots = engine.watch, engine.watch.boots
    boot = values.table(blow.payload).get("requestedMessage") == "BootNotification"
    if boot:
        watch.expect_boot()
    text = ocpp.call(ident, blow.action, blow.payload)
    reply = await engine.send(ident, text, blow.action)
    engine.judge(blow, reply)
    if reply is not None:
        _owe(engine, blow, reply)
        if boot and reply.frame.payload.get("status") == "Accepted":
            await engine.until(lambda: watch.boots > boots, engine.full[TRIGGERED])


def _owe(engine: Engine, blow: Blow, reply: Entry) -> None:
    """What a request has changed is taken back before the station is asked for anything."""
    sent = values.table(blow.payload)
    status = reply.frame.payload.get("status")
    if blow.action == "Reset" and status == "Accepted":
        engine.watch.expect_boot()
    if status not in ("Accepted", "RebootRequired", "Scheduled") or engine.model is not None:
        return
    if blow.action == "ChangeConfiguration":
        key = next((one for one in engine.settings if values.same(one, sent.get("key"))), None)
        if key is not None:
            engine.owed.append(("ChangeConfiguration", {"key": key, "value": engine.settings[key]}))
    elif blow.action in _TAKEN_BACK:
        engine.owed.append(_TAKEN_BACK[blow.action](sent))


async def _frame(engine: Engine, blow: Blow) -> None:
    session = engine.csms.session
    if session is None:
        return
    *before, last = blow.texts
    message: str | bytes = bytes.fromhex(last) if blow.binary else last
    action = ocpp.parse(message).action
    for text in before:
        await engine.send(blow.ident, text, action)
    if not blow.ident or isinstance(message, bytes):
        await session.send(message, action, None)
        return
    if blow.codes == ANY:
        engine.judge(blow, await engine.send(blow.ident, message, action))
        return
    answered = asyncio.ensure_future(engine.send(blow.ident, message, action))
    await asyncio.sleep(0)  # it leaves before the probe
    probe = await engine.request("GetConfiguration", {"key": ["HeartbeatInterval"]})
    if not answered.done():
        await asyncio.wait([answered], timeout=GRACE)
    if answered.done():
        engine.judge(blow, answered.result())
        return
    answered.cancel()
    if probe is not None:
        fault = f"no answer to {blow.sort}"
        engine.trouble(Severity.SHOULD, fault, blow.told, blow.cite, probe.n)


async def _answer(engine: Engine, blow: Blow) -> None:
    """A trigger makes the station ask; a station without that profile is left alone."""
    answers, watch = engine.csms.answers, engine.watch
    if blow.action == "BootNotification":
        watch.expect_boot()
    armed = Armed(RawAnswer(blow.texts), times=1)
    answers.arm(blow.action, armed)
    asked = await _triggered(engine, blow.action)
    answers.withdraw(blow.action, armed)
    if asked is not None:
        await _release(engine, asked)
    if blow.action == "BootNotification" and engine.csms.connected:
        watch.boots_due = watch.boots + 3  # a station may well try again after an answer like that
        await _triggered(engine, blow.action)
        if "HeartbeatInterval" in engine.settings:
            value = engine.settings["HeartbeatInterval"]
            engine.owed.append(("ChangeConfiguration", {"key": "HeartbeatInterval", "value": value}))


async def _triggered(engine: Engine, action: str) -> Frame | None:
    """Makes the station send a request; the request as it came, None when it cannot be made to."""
    watch, seen = engine.watch, engine.watch.seen.get(action, 0)
    reply = await engine.request("TriggerMessage", {"requestedMessage": action})
    if reply is None or reply.frame.payload.get("status") != "Accepted":
        return None
    limit = engine.patience if engine.hasty else engine.full[TRIGGERED]
    if not await engine.until(lambda: watch.seen.get(action, 0) > seen, limit):
        if engine.csms.connected:
            fault = f"accepts a trigger of {action} and sends nothing after {watch.sort}"
            engine.trouble(Severity.MUST, fault, cite="OCPP 1.6 section 5.17")
        return None
    return watch.latest[action]


async def _release(engine: Engine, asked: Frame) -> None:
    """The proper answer after the hostile one: late, and it frees a station that waits for one."""
    session, csms = engine.csms.session, engine.csms
    answer = csms.answers.answer(asked.action, asked.payload, csms.timeline.latest)
    if session is not None and isinstance(answer, dict):
        await session.send(ocpp.result(asked.id, answer), asked.action, None)


async def _socket(engine: Engine, blow: Blow) -> None:
    session = engine.csms.session
    if session is None:
        return
    if blow.action in sockets.FRAGMENTING:
        ident = engine.ident()
        text = ocpp.call(ident, "GetConfiguration", {"key": ["HeartbeatInterval"]})
        put = sockets.in_fragments(session.connection, blow.action)
        engine.judge(blow, await engine.send(ident, text, "GetConfiguration", put))
    elif blow.action in ("a ping", "a long ping"):
        if not await sockets.ping(session, blow.action, engine.patience) and engine.csms.connected:
            engine.trouble(Severity.MUST, f"no pong to {blow.action}", cite="RFC 6455 section 5.5.2")
    else:
        await sockets.strike(session, blow.action)
        if blow.wrong:
            await _ended(engine, blow)


async def _ended(engine: Engine, blow: Blow) -> None:
    """The connection must end, and the station come back."""
    number = engine.csms.session.number if engine.csms.session else 0

    def other() -> bool:
        return engine.csms.session is None or engine.csms.session.number != number

    if not await engine.until(other, min(engine.full[REPLY], 2.0)):
        fault = f"keeps the connection after {blow.sort}"
        engine.trouble(Severity.SHOULD, fault, blow.told, blow.cite)
        engine.csms.disconnect()
        await engine.until(other, 2.0)
    await engine.lost(blow, expected=True)


_NETWORK = ("offline", "online")


async def _act(engine: Engine, blow: Blow) -> None:
    if blow.action == "offline":
        engine.csms.cut()
        await engine.until(lambda: not engine.csms.connected, 2.0)
    elif blow.action == "online":
        engine.csms.restore()
        await engine.lost(blow, expected=True)
    else:
        await engine.act(blow.action, **values.table(blow.payload))
    await engine.watch.rest(engine.quiet)


HOW: dict[Kind, Callable[[Engine, Blow], Awaitable[None]]] = {
    Kind.CALL: _call,
    Kind.FRAME: _frame,
    Kind.ANSWER: _answer,
    Kind.SOCKET: _socket,
    Kind.ACT: _act,
}
