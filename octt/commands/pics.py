"""`octt pics`: write, check, show and draft a vendor's declaration at the terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from octt.pics.declaration import Declaration, DeclarationError, load_declaration
from octt.pics.questionnaire import FORMS, load_questionnaire

FILE = click.Path(path_type=Path, dir_okay=False)
_HELP = (
    "Enter takes what stands in brackets · ? explains · < goes back · - leaves open · . stops (go on later)"
)


@click.group()
def pics() -> None:
    """Write, check and show a vendor's declaration (PICS)."""


@pics.command()
@click.argument("file", type=FILE, required=False)
@click.option("--template", is_flag=True, help="Write a commented file to fill in instead of asking.")
@click.option("--form", type=click.Choice(FORMS), default=None, help="Form of the certificate (2025).")
def new(file: Path | None, template: bool, form: str | None) -> None:
    """Ask for a declaration and write it to FILE after every answer; a FILE that exists is gone on with.

    With --template and no FILE the template goes to standard output.
    """
    from octt.pics.writing import write_template

    if template:
        text = write_template(form or "2025")
        if file is None:
            click.echo(text, nl=False)
        elif file.exists():
            _stop(f"{file} exists already; name another file, or go on with it by `octt pics new {file}`")
        else:
            _write(file, text)
            click.echo(f"{file} is written; fill it in, then `octt pics check {file}`")
        return
    file = file or Path("pics.toml")
    declaration = _load(file) if file.exists() else Declaration(form=form or "2025")
    if declaration.unreadable:
        _stop(f"{file} has mistakes that asking would lose; correct them first (`octt pics check {file}`)")
    if form and form != declaration.form:
        _stop(f"{file} is for the form of {declaration.form}; change its `form`, or leave out --form")
    _ask(declaration, file)


@pics.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="The problems as JSON.")
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with a declaration; exit code 1 when a run could not rest on it."""
    from octt.pics.problems import problems

    declaration = _load(file)
    found = problems(declaration)
    errors = sum(problem.severity == "error" for problem in found)
    if as_json:
        click.echo(json.dumps([vars(problem) for problem in found], indent=2, ensure_ascii=False))
    else:
        for problem in found:
            click.echo(
                f"{problem.severity}: {_plain(problem.place)}: {_plain(problem.what)}; {_plain(problem.remedy)}"
            )
        others = len(found) - errors
        click.echo(
            f"{file}: {_count(errors, 'error')}, {_count(others, 'other remark')}"
            if found
            else f"{file}: fine"
        )
    sys.exit(1 if errors else 0)


@pics.command()
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Print a declaration readably: tables at a terminal, tab-separated lines in a pipe."""
    from octt.pics.showing import show_declaration

    show_declaration(_load(file))


@pics.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.option("--out", type=FILE, help="Where to write it; standard output otherwise.")
@click.option(
    "--form", type=click.Choice(FORMS), default="2025", show_default=True, help="Form of the certificate."
)
def draft(record: Path, out: Path | None, form: str) -> None:
    """Draft a declaration from what a run showed: RECORD is its folder or its record.jsonl.

    Each answer is marked as read from the station, guessed, or still to be answered.
    """
    from octt.pics.draft import draft as make_draft
    from octt.pics.draft import observed
    from octt.record import read

    path = record / "record.jsonl" if record.is_dir() else record
    if not path.is_file():
        _stop(f"{path}: no such record; name the folder of a run")
    text = make_draft(observed(read(path)), form)
    if out is None:
        click.echo(text, nl=False)
    elif out.exists():
        _stop(f"{out} exists already; name another file")
    else:
        _write(out, text)
        click.echo(f"{out} is written; go on with `octt pics new {out}`")


def _ask(declaration: Declaration, file: Path) -> None:
    """The interview at the terminal, saved after every answer."""
    from octt.pics.interview import AnswerError, Interview
    from octt.pics.writing import write_declaration

    interview = Interview(declaration)
    section = ""
    click.echo(_HELP)
    while (question := interview.current) is not None:
        if question.section != section:
            section = question.section
            done, total = interview.progress
            click.secho(f"\n{load_questionnaire().sections[section]} ({done} of {total})", bold=True)
        proposal = interview.proposal(question)
        text = _input(f"{question.id}: {question.question}{f' [{proposal}]' if proposal else ''} ")
        if text is None or text == ".":
            click.echo(f"\nStopped; go on with `octt pics new {file}`.")
            return
        if text == "?":
            click.echo(f"  {' '.join(question.explanation.split())}")
            if question.allowed:
                click.echo(f"  {', '.join(question.allowed)}")
        elif text == "<":
            if not interview.back():
                click.echo("  This is the first question.")
        elif text == "-":
            interview.skip()
        else:
            try:
                interview.reply(text)
            except AnswerError as error:
                click.echo(f"  {error}")
                continue
            _write(file, write_declaration(declaration))
    _write(file, write_declaration(declaration))
    click.echo(f"\n{file} is written. `octt pics check {file}` says whether anything is wrong.")


def _input(prompt: str) -> str | None:
    """One line from the person; None when there is no more (end of input or ctrl-C)."""
    click.echo(prompt, nl=False)
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        return None
    return line.strip() if line else None


def _load(file: Path) -> Declaration:
    try:
        return load_declaration(file)
    except DeclarationError as error:
        _stop(str(error))


def _write(file: Path, text: str) -> None:
    """Writes beside the file and then replaces it, so that an interruption loses nothing."""
    beside = file.with_name(file.name + ".part")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, file)
    except OSError as error:
        _stop(f"{file} cannot be written: {error.strerror}")


def _stop(sentence: str) -> NoReturn:
    click.echo(f"Error: {_plain(sentence)}", err=True)
    sys.exit(2)


def _plain(text: str) -> str:
    """Text from a file without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
