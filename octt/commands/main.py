"""The `octt` command. It knows everybody and is known by nobody; imports are late so that `--help` is quick."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import click

from octt import __version__


class LazyGroup(click.Group):
    """Commands of other rooms, imported when they are used."""

    LAZY: ClassVar = {
        "pics": "octt.commands.pics:pics",
        "pki": "octt.commands.pki:pki",
        "report": "octt.commands.report:report",
        "verify": "octt.commands.report:verify",
        "diff": "octt.commands.report:diff",
        "override": "octt.commands.report:overrule",
        "simulate": "octt.simulator.main:simulate",
        "faults": "octt.simulator.main:faults",
    }
    HELP: ClassVar = {
        "pics": "Write, check and show a vendor's declaration (PICS).",
        "pki": "The laboratory's certificates: export for the station, import a CA.",
        "report": "Make all reports of a run again from its record.",
        "verify": "Say whether a run's folder is as it was signed.",
        "diff": "Compare two runs.",
        "override": "Overrule the verdict of a case; every report says so.",
        "simulate": "Start the simulated charging station.",
        "faults": "List the non-conformities the simulated station can show.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands."""
        return sorted([*super().list_commands(ctx), *self.LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command's room."""
        if cmd_name not in self.LAZY:
            return super().get_command(ctx, cmd_name)
        import importlib

        module, _, name = self.LAZY[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        if cmd_name == "pics" and isinstance(command, click.Group):
            _draft_from_bench(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing their rooms."""
        rows = []
        for name in self.list_commands(ctx):
            own = self.commands.get(name)
            rows.append((name, own.get_short_help_str(80) if own else self.HELP[name]))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


FILE = click.Path(path_type=Path)


def _draft_from_bench(pics: click.Group) -> None:
    """Lets `octt pics draft` also connect to a station; the room itself only reads records."""
    from_record = pics.commands["draft"]

    @pics.command("draft", help=from_record.help)
    @click.argument("record", type=FILE, required=False)
    @click.option(
        "--bench", type=FILE, help="Connect to the station of this bench and ask it, instead of a record."
    )
    @click.option("--simulated", is_flag=True, help="Ask the built-in simulated station.")
    @click.option("--out", type=FILE, help="Where to write it; standard output otherwise.")
    @click.option("--form", type=click.Choice(["2025", "2024"]), default="2025", show_default=True)
    @click.pass_context
    def draft(
        ctx: click.Context,
        record: Path | None,
        bench: Path | None,
        simulated: bool,
        out: Path | None,
        form: str,
    ) -> None:
        if sum((record is not None, bench is not None, simulated)) != 1:
            raise click.UsageError("name either a RECORD, or --bench FILE, or --simulated")
        if record is None:
            from octt.commands.probe import probe

            with tempfile.TemporaryDirectory() as folder:
                _guarded(probe, bench, Path(folder))
                ctx.invoke(from_record, record=Path(folder), out=out, form=form)
        else:
            ctx.invoke(from_record, record=record, out=out, form=form)


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="octt")
def main() -> None:
    """Open conformance test harness for OCPP 1.6-J charging stations."""


@main.command()
@click.option("--bench", type=FILE, help="Bench file. Without it the built-in simulated station is tested.")
@click.option("--pics", type=FILE, help="The vendor's declaration.")
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case; may be repeated.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only this certification profile.")
@click.option("--out", type=FILE, help="Folder for record and reports (default: a new one in octt-runs/).")
@click.option("-v", "--verbose", is_flag=True, help="Also name the cases that do not apply.")
def run(
    bench: Path | None,
    pics: Path | None,
    cases: tuple[str, ...],
    profiles: tuple[str, ...],
    out: Path | None,
    verbose: bool,
) -> None:
    """Run the applicable test cases against a station.

    Exit code 0: every applicable case passed; 1: at least one FAIL; 2: bad usage or configuration; 3: no FAIL, but
    something INCONCLUSIVE or ERROR.
    """
    from octt.commands.run import run_cases

    sys.exit(run_cases(bench, pics, cases, profiles, out, verbose))


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--pics", type=FILE, help="A declaration: say which cases apply, and why.")
def list_cases(as_json: bool, pics: Path | None) -> None:
    """List the test cases."""
    from octt.commands.run import list_all

    _guarded(list_all, as_json, pics)


@main.command()
@click.argument("case_id", metavar="ID")
@click.option("--pics", type=FILE, help="A declaration: say whether the case applies, and why.")
def show(case_id: str, pics: Path | None) -> None:
    """Show a test case: what it tests, its steps, what it needs."""
    from octt.commands.run import show_case

    _guarded(show_case, case_id, pics)


@main.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def new(file: Path, force: bool) -> None:
    """Write a commented bench file to start from (for a declaration: octt pics new)."""
    from octt.commands.run import new_bench

    _guarded(new_bench, file, force)


def _guarded(function: Any, *arguments: Any) -> None:
    from octt.bench import ConfigError

    try:
        function(*arguments)
    except ConfigError as error:
        click.echo(f"octt: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
