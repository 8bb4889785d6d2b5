"""A history for programs and for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from octt.history.products import Firmware, Move, Product
from octt.history.reading import RunResult
from octt.report.json_out import iso, short
from octt.report.text import visible

LISTED = 12  # cases of one list in the terminal; --json and the page have all
STYLES = {"worse": "bold red", "better": "green", "other": "yellow"}


def as_json(products: list[Product]) -> str:
    """Indented JSON with a newline at its end."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(
        {"format": 1, "products": [_product(one) for one in products]}, option=option
    ).decode()


def _product(product: Product) -> dict[str, Any]:
    return {
        "vendor": product.vendor,
        "model": product.model,
        "firmwares": [_firmware(one) for one in product.firmwares],
        "changes": [
            {
                "from": one.version,
                "to": other.version,
                "cases": [{**vars(move), "kind": move.kind} for move in moves],
            }
            for one, other, moves in product.moves
        ],
        "doubtful": [
            {
                "case": doubt.case,
                "name": doubt.name,
                "firmware": doubt.firmware,
                "verdicts": [{"run": folder, "verdict": verdict} for folder, verdict in doubt.verdicts],
                "other_tool": doubt.other_tool,
            }
            for doubt in product.doubts
        ],
        "unusable": [{"run": run.folder, "problem": run.problem} for run in product.unusable],
    }


def _firmware(firmware: Firmware) -> dict[str, Any]:
    return {
        "version": firmware.version,
        "best": firmware.best.folder if firmware.best is not None else None,
        "verdicts": {case.id: case.verdict for case in firmware.verdicts.values()},
        "runs": [_run(run) for run in firmware.runs],
    }


def _run(run: RunResult) -> dict[str, Any]:
    plain = ("folder", "hash", "serial", "tool", "verdict", "headline", "issuable", "part")
    return {
        **{name: getattr(run, name) for name in plain},
        "started": iso(run.started),
        "seconds": short(run.seconds),
        "cases": {case.id: case.verdict for case in run.cases},
        "times": [
            {**vars(time), "median": short(time.median), "longest": short(time.longest)} for time in run.times
        ],
    }


def show(products: list[Product], console: Console | None = None) -> None:
    """Prints the firmwares of each product with their best complete result, what changed, and what is doubtful."""
    console = console or Console(highlight=False)
    for product in products:
        console.print(Text(visible(product.name, 100), "bold"))
        if product.firmwares:
            console.print(_table(product))
        for one, other, moves in product.moves:
            _print_moves(console, one, other, moves)
        for doubt in product.doubts[:LISTED]:
            order = " → ".join(verdict for _, verdict in doubt.verdicts[-6:])
            also = " (another version of octt, too)" if doubt.other_tool else ""
            _say(
                console,
                f"doubtful with {doubt.firmware or 'no version'}: {doubt.case} {order}{also}",
                "yellow",
            )
        if len(product.doubts) > LISTED:
            _say(console, f"and {len(product.doubts) - LISTED} more doubtful cases")
        for run in product.unusable[:LISTED]:
            _say(console, f"not usable: {run.folder}: {run.problem}", "yellow")
        console.print()


def _table(product: Product) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("firmware", "runs", "passed", "failed", "open", "best complete run"):
        table.add_column(column, overflow="fold")
    for firmware in product.firmwares:
        verdicts = [case.verdict for case in firmware.verdicts.values()]
        passed, failed = verdicts.count("PASS"), verdicts.count("FAIL")
        best = firmware.best
        told = f"{best.headline}: {best.folder}, {day(best.started)}" if best is not None else "none"
        table.add_row(
            Text(visible(firmware.version, 40) or "no version"),
            str(len(firmware.runs)),
            str(passed),
            str(failed),
            str(len(verdicts) - passed - failed),
            Text(visible(told, 160)),
        )
    return table


def _print_moves(console: Console, one: Firmware, other: Firmware, moves: list[Move]) -> None:
    if not moves:
        return
    counts = ", ".join(
        f"{count} {kind}"
        for kind in ("worse", "better", "other")
        if (count := sum(move.kind == kind for move in moves))
    )
    _say(console, f"{one.version or 'no version'} → {other.version or 'no version'}: {counts}", "bold")
    for move in moves[:LISTED]:
        fault = f": {move.fault}" if move.fault else ""
        _say(console, f"  {move.kind:<6} {move.case} {move.before} → {move.after}{fault}", STYLES[move.kind])
    if len(moves) > LISTED:
        _say(console, f"  and {len(moves) - LISTED} more")


def _say(console: Console, told: str, style: str = "") -> None:
    console.print(Text(visible(told, 240).replace("\n", " "), style), soft_wrap=True)


def day(nanoseconds: int) -> str:
    """The day of a time, in UTC."""
    return f"{datetime.fromtimestamp(min(max(nanoseconds, 0) // 10**9, 253402300799), UTC):%Y-%m-%d}"
