"""`octt pics`: write, check, show and draft a vendor's declaration at the terminal."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octt.commands.refusing import plain, refuse, refusing

if TYPE_CHECKING:
    from octt.pics.declaration import Declaration
    from octt.pics.draft import Observed
    from octt.pics.interview import Interview
    from octt.pics.questionnaire import Question

FILE = click.Path(path_type=Path, dir_okay=False)
FORM = click.Choice(["2025", "2024"])
_HELP = (
    "Enter takes what stands in brackets · ? explains · < goes back · - leaves open · . stops (go on later)"
)


@click.group()
def pics() -> None:
    """Write, check and show a vendor's declaration (PICS)."""


@pics.command()
@click.argument("file", type=FILE, required=False)
@click.option("--template", is_flag=True, help="Write a commented file to fill in instead of asking.")
@click.option("--form", type=FORM, default=None, help="Form of the certificate (2025).")
def new(file: Path | None, template: bool, form: str | None) -> None:
    """Ask for a declaration and write it to FILE after every answer; a FILE that exists is continued.

    With --template and no FILE the template goes to standard output.
    """
    from octt.pics.declaration import Declaration
    from octt.pics.writing import write_template

    if template:
        if file and file.exists():
            refuse(f"{file} exists already; name another file, or go on with it by `octt pics new {file}`")
        _put(file, write_template(form or "2025"), "fill it in, then `octt pics check {}`")
        return
    file = file or Path("pics.toml")
    declaration = _load(file) if file.exists() else Declaration(form=form or "2025")
    if declaration.unreadable:
        refuse(f"{file} has mistakes that asking would lose; correct them first (`octt pics check {file}`)")
    if form and form != declaration.form:
        refuse(f"{file} is for the form of {declaration.form}; change its `form`, or leave out --form")
    _ask(declaration, file)


@pics.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="The problems as JSON.")
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with a declaration; exit code 1 when a run could not rest on it."""
    from octt.pics.problems import problems

    found = problems(_load(file))
    errors = sum(problem.severity == "error" for problem in found)
    if as_json:
        click.echo(json.dumps([vars(problem) for problem in found], indent=2, ensure_ascii=False))
    else:
        for problem in found:
            click.echo(plain(f"{problem.severity}: {problem.place}: {problem.what}; {problem.remedy}"))
        counted = f"{_count(errors, 'error')}, {_count(len(found) - errors, 'other remark')}"
        click.echo(f"{file}: {counted if found else 'fine'}")
    sys.exit(1 if errors else 0)


@pics.command()
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Print a declaration readably: tables at a terminal, tab-separated lines in a pipe."""
    from octt.pics.showing import show_declaration

    show_declaration(_load(file))


@pics.command()
@click.argument("record", type=click.Path(path_type=Path), required=False)
@click.option(
    "--bench", type=FILE, help="Connect to the station of this bench and ask it, instead of a record."
)
@click.option("--simulated", is_flag=True, help="Ask the built-in simulated station.")
@click.option("--out", type=FILE, help="Where to write it; standard output otherwise.")
@click.option("--form", type=FORM, default="2025", show_default=True, help="Form of the certificate.")
def draft(record: Path | None, bench: Path | None, simulated: bool, out: Path | None, form: str) -> None:
    """Draft a declaration from what a run showed: RECORD is its folder or its record.jsonl.

    Each answer is marked as read from the station, guessed, or still to be answered.
    """
    from octt.pics.draft import draft as make_draft

    if sum((record is not None, bench is not None, simulated)) != 1:
        refuse("name either a RECORD, or --bench FILE, or --simulated")
    if out and out.exists():
        refuse(f"{out} exists already; name another file")
    with tempfile.TemporaryDirectory() as folder:
        text = make_draft(_observed(record or _asked(bench, Path(folder))), form)
    _put(out, text, "go on with `octt pics new {}`")


def _asked(bench: Path | None, folder: Path) -> Path:
    """The record of a session with the station, in which it was only asked."""
    from octt.bench import ConfigError
    from octt.commands.probe import probe

    with refusing(ConfigError):
        return probe(bench, folder)


def _observed(record: Path) -> Observed:
    from octt.pics.draft import observed
    from octt.record import read

    path = record / "record.jsonl" if record.is_dir() else record
    if not path.is_file():
        refuse(f"{path}: no such record; name the folder of a run")
    return observed(read(path))


def _ask(declaration: Declaration, file: Path) -> None:
    """The interview at the terminal, saved after every answer."""
    from octt.pics.interview import AnswerError, Interview
    from octt.pics.questionnaire import load_questionnaire
    from octt.pics.writing import write_declaration

    interview = Interview(declaration)
    section = ""
    click.echo(_HELP)
    while (question := interview.current) is not None:
        if question.section != section:
            section = question.section
            done, total = interview.progress
            click.secho(f"\n{load_questionnaire().sections[section]} ({done} of {total})", bold=True)
        text = _input(_prompt(interview, question))
        if text is None:
            refuse(f"the answers ended before the questions did; go on with `octt pics new {file}`")
        if text == ".":
            click.echo(f"\nStopped; go on with `octt pics new {file}`.")
            return
        if text == "?":
            click.echo(f"  {' '.join(question.explanation.split())}")
        elif text == "<":
            if not interview.back():
                click.echo("  This is the first question.")
        elif text == "-":
            interview.skip()
        else:
            try:
                for remark in interview.reply(text):
                    click.echo(f"  {remark}")
            except AnswerError as error:
                click.echo(f"  {plain(str(error))}")
                continue
            _write(file, write_declaration(declaration))
    _write(file, write_declaration(declaration))
    click.echo(f"\n{file} is written. `octt pics check {file}` says whether anything is wrong.")


def _prompt(interview: Interview, question: Question) -> str:
    proposal, choices = interview.proposal(question), interview.choices(question)
    lines = [f"{question.id}: {question.question}"]
    if len(choices) > 40:
        lines.append(f"  ({choices})")
    elif choices:
        lines[0] += f" ({choices})"
    return "\n".join(lines) + (f" [{proposal}]" if proposal else "") + " "


def _input(prompt: str) -> str | None:
    """One line from the person; None at the end of the input."""
    click.echo(prompt, nl=False)
    line = sys.stdin.readline()
    return line.strip() if line else None


def _load(file: Path) -> Declaration:
    from octt.pics.declaration import DeclarationError, load_declaration

    with refusing(DeclarationError):
        return load_declaration(file)


def _put(file: Path | None, text: str, then: str) -> None:
    """Writes a new file, and says what comes `then`; to standard output without a file."""
    if file is None:
        click.echo(text, nl=False)
    else:
        _write(file, text)
        click.echo(f"{file} is written; {then.format(file)}")


def _write(file: Path, text: str) -> None:
    """Writes beside the file and then replaces it, so that an interruption loses nothing."""
    beside = file.with_name(file.name + ".part")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, file)
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
