"""`octt fuzz`: hostile and unusual input for a station, apart from the certification."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)

NOTHING, FOUND = 0, 1


@click.command()
@click.option("--bench", type=FILE, help="Bench file. Without it the built-in simulated station is struck.")
@click.option(
    "--time", "minutes", type=click.FloatRange(min=0), default=0.0, metavar="MIN", help="No longer."
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Draws the same stories again.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only requests of this profile.")
@click.option("--examples", type=click.IntRange(1), default=10_000, show_default=True, metavar="N")
@click.option("--replay", type=FILE, metavar="FILE", help="Carry out the script of a finding, nothing else.")
@click.option(
    "--allow", "allowed", multiple=True, metavar="NAME", help="Also what OCPP cannot undo (docs/fuzz.md)."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for record and outputs (default: a new one in octt-runs/).",
)
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Of the built-in simulated station.")
def fuzz(
    bench: Path | None,
    minutes: float,
    seed: int | None,
    profiles: tuple[str, ...],
    examples: int,
    replay: Path | None,
    allowed: tuple[str, ...],
    out: Path | None,
    faults: tuple[str, ...],
) -> None:
    """Strike a station with hostile and unusual input, and look what it does not survive.

    Nothing here is a verdict of the certification. What OCPP cannot undo is left alone unless it is named by --allow;
    settings are put back at the end. A finding is one small story: a script, carried out again with --replay. Failing
    stories are kept, and tried first the next time.

    Exit code 0: nothing was found; 1: a section that obliges is broken, or the station did not survive something; 2:
    bad usage or configuration; 4: it could not be carried out to its end; 130: ctrl-C.
    """
    from octt.commands.refusing import INTERRUPTED, NOT_CARRIED_OUT, complain, plain, refuse, refusing

    try:
        import hypothesis  # noqa: F401
    except ImportError:
        refuse("octt fuzz needs hypothesis, which is not installed: pip install 'octt[fuzz]'")

    from octt.bench import ConfigError
    from octt.fuzz import outputs
    from octt.fuzz.fuzzing import Asked, Unreachable
    from octt.fuzz.fuzzing import fuzz as search
    from octt.fuzz.fuzzing import replay as carried_out
    from octt.suite.machine import collect_seldom

    if faults and bench:
        refuse("--fault is for the built-in simulated station, which --bench takes the place of")
    given = tuple(word for name in faults for word in ("--fault", name))
    asked = Asked(bench, out, minutes, seed, profiles, allowed, examples, arguments=given)

    def tell(text: str) -> None:
        click.echo(plain(text))

    collect_seldom()
    with refusing(ConfigError):
        try:
            result = carried_out(asked, replay, tell)[0] if replay else search(asked, tell)
        except Unreachable as error:
            complain(str(error))
            sys.exit(NOT_CARRIED_OUT)
        except ConfigError:
            raise
        except KeyboardInterrupt:
            complain("interrupted; what could be put back was")
            sys.exit(INTERRUPTED)
        except Exception:
            complain(f"internal error of octt (please report it):\n{traceback.format_exc()}")
            sys.exit(NOT_CARRIED_OUT)
    outputs.write(result)
    for line in outputs.lines(result):
        tell(line)
    sys.exit(FOUND if result.findings else NOT_CARRIED_OUT if result.gone else NOTHING)
