"""Writes every output of a run from its record alone: the same record always gives the same bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from octt.report.evidence.folder import RECORD
from octt.report.model.parts import Result
from octt.report.model.result import load

Layout = Literal["2025", "2024"]


class ReportError(Exception):
    """Outputs that could not be made; the message names each and why. The others were written."""


def write_all(folder: Path, *, layout: Layout | None = None, evidence: bool = False) -> Result:
    """Reads `record.jsonl` of a run's folder and writes what is made of it beside it: see `outputs`.

    `layout` is the form of the report, by default that of the declaration; `evidence` appends the evidence of each
    case to the PDF. A run that broke off is reported as incomplete. OSError when there is no record,
    ReportError when an output could not be made or there is no room for it.
    """
    result = load(folder / RECORD)
    failures = []
    try:
        # typst sets the PDF without Python's lock, so the others are made meanwhile.
        with ThreadPoolExecutor(2, "reports") as pool:
            made = {name: pool.submit(make) for name, make in outputs(result, layout, evidence).items()}
            for name, content in made.items():
                try:
                    write_file(folder / name, content.result())
                except OSError as error:
                    failures.append(f"{name}: {error.strerror or error}")
                except Exception as error:  # an output of ours that fails must not take the others with it
                    failures.append(f"{name}: {type(error).__name__}: {error}")
    finally:
        result.frames.close()
    if failures:
        raise ReportError("; ".join(failures))
    return result


def outputs(
    result: Result, layout: Layout | None = None, evidence: bool = False
) -> dict[str, Callable[[], bytes]]:
    """What makes each output, the slowest first. The renderers are imported when used: they are large."""
    form: Layout = layout or ("2024" if result.declaration.get("form") == "2024" else "2025")

    def json() -> bytes:
        from octt.report import json_out

        return json_out.render(result)

    def junit() -> bytes:
        from octt.report import junit

        return junit.render(result)

    def summary() -> bytes:
        from octt.report import summary

        return summary.render(result)

    def html() -> bytes:
        from octt.report.html import page as html

        return html.render(result, form).encode()

    def pdf() -> bytes:
        from octt.report.pdf import document as pdf

        return pdf.render(result, form, evidence)

    return {
        "report.pdf": pdf,
        "result.json": json,
        "junit.xml": junit,
        "report.html": html,
        "summary.md": summary,
    }


def write_file(path: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all; one with the same content is left alone."""
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)  # what is left of it would only take the room of the others
        raise
