"""`octt list` and `octt show`: the test cases, and which of them apply to a declared station."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from octt.commands.refusing import refusing

if TYPE_CHECKING:
    from octt.suite.catalogue import Case, Planned

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--pics", type=FILE, help="A declaration: say which cases apply, and why.")
@click.option("--bench", type=FILE, help="A bench: say what each case takes there, and which hands.")
def list_cases(as_json: bool, pics: Path | None, bench: Path | None) -> None:
    """List the test cases.

    With a bench: how long each takes and what a person does for it, before anything is run.
    """
    if bench:
        from octt.commands import workload

        found = workload.workload(bench, pics)
        if as_json:
            workload.as_json(found, [_as_dict(one, found.decided) for one in found.planned])
        else:
            workload.show(found)
        return
    planned = _planned(pics)
    if as_json:
        data = [_as_dict(p, pics is not None) for p in planned]
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False)
    profile = ""
    for p in planned:
        if p.case.profile != profile:
            profile = p.case.profile
            console.print(f"\n{profile}", style="bold")
        applies = {True: "yes  ", False: "no   ", None: "?    "}[p.applies] if pics else ""
        reason = f"\n{'':19}{p.reason}" if pics else ""
        console.print(f"  {p.case.id:<12} {applies}{p.case.name}{reason}", markup=False, soft_wrap=True)


@click.command()
@click.argument("case_id", metavar="ID")
@click.option("--pics", type=FILE, help="A declaration: say whether the case applies, and why.")
def show(case_id: str, pics: Path | None) -> None:
    """Show a test case: what it tests, its steps, what it needs."""
    from rich.console import Console

    from octt.suite.catalogue import CatalogueError, find, load_catalogue

    with refusing(CatalogueError):
        found = load_catalogue()[find(case_id, load_catalogue())]
    console = Console(highlight=False)
    console.print(f"[bold]{found.id}[/bold]  {found.name}")
    place = f"test-case document section {found.section}, table {found.document.table}, page {found.document.page}"
    console.print(f"{found.profile}; {place}")
    summary, source = _script(found.id)
    for paragraph in filter(None, summary.split("\n\n")):
        console.print("\n" + " ".join(paragraph.split()), markup=False)  # as wide as the terminal
    console.print(f"\napplies      {_condition(found)}", markup=False)
    if pics:
        console.print(f"here         {_planned(pics, found.id)[0].reason}", markup=False)
    console.print(f"needs        {', '.join(found.needs) or 'nobody: it runs by itself'}", markup=False)
    from octt.report.differences import of_case

    for difference in of_case(found.id):
        console.print(f"\n{difference.sentence} No verdict here rests on it.", markup=False)
        console.print(f"  {difference.source}", markup=False, soft_wrap=True)
    console.print("\nchecks", style="bold")
    for check in found.checks:
        console.print(f"  step {check}", markup=False, soft_wrap=True)
    if source:
        console.print("\nscript", style="bold")
        console.print(source, markup=False, soft_wrap=True)


def _planned(pics: Path | None, *cases: str) -> list[Planned]:
    from octt.bench import SIMULATED, ConfigError
    from octt.pics.declaration import Declaration
    from octt.suite.catalogue import load_catalogue, plan
    from octt.suite.prepare import read_declaration

    with refusing(ConfigError):
        declaration = read_declaration(pics, SIMULATED) if pics else Declaration()
    return plan(load_catalogue(), declaration, None, cases)


def _as_dict(planned: Planned, decided: bool) -> dict[str, Any]:
    case = planned.case
    data: dict[str, Any] = {
        "id": case.id,
        "name": case.name,
        "profile": case.profile,
        "section": case.section,
        "applicable_if": case.applicable_if,
        "checks": list(case.checks),
        "needs": list(case.needs),
    }
    return data | ({"applies": planned.applies, "reason": planned.reason} if decided else {})


def _condition(case: Case) -> str:
    return {"true": "to every station", "false": "to no station"}.get(
        case.applicable_if, f"if {case.applicable_if}"
    )


def _script(case_id: str) -> tuple[str, str]:
    """The docstring of the script of a case, and its source."""
    from octt import paths

    for file in sorted(paths.TESTCASES.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if f'"{case_id}"' not in text:
            continue
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            if f"case('{case_id}')" in [ast.unparse(mark) for mark in node.decorator_list]:
                source = "\n".join(text.splitlines()[node.decorator_list[0].lineno - 1 : node.end_lineno])
                return ast.get_docstring(node) or "", source
    return "", ""
