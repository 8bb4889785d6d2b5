"""The measurands that the station really sent: what the certificate calls tested."""

from __future__ import annotations

from octt.ocpp import values
from octt.ocpp.values import PERIODIC
from octt.report.model.frames import TYPES
from octt.report.model.parts import Result

READ_LIMIT = 20_000  # frames with meter values looked at; what a station sends it sends again


def tested_measurands(result: Result) -> tuple[list[str], list[str]]:
    """Measurands seen with context Sample.Periodic and with Sample.Clock, in the order in which they came first.

    A sampled value without context is periodic, without measurand it is Energy.Active.Import.Register (section 7.43).
    """
    sampled: dict[str, None] = {}
    aligned: dict[str, None] = {}
    frames, read = result.frames, 0
    wanted = {
        index for index, name in enumerate(frames.action_names) if name in ("MeterValues", "StopTransaction")
    }
    for index in range(len(frames)):
        if (
            not frames.directions[index]
            or frames.actions[index] not in wanted
            or frames.types[index] != TYPES["CALL"]
        ):
            continue
        read += 1
        if read > READ_LIMIT:
            break
        for _, value in values.sampled(values.payload(frames[index].raw) or {}):
            context, measurand = value.get("context", PERIODIC), value.get("measurand", values.ENERGY)
            into = {PERIODIC: sampled, "Sample.Clock": aligned}.get(values.text(context))
            if into is not None and isinstance(measurand, str) and len(into) < 100:
                into[measurand[:60]] = None
    return list(sampled), list(aligned)
