"""The differences of two runs as tables in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from octt.report.diff.compare import Diff, ValueChange, value
from octt.report.text import seconds, visible

STYLES = {"regression": "bold red", "improvement": "green", "other": "yellow"}
LENGTH = 300  # characters of one text in the terminal


def show(diff: Diff, console: Console | None = None) -> None:
    """Prints tables of what changed, worst first, and one closing line."""
    console = console or Console(highlight=False)
    for label, side in (("A", diff.a), ("B", diff.b)):
        console.print(
            _text(f"{label}  {side.folder}: {side.station} {side.firmware}, {side.started}, {side.verdict}")
        )
    if diff.verdicts:
        table = _table("Verdicts", "case", "A", "B", "")
        for change in diff.verdicts:
            name = _text(f"{change.case} {change.name}")
            kind = Text(change.kind, STYLES[change.kind])
            table.add_row(name, change.before, change.after, _text(change.reason) if change.reason else kind)
            table.rows[-1].style = STYLES[change.kind] if change.kind == "regression" else ""
        console.print(table)
    if diff.times:
        table = _table("Times", "what", "A", "B", "moved")
        for time in diff.times:
            style = "red" if time.over_limit else ""
            note = f"{time.moved}, now over its limit" if time.over_limit else time.moved
            where = _text(f"{time.where}: {time.what}")
            table.add_row(where, seconds(time.before), seconds(time.after), note, style=style)
        console.print(table)
    if diff.remarks:
        table = _table("Remarks", "", "case", "remark", "times")
        for remark in diff.remarks:
            mark = "new" if remark.new else "gone"
            table.add_row(mark, _text(remark.case), _text(remark.text), str(remark.count))
        console.print(table)
    _values(console, "Configuration", "key", diff.configuration)
    _values(console, "Declaration, cross-examined", "answer", diff.pics)
    for only, other, cases in (("A", "B", diff.only_a), ("B", "A", diff.only_b)):
        if cases:
            told = f"tested in {only} only, not chosen in {other}: {len(cases)} ({', '.join(cases[:8])}"
            console.print(_text(told + (f" and {len(cases) - 8} more)" if len(cases) > 8 else ")")))
    regressions = len(diff.regressions)
    closing = (
        f"{regressions} regression{'s' if regressions != 1 else ''}; verdicts changed: {len(diff.verdicts)} of "
        f"{diff.compared}; measured times longer: {len(diff.slower)}, shorter: {len(diff.times) - len(diff.slower)}"
    )
    console.print(Text(closing, "bold red" if regressions else "bold"), soft_wrap=True)


def _values(console: Console, title: str, column: str, changes: list[ValueChange]) -> None:
    if changes:
        table = _table(title, column, "A", "B")
        for change in changes:
            table.add_row(_text(change.name), _text(value(change.before)), _text(value(change.after)))
        console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _text(content: str) -> Text:
    """A text of the station: no markup, no control characters."""
    return Text(visible(content, LENGTH).replace("\n", " "))
