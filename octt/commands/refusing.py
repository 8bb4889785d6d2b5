"""One way of refusing: a sentence that begins with `octt:`, on standard error, and exit code 2."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

USAGE = 2
NOT_CARRIED_OUT = 4
"""The exit code of what could not be done to its end: nothing connected, the rig is gone, the disk full, our error."""
INTERRUPTED = 130


class Refusal(click.ClickException):
    """A command cannot do what it was asked; the message is a sentence with place and remedy."""

    exit_code = USAGE


def refuse(sentence: object) -> NoReturn:
    """Ends the command."""
    raise Refusal(str(sentence))


@contextlib.contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """These errors, whose messages are sentences already, end the command."""
    try:
        yield
    except errors as error:
        raise Refusal(str(error)) from None


def complain(sentence: str) -> None:
    """Says what went wrong without ending the command."""
    try:
        click.echo(f"octt: {plain(sentence)}", err=True)
    except OSError:
        unread(sys.stderr)


def unread(stream: Any) -> None:
    """Nobody can read what goes there, a closed pipe or a full disk: from now on it goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def plain(text: str) -> str:
    """Text from files and devices without what a terminal would obey, and without secrets that are known."""
    from octt.record.secrets import SECRETS
    from octt.text import visible

    return visible(SECRETS.masked(text))


class Commands(click.Group):
    """A group whose commands all end in the same way, mistakes of the command line itself included."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, standalone_mode: bool = True, **more: Any
    ) -> Any:
        """As click has it, but every error is `octt: sentence` and exit code 2."""
        more["prog_name"] = "octt"
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **more)
        try:
            code = super().main(args, standalone_mode=False, **more)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(USAGE)
        except click.ClickException as error:
            complain(_sentence(error))
            sys.exit(USAGE)
        except click.Abort:
            complain("interrupted")
            sys.exit(INTERRUPTED)
        except OSError as error:
            complain(f"not carried out: {error}")
            unread(sys.stdout)
            sys.exit(NOT_CARRIED_OUT)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """As click has it, but who does not read to the end is no reason for the exit code 1."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, SystemExit) as error:
            # rich makes a SystemExit of it (Console.on_broken_pipe)
            if not isinstance(error.__context__ if isinstance(error, SystemExit) else error, BrokenPipeError):
                raise
            unread(sys.stdout)
            ctx.exit(NOT_CARRIED_OUT)


def _sentence(error: click.ClickException) -> str:
    """What click says, in our manner, with where to look."""
    text = error.format_message()
    if isinstance(error, Refusal):
        return text
    text = " ".join(text.split()).rstrip(".")
    text = text[:1].lower() + text[1:]
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return text
    return f"{text}{' S' if text.endswith('?') else '; s'}ee: {error.ctx.command_path} --help"
