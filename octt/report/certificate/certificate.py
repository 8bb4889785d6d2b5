"""The certificate-style part of the report as a document without a form: HTML and PDF render the same one.

`certificate(result, layout)` arranges what was declared, tested and measured the way the certificates of 2025 and of
2024 do, so that a reader finds every entry where it is expected. It is the report of a test run and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octt.report.certificate import layout_2024, layout_2025
from octt.report.certificate.form import LAYOUTS, Facts, Layout, Section
from octt.report.model.parts import Result


@dataclass(frozen=True)
class Document:
    """The certificate-style part of a report."""

    layout: Layout
    title: str
    product: str
    number: str  # the laboratory's report number, may be empty
    sections: Sequence[Section]


def certificate(result: Result, layout: Layout) -> Document:
    """The document in the arrangement of `layout`. ValueError for a layout there is none of."""
    if layout not in LAYOUTS:
        raise ValueError(f"there is no layout {layout!r}; choose one of {', '.join(LAYOUTS)}")
    facts = Facts(result)
    form = layout_2025 if layout == "2025" else layout_2024
    return Document(
        layout=layout,
        title="OCPP 1.6 conformance test report",
        product=facts.product("designation"),
        number=result.laboratory.report_number,
        sections=form.sections(facts),
    )
