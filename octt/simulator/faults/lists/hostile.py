"""The faults that no test case shows, since no Central System in its right mind does that: `octt fuzz` finds them."""

from __future__ import annotations

from octt.simulator.faults.fault import FUZZ, Fault, register

_FAMILIES = {
    "dies-of": "dies-of:MESSAGE=EFFECT does not survive such messages; it boots, drops, hangs or is silent",
    "refused-yet-stored": "stores an empty value that it refuses",
    "refused-yet-stopped": "refuses to stop a transaction of a negative id, and stops the one that runs",
}

_FAULTS = [
    Fault("dies-of:null=boots", "restarts when a field is null", FUZZ),
    Fault(
        "dies-of:long-text=hangs", "answers nothing any more after a text of some thousand characters", FUZZ
    ),
    Fault("dies-of:empty-text=boots", "restarts when a text is empty", FUZZ),
    Fault("dies-of:other-alphabet=hangs", "answers nothing any more after a letter that is not ASCII", FUZZ),
    Fault("dies-of:far-date=boots", "restarts when a date is in the year 9999", FUZZ),
    Fault("dies-of:deep-nesting=boots", "restarts when a message is nested more than 50 levels deep", FUZZ),
    Fault("dies-of:many-elements=hangs", "answers nothing any more after an array of 50 elements", FUZZ),
    Fault("dies-of:negative-number=silent", "does not answer a request with a negative number", FUZZ),
    Fault("dies-of:large-number=boots", "restarts when a number has more than 31 bits", FUZZ),
    Fault("dies-of:no-json=hangs", "answers nothing any more after what is no JSON", FUZZ),
    Fault("dies-of:no-array=boots", "restarts after JSON that is no message", FUZZ),
    Fault("dies-of:binary=boots", "restarts after a binary message", FUZZ),
    Fault("dies-of:unknown-type=hangs", "answers nothing any more after an unknown message type", FUZZ),
    Fault("dies-of:unknown-action=silent", "does not answer an action that it does not know", FUZZ),
    Fault("dies-of:no-payload=boots", "restarts after a call without a payload", FUZZ),
    Fault("dies-of:repeated-id=drops", "loses the connection when an id comes again", FUZZ),
    Fault("dies-of:white-space=drops", "loses the connection when there is white space before a comma", FUZZ),
    Fault("dies-of:stray-result=boots", "restarts after a result for nobody", FUZZ),
    Fault("dies-of:stray-error=hangs", "answers nothing any more after an error for nobody", FUZZ),
    Fault("dies-of:call-error=boots", "restarts when one of its requests is answered with CALLERROR", FUZZ),
    Fault("dies-of:broken-answer=hangs", "answers nothing any more after a result that is no object", FUZZ),
    Fault("dies-of:huge-interval=boots", "restarts when the heartbeat interval is as large as can be", FUZZ),
    Fault("refused-yet-stored", "stores an empty value that it refuses", FUZZ),
    Fault("refused-yet-stopped", "stops a transaction although it refuses to", FUZZ),
]

register(_FAMILIES, _FAULTS)
