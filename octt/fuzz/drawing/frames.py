"""Messages that are no proper request, and what may be done below the messages."""

from __future__ import annotations

from octt.fuzz.story import ANY, Blow, Kind

_DUE = "OCPP-J 1.6 section 4.2.3"
_IGNORED = "OCPP-J 1.6 section 4.1.3"
_SOCKETS = "RFC 6455"


def _frame(text: str, wrong: str, ident: str = "") -> Blow:
    return Blow(Kind.FRAME, ident=ident, texts=(text,), wrong=wrong, cite=_DUE if ident else _IGNORED)


MALFORMED: tuple[Blow, ...] = (
    _frame("", "an empty message"),
    _frame(" ", "a message of white space"),
    _frame("null", "a message of null"),
    _frame("7", "a message that is a number"),
    _frame('"text"', "a message that is a text"),
    _frame("{}", "an object instead of an array"),
    _frame("[]", "an empty array"),
    _frame("[2]", "a call without an id"),
    _frame('[2,"octt-m1"]', "a call without an action", "octt-m1"),
    _frame('[2,"octt-m2","GetConfiguration"]', "a call without a payload", "octt-m2"),
    _frame('[2,"octt-m3","GetConfiguration",[]]', "a payload that is an array", "octt-m3"),
    _frame('[2,"octt-m4","GetConfiguration","text"]', "a payload that is a text", "octt-m4"),
    _frame('[2,"octt-m5","GetConfiguration",{},{}]', "a call of five elements", "octt-m5"),
    _frame('[2,"octt-m6",7,{}]', "an action that is a number", "octt-m6"),
    _frame('[2,"octt-m7",null,{}]', "an action that is null", "octt-m7"),
    _frame('[2,7,"GetConfiguration",{}]', "an id that is a number"),
    _frame('[2,null,"GetConfiguration",{}]', "an id that is null"),
    _frame('[2,{},"GetConfiguration",{}]', "an id that is an object"),
    _frame('["2","octt-m8","GetConfiguration",{}]', "a message type that is a text"),
    _frame('[true,"octt-m9","GetConfiguration",{}]', "a message type that is true"),
    _frame('[5,"octt-m10","GetConfiguration",{}]', "an unknown message type"),
    _frame('[-1,"octt-m11",{}]', "a negative message type"),
    _frame('[99999999999999999999,"octt-m12",{}]', "a message type of 20 digits"),
    _frame('[2,"octt-m13","GetConfiguration",{}', "a message that is cut off"),
    _frame('[2,"octt-m14","GetConfiguration",{}]]', "a message with a bracket too many"),
    _frame('[2,"octt-m15","GetConfiguration",{"key":["\\ud800"]}]', "half of a surrogate pair"),
    _frame('[2,"octt-m16","GetConfiguration",{"key":[NaN]}]', "a number that JSON does not have"),
    _frame("\x00", "a message that is a control character"),
    _frame("\ufeff[]", "a message with a byte order mark"),
    _frame("[" * 2000, "brackets nested 2000 levels deep"),
    _frame("[" * 300 + "]" * 300, "arrays nested 300 levels deep"),
    _frame('[2,"' + "x" * 5000 + '","GetConfiguration",{}]', "an id of 5000 characters"),
    _frame("x" * 100_000, "100,000 characters of no JSON"),
    Blow(Kind.FRAME, texts=("00ff00ff",), binary=True, wrong="a binary message", cite=_IGNORED),
    Blow(Kind.FRAME, texts=("",), binary=True, wrong="an empty binary message", cite=_IGNORED),
)
"""None of them has to do anything but leave the station alive; those with an id are answered with an error."""

STRAY: tuple[Blow, ...] = (
    _frame('[3,"octt-nobody",{}]', "a result for nobody"),
    _frame('[3,"octt-nobody",null]', "a result of null for nobody"),
    _frame('[3,"octt-nobody"]', "a result without a payload"),
    _frame('[3,"octt-nobody",{"status":"Accepted","currentTime":1}]', "a result for nobody, with fields"),
    _frame('[3,"",{}]', "a result with an empty id"),
    _frame("[3]", "a result without an id"),
    _frame('[4,"octt-nobody","GenericError","",{}]', "an error for nobody"),
    _frame('[4,"octt-nobody"]', "an error without a code"),
    _frame('[4,"octt-nobody",7,null,[]]', "an error whose code is a number"),
    _frame('[4,"","InternalError","",{}]', "an error with an empty id"),
)
"""Replies to nothing."""


def _strange(ident: str, rest: str, wrong: str) -> Blow:
    return Blow(Kind.FRAME, ident=ident, texts=(f'[2,"{ident}",{rest}]',), wrong=wrong, codes=ANY, cite=_DUE)


_VERSION = '[2,"octt-d1","GetLocalListVersion",{}]'
REPEATED = Blow(
    Kind.FRAME,
    ident="octt-d1",
    texts=(_VERSION, _VERSION),
    wrong="an id that was used before",
    codes=ANY,
    cite="OCPP-J 1.6 section 4.1.4",
)
"""One request twice, with the same id."""

_KEYS = ",".join(f'"k{number}"' for number in range(500))
STRANGE: tuple[Blow, ...] = (
    _strange("octt-s1", '"GetConfiguration",{"key":["A","A","A"]}', "a key asked for three times"),
    _strange("octt-s2", '"GetConfiguration",{"key":["A"],"key":["B"]}', "a field twice in one object"),
    _strange("octt-s3", '"GetConfiguration",null', "a payload of null"),
    _strange("octt-s4", ' "GetConfiguration" ,\n{\t}\r\n', "white space between all"),
    _strange("octt-s5", '"\\u0047etConfiguration",{}', "an escaped letter in the action"),
    _strange("octt-s6", '"CancelReservation",{"reservationId":1e2}', "an integer with an exponent"),
    _strange("octt-s7", '"CancelReservation",{"reservationId":2147483648}', "an integer of 33 bits"),
    _strange("octt-s8", '"CancelReservation",{"reservationId":9223372036854775808}', "an integer of 65 bits"),
    _strange(
        "octt-s9", '"CancelReservation",{"reservationId":' + "9" * 400 + "}", "an integer of 400 digits"
    ),
    _strange("octt-s10", '"CancelReservation",{"reservationId":1e400}', "a number without end"),
    _strange("octt-s11", '"CancelReservation",{"reservationId":-0}', "minus nought"),
    _strange("octt-s12", '"GetConfiguration",{"key":[' + _KEYS + "]}", "500 keys asked for"),
    _strange(
        "octt-s13",
        '"DataTransfer",{"vendorId":"org.example.octt","data":"' + "A" * 60_000 + '"}',
        "60,000 characters of data",
    ),
    REPEATED,
    _strange("octt-s14", '"DataTransfer",{"vendorId":"\\u0000\\u001b[2J"}', "control characters in a text"),
)
"""What the schema lets through, or JSON lets be written, and nobody writes."""

ANSWERS: dict[str, tuple[str, ...]] = {
    "no answer": (),
    "an answer with another id": ('[3,"octt-other",{}]',),
    "an answer without a payload": ('[3,"{id}"]',),
    "an answer of null": ('[3,"{id}",null]',),
    "an answer that is an array": ('[3,"{id}",[]]',),
    "an answer that is cut off": ('[3,"{id}",{}',),
    "an answer twice": ('[3,"{id}",{}]', '[3,"{id}",{}]'),
    "an error without a code": ('[4,"{id}"]',),
    "an error of numbers": ('[4,"{id}",7,7,7]',),
    "an error and an answer": ('[4,"{id}","GenericError","",{}]', '[3,"{id}",{}]'),
}
"""Answers to a request of the station, by what is wrong with them."""

ERRORS = (
    *("InternalError", "GenericError", "NotImplemented", "NotSupported", "ProtocolError", "SecurityError"),
    *("FormationViolation", "TypeConstraintViolation", "PropertyConstraintViolation", "NoSuchCode", ""),
)
"""Codes of hostile CALLERRORs."""

UNKNOWN_ACTIONS = (
    *("Unknown", "getConfiguration", "GETCONFIGURATION", "GetConfiguration ", "", " ", "a" * 60, "é漢😀"),
    *("__proto__", "constructor", "GetVariables", "%s%n", "../../etc", "\x00", "Reset\n"),
)
"""Actions that OCPP 1.6 does not have."""

IDS = (
    *("octt-1", "", " ", "0", "a" * 36, "é漢😀", 'a"b\\c', "-1", "null"),
    "a" * 37,
)
"""Message ids; all but the last are legal."""


def _socket(action: str, wrong: str = "", cite: str = _SOCKETS) -> Blow:
    return Blow(Kind.SOCKET, action=action, wrong=wrong, codes=ANY if wrong else (), cite=cite)


FRAGMENTED = (
    _socket("fragments", cite="RFC 6455 section 5.4"),
    _socket("fragments of one byte", cite="RFC 6455 section 5.4"),
    _socket("an empty fragment first", cite="RFC 6455 section 5.4"),
    _socket("a ping between fragments", cite="RFC 6455 section 5.4"),
    _socket("a request byte by byte", cite="RFC 6455 section 5.2"),
    _socket("two messages at once", cite="RFC 6455 section 5.2"),
    _socket("a ping", cite="RFC 6455 section 5.5.2"),
    _socket("a long ping", cite="RFC 6455 section 5.5.2"),
    _socket("a pong unasked", cite="RFC 6455 section 5.5.3"),
    _socket("slow reading", cite="RFC 6455"),
)
"""Legal, and rarely tried: the connection stays."""

BROKEN = (
    _socket("close 1000", "the connection is closed with 1000"),
    _socket("close 1001", "the connection is closed with 1001"),
    _socket("close 1011", "the connection is closed with 1011"),
    _socket("close 1012", "the connection is closed with 1012"),
    _socket("close 3000", "the connection is closed with 3000"),
    _socket("close 4999", "the connection is closed with 4999"),
    _socket("close without a code", "the connection is closed without a code"),
    _socket("a reset", "the connection is reset"),
    _socket("a reset in mid-frame", "the connection is reset in the middle of a frame"),
    _socket("half a message", "a fragmented message is not ended before the connection is closed"),
    _socket("no UTF-8", "a text frame is not UTF-8", "RFC 6455 section 8.1"),
    _socket("a reserved bit", "a frame has a reserved bit", "RFC 6455 section 5.2"),
    _socket("an unknown opcode", "a frame has an unknown opcode", "RFC 6455 section 5.2"),
    _socket("a masked frame", "a server's frame is masked", "RFC 6455 section 5.1"),
    _socket("a long control frame", "a ping has 126 bytes", "RFC 6455 section 5.5"),
    _socket("no fragment before", "a continuation continues nothing", "RFC 6455 section 5.4"),
    _socket("a frame of 2^62 bytes", "a frame announces 2^62 bytes", "RFC 6455 section 5.2"),
)
"""After these the connection may or must end; the station comes back, and does not boot for it."""

BELOW_TLS = (_socket("no TLS record", "bytes that are no TLS record", "RFC 5246 section 6.2"),)
"""With security profiles 2 and 3."""
