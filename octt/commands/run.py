"""`octt run`."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import click

from octt.commands.console import ADDRESS

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--bench", type=FILE, help="Bench file. Without it the built-in simulated station is tested.")
@click.option("--pics", type=FILE, help="The vendor's declaration.")
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case; may be repeated.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only this certification profile.")
@click.option(
    "-k",
    "words",
    metavar="EXPR",
    default="",
    help="Only cases whose id, name or profile fits, as pytest has it.",
)
@click.option("--lf", "last_failed", is_flag=True, help="Only what did not pass in this station's last runs.")
@click.option(
    "--quick", is_flag=True, help="Only cases that need no hand and no long wait: well under a minute."
)
@click.option(
    "--budget",
    "minutes",
    type=click.FloatRange(0, min_open=True),
    metavar="MIN",
    help="As many minutes; the cases with the most checks for their time come first.",
)
@click.option("-x", "stop_at_first", is_flag=True, help="End at the first case that does not pass.")
@click.option(
    "--retry",
    "retries",
    type=click.IntRange(0, 10),
    default=0,
    metavar="N",
    help="Try a case that ends INCONCLUSIVE or ERROR (never FAIL) up to N times more, each on record.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for record and reports (default: a new one in octt-runs/).",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Go on with the run in this folder, with what it has not decided yet; --case and --profile add to it.",
)
@click.option(
    "--console",
    is_flag=False,
    flag_value=ADDRESS,
    metavar="[HOST:PORT]",
    help=f"Show the run in the browser, and be asked there too (default: {ADDRESS}).",
)
@click.option("-v", "--verbose", is_flag=True, help="Also name the cases that do not apply.")
def run(
    bench: Path | None,
    pics: Path | None,
    cases: tuple[str, ...],
    profiles: tuple[str, ...],
    out: Path | None,
    resume: Path | None,
    console: str | None,
    verbose: bool,
    **few: Any,
) -> None:
    """Run the applicable test cases against a station.

    --resume goes on with a run after ctrl-C, a crash or a night: on the same record, towards one report, which says so.
    Bench and declaration are those of the run unless they are named; cases with a verdict are run again only when
    --case names them, or --lf asks for what did not pass.

    Exit code 0: every applicable case passed; 1: at least one FAIL; 2: bad usage or configuration; 3: no FAIL, but
    something INCONCLUSIVE or ERROR; 4: the run could not be carried out to its end (nothing connected, the rig is gone,
    the disk is full, an error of octt); 129, 130, 143: ended by SIGHUP, ctrl-C or SIGTERM, with what was done by then
    on record.
    """
    from octt.commands.front import Few, run_cases
    from octt.commands.refusing import NOT_CARRIED_OUT, complain

    try:
        code = run_cases(bench, pics, cases, profiles, out, verbose, resume, Few(**few), console)
    except click.ClickException:
        raise
    except Exception:
        complain(f"internal error of octt (please report it):\n{traceback.format_exc()}")
        code = NOT_CARRIED_OUT
    sys.exit(code)
