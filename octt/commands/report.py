"""The commands about finished runs: report, verify, diff, override."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octt.commands.refusing import complain, plain, refuse, refusing
from octt.record.words import Verdict
from octt.report.evidence.folder import RECORD
from octt.report.evidence.override import VERDICTS

if TYPE_CHECKING:
    from octt.report.evidence.verify import VerifyResult
    from octt.report.write import Layout

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--layout",
    type=click.Choice(["2025", "2024"]),
    help="Form of the report; by default that of the declaration.",
)
@click.option("--evidence", is_flag=True, help="Append the evidence of every case to the PDF.")
@click.option(
    "--sign", "key", type=NEW_FILE, metavar="KEY", help="Sign with this key; one that does not exist is made."
)
@click.option("--certificate", type=FILE, help="The X.509 certificate of the key, and those that issued it.")
def report(
    folder: Path, layout: Layout | None, evidence: bool, key: Path | None, certificate: Path | None
) -> None:
    """Make all reports of a run again from its record.

    DIR is the run's folder. What was there is replaced; the same record gives the same bytes. With --sign the folder
    gets manifest.json and manifest.sig, for `octt verify`.
    """
    from octt.report.evidence.again import renew, sign_own, state
    from octt.report.evidence.keys import SigningError
    from octt.report.model.headline import headline
    from octt.report.text import visible
    from octt.report.write import ReportError, outputs, write_all

    if certificate is not None and key is None:
        refuse("--certificate needs --sign KEY, the key that belongs to it")
    try:
        before = state(folder)
        result = write_all(folder, layout=layout, evidence=evidence)
    except FileNotFoundError:
        refuse(f"{folder}: there is no record.jsonl; give the folder of a run")
    except ReportError as error:
        complain(f"not every output could be made: {error}")
        sys.exit(1)
    except OSError as error:
        refuse(f"{error.filename or folder}: {error.strerror}")
    click.echo(f"{folder}: {result.verdict}. {headline(result)}")
    for reason in result.not_issuable[:10]:
        click.echo(f"  not to be filed: {visible(reason, 300)}")
    if (more := len(result.not_issuable) - 10) > 0:
        click.echo(f"  and {more} more reasons, see report.html")
    for name in sorted(outputs(result)):
        click.echo(f"  {folder / name}")
    with refusing(SigningError, OSError):
        if key is not None:
            click.echo(f"signed; fingerprint of the key: {sign_own(folder, key, certificate)}")
        elif said := renew(folder, before):
            click.echo(visible(said))


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--signer",
    type=FILE,
    help="Public key or certificate (PEM) of who should have signed, or of who issued it.",
)
@click.option(
    "--trust", is_flag=True, help="From now on trust who signed this: you have compared the fingerprint."
)
def verify(folder: Path, signer: Path | None, trust: bool) -> None:
    """Say whether a run's folder is as it was signed, and whether by somebody you trust.

    Trusted are your own keys, those made so with --trust, and with --signer the one given. Anybody can sign a changed
    folder again with a key of his own, in whatever name: compare the fingerprint before you trust it.

    Exit code 0: nothing was changed, and somebody you trust signed it; 1: something was changed, or somebody else
    signed it than who should have; 2: bad usage; 3: nothing was changed as far as can be told, but there is no
    signature, or only by a key that nobody vouches for.
    """
    from octt.report.evidence.keys import SigningError
    from octt.report.evidence.verify import verify as check
    from octt.report.text import visible

    with refusing(SigningError):
        try:
            result = check(folder, signer)
        except OSError as error:
            refuse(f"{error.filename or folder}: {error.strerror}")
    for problem in result.problems:
        click.echo(f"changed: {visible(problem)}")
    for name in result.intact_files:
        click.echo(f"intact: {visible(name)}")
    click.echo(f"record: {result.record_lines} lines, last hash {result.record_hash}")
    if not result.fingerprint:
        click.echo("not signed")
    else:
        by = f" (issued by {visible(result.issuer)})" if result.issuer else ""
        who = f", in the name of {visible(result.name)!r}{by}" if result.name else ""
        click.echo(f"signature: {result.algorithm} key {result.fingerprint}{who}")
        if result.announced and result.announced != result.fingerprint:
            click.echo(f"when it began, the run named another key: {visible(result.announced, 100)}")
    if result.problems:
        click.echo("NOT INTACT")
        sys.exit(1)
    if not result.fingerprint:
        click.echo("nothing found to be changed, but nobody vouches for it")
        sys.exit(3)
    if result.expected:
        click.echo("unchanged, and signed by the expected signer")
        sys.exit(0)
    with refusing(SigningError):
        sys.exit(_judged(result, trust))


def _judged(result: VerifyResult, trust: bool) -> int:
    """Says what the signer is to us; the exit code."""
    from octt.report.evidence.signers import KnownSigners, Trust
    from octt.report.text import visible

    known, key = KnownSigners(), result.fingerprint
    found, former = known.judge(key, result.name)
    if trust:
        known.keep(key, result.name, trusted=True)
        click.echo("unchanged, and signed by a key that you trust from now on")
        return 0
    if found is Trust.TRUSTED and former:
        click.echo(f"unchanged, and signed by a key that is trusted since {former.since}")
        return 0
    if found is Trust.CHANGED and former:
        had = "trusted" if former.trusted else "met"
        click.echo(
            f"unchanged since it was signed, but the key is not the one of {visible(former.name)!r} that was {had} on "
            f"{former.since}: {former.fingerprint}"
        )
        click.echo(
            "SIGNED BY SOMEBODY ELSE, or the laboratory has a new key: ask it, then octt verify --trust"
        )
        return 1
    known.keep(key, result.name, trusted=False)
    before = f"it was first met on {former.since}" if former else "it was never met before, and is noted now"
    click.echo(f"unchanged since it was signed, by a key that nobody vouches for: {key}; {before}")
    click.echo("if the laboratory confirms this fingerprint: octt verify DIR --trust")
    return 3


@click.command()
@click.argument("a", metavar="A", type=FOLDER)
@click.argument("b", metavar="B", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--html", type=NEW_FILE, help="Also write a page to this file.")
@click.option(
    "--threshold", type=click.FloatRange(0), default=20.0, show_default=True, help="Percent a time must move."
)
@click.option(
    "--fail-on",
    type=click.Choice(["regression", "slower", "any"]),
    help="Exit with 1 on: regression (a case passed and does not any more, or newly fails), slower (also a time that "
    "grew by more than the threshold), any (whatever is not the same).",
)
def diff(a: Path, b: Path, as_json: bool, html: Path | None, threshold: float, fail_on: str | None) -> None:
    """Compare two runs: from A to B, what changed?

    A and B are folders of runs, for example of two firmware versions.
    """
    from octt.report.diff import terminal
    from octt.report.diff.compare import as_json as json_of
    from octt.report.diff.compare import compare
    from octt.report.model.result import load
    from octt.report.write import write_file

    results = []
    for folder in (a, b):
        try:
            results.append(load(folder / RECORD))
        except OSError as error:
            refuse(f"{folder / RECORD}: {error.strerror}; give the folder of a run")
    found = compare(results[0], results[1], (a.name, b.name), threshold)
    if html is not None:
        from octt.report.html.diff import page

        try:
            write_file(html, page(found).encode())
        except OSError as error:
            refuse(f"{html}: {error.strerror}")
    if as_json:
        click.echo(json_of(found), nl=False)
    else:
        terminal.show(found)
    failed = {
        None: False,
        "regression": bool(found.regressions),
        "slower": bool(found.regressions or found.slower),
        "any": not found.same,
    }
    sys.exit(int(failed[fail_on]))


@click.command("override")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--case", "case", required=True, metavar="ID", help="The case whose verdict is overruled.")
@click.option("--verdict", type=click.Choice([str(verdict) for verdict in VERDICTS]), required=True)
@click.option("--by", required=True, metavar="NAME", help="Who decides.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, as it will stand in the report.")
@click.option("--sign", "key", type=NEW_FILE, metavar="KEY", help="Sign with this key afterwards.")
def overrule(folder: Path, case: str, verdict: str, by: str, why: str, key: Path | None) -> None:
    """Overrule the verdict of a case. Every report says who did it, and why.

    The line is added to the record and the reports are made again. What was signed with your own key, and is as it was
    signed, is signed again with it; another signature no longer holds and is removed. Either is said.
    """
    from octt.report.evidence.again import renew, sign_own, state
    from octt.report.evidence.keys import SigningError
    from octt.report.evidence.override import OverrideError, override
    from octt.report.write import ReportError, write_all

    with refusing(OverrideError, ReportError, SigningError, OSError):
        before = state(folder)
        override(folder, case, Verdict(verdict), by, why)
        write_all(folder)
        said = (
            f"signed; fingerprint of the key: {sign_own(folder, key)}" if key else renew(folder, before)
        ) or "it was not signed, and is not now"
    click.echo(plain(f"{case} is now {verdict} by decision of {by}; the reports in {folder} say so"))
    click.echo(plain(said))
