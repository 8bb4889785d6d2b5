"""`octt audit`: alters one frame of the station at a time, and looks whether the test case notices."""

from __future__ import annotations

import sys
import traceback
from datetime import datetime
from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)

NOTICED, SURVIVED, UNDECIDED = 0, 1, 3
PAGE = "audit.md"


@click.command()
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case; may be repeated.")
@click.option("--bench", type=FILE, help="Bench file. Without it the built-in simulated station is audited.")
@click.option("--pics", type=FILE, help="The vendor's declaration.")
@click.option(
    "-n", "workers", type=click.IntRange(1), default=1, show_default=True, help="Processes at once."
)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only so many mutants, drawn by --seed.")
@click.option("--seed", default="", metavar="S", help="Any text: the same one draws the same sample.")
@click.option("--keep", is_flag=True, help="Keep the record of every run, in the folder's records/.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for what came of it (default: a new one in octt-runs/). One that holds an audit is gone on with.",
)
def audit(
    cases: tuple[str, ...],
    bench: Path | None,
    pics: Path | None,
    workers: int,
    sample: int | None,
    seed: str,
    keep: bool,
    out: Path | None,
) -> None:
    """Alter one frame of the station at a time, and look which test case notices.

    Each case is run once as it is. Then, for every frame that the station sent in its test, the case is run with that
    frame dropped, late, sent twice, exchanged with the next one, with another field, another status, a CALLERROR
    instead, or a message after it that nobody brought about. What the case passes all the same has survived. Survivors
    that are legal are declared in testcases/equivalent.toml.

    Exit code 0: every other mutant was noticed; 1: one survived, or octt itself failed; 2: bad usage or configuration;
    3: none survived, but a case does not pass as it is, and could not be audited; 4: an error of octt; 130: ctrl-C.
    """
    from octt.audit.audit import Asked
    from octt.audit.audit import audit as whole_audit
    from octt.audit.equivalent import FILE as EQUIVALENT
    from octt.audit.equivalent import load, unused
    from octt.audit.outcome import Fate
    from octt.audit.tables import COUNTS, page, tallied, undeclared
    from octt.bench import ConfigError
    from octt.commands.refusing import INTERRUPTED, NOT_CARRIED_OUT, complain, plain, refusing
    from octt.suite.catalogue import load_catalogue

    folder = out or Path("octt-runs") / datetime.now().strftime("audit-%Y-%m-%d_%H%M%S")
    catalogue = load_catalogue()
    with refusing(ConfigError):
        equivalents = load(EQUIVALENT, catalogue)
        asked = Asked(folder, cases, bench, pics, workers, sample or 0, seed, keep)
        try:
            found = whole_audit(asked, click.echo)
        except KeyboardInterrupt:
            complain(f"interrupted; go on with: --out {folder}")
            sys.exit(INTERRUPTED)
        except ConfigError:
            raise
        except Exception:
            complain(f"internal error of octt (please report it):\n{traceback.format_exc()}")
            sys.exit(NOT_CARRIED_OUT)
    page_of_it = page(found.baselines, found.results, equivalents, catalogue)
    (folder / PAGE).write_text(page_of_it, encoding="utf-8", errors="replace")

    survivors = undeclared(found.results, equivalents)
    errors = [result for result in found.results if result.fate is Fate.ERROR]
    for result in [*survivors, *errors]:
        click.echo(plain(f"{result.fate}: {result.mutant.name}"))
    tallies = tallied(found.results, equivalents, lambda one: catalogue[one.mutant.case].profile)
    click.echo(f"\n{'':<26}" + "".join(f"{name:>11}" for name in COUNTS))
    for profile, tally in tallies.items():
        click.echo(f"{profile:<26}" + "".join(f"{cell:>11}" for cell in tally.cells()))
    click.echo(f"\nevery case and frame: {folder / PAGE}")

    idle = unused(equivalents, found.survivors) if asked.whole else []
    for entry in idle:
        complain(f"{EQUIVALENT.name} allows what no mutant of the whole audit survives with: {entry.reason}")
    if survivors or errors or idle:
        sys.exit(SURVIVED)
    sys.exit(NOTICED if found.sound else UNDECIDED)
