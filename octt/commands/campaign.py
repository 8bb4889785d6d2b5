"""`octt campaign`: many stations, one file, one result."""

from __future__ import annotations

import sys
import traceback
from datetime import datetime
from pathlib import Path

import click


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for runs, matrix and campaign.json (default: a new one in octt-runs/). One that holds this "
    "campaign is gone on with: only what has no verdict yet is run.",
)
@click.option(
    "--scheduler",
    default="",
    metavar="ADDRESS",
    help="Dask scheduler, as tcp://HOST:8786: each run goes to the worker of its rack. Needs octt[dask].",
)
def campaign(file: Path, out: Path | None, scheduler: str) -> None:
    """Test many stations, side by side where they may be, with one matrix and one exit code.

    FILE names stations, their benches and declarations, and cases (docs/campaigns.md). Each run is what `octt run`
    would be alone, in a folder of its own.

    Exit code, the worst of all runs in this order: 4 a run was not carried out to its end; 1 at least one FAIL; 3 no
    FAIL, but something INCONCLUSIVE or ERROR; 0 every applicable case passed at every station. 2: bad usage or
    configuration, nothing was started; 129, 130, 143: ended by SIGHUP, ctrl-C or SIGTERM, each run as alone.
    """
    from rich.console import Console

    from octt.bench import ConfigError
    from octt.campaign.conduct import Ending
    from octt.campaign.whole import carry_out
    from octt.commands.refusing import NOT_CARRIED_OUT, complain, refusing

    folder = out or Path("octt-runs") / datetime.now().strftime("campaign-%Y-%m-%d_%H%M%S")
    ending = Ending()
    ending.listen()
    try:
        with refusing(ConfigError):
            code = carry_out(file, folder, scheduler, Console(highlight=False), ending)
    except (click.ClickException, OSError):
        raise
    except Exception:
        complain(f"internal error of octt (please report it):\n{traceback.format_exc()}")
        code = NOT_CARRIED_OUT
    sys.exit(code)
