"""What both layouts of the form share: its words, its building blocks, and the facts of a result as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from octt.ocpp.values import shown, table
from octt.pics.questionnaire import Questionnaire, load_questionnaire
from octt.record.words import Profile, Verdict
from octt.report.model.headline import counted, headline
from octt.report.model.parts import Result
from octt.report.text import number, visible

Layout = Literal["2025", "2024"]
LAYOUTS: tuple[Layout, ...] = ("2025", "2024")

NOTICE = "Report of a test run with octt · no certificate of the Open Charge Alliance"
INDEPENDENT = "an independent tool, not the OCTT of the Open Charge Alliance"
NONE = "—"

DESCRIPTIONS = {
    Profile.CORE: "What every station does: booting, authorizing, charging, being configured and controlled remotely.",
    Profile.FIRMWARE_MANAGEMENT: "Firmware is updated and diagnostics are fetched remotely.",
    Profile.LOCAL_AUTH_LIST_MANAGEMENT: "The station keeps a list of cards that may charge.",
    Profile.SMART_CHARGING: "Charging follows profiles of every kind, stacked ones too.",
    Profile.REMOTE_TRIGGER: "The station repeats a message, or tells its state, when it is asked to.",
    Profile.RESERVATION: "A connector is kept for one card.",
    Profile.SECURITY: "Secure connections, certificates, signed firmware and the security log, as the whitepaper "
    "“Improved security for OCPP 1.6-J” has them.",
}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
INTRODUCTION = (
    "These pages are arranged like an OCPP 1.6 certificate, so that each entry is where it is expected. They report "
    f"what was declared, tested and measured in one run of octt, {INDEPENDENT}. Certificates are issued by the Open "
    "Charge Alliance and its laboratories alone."
)
SCOPE = "The results hold for the product, the designation and the software version named here."
APPROVAL = "Both sides confirm that this report says what was declared and what the run recorded."
WHITEPAPER = "Security Whitepaper Edition 3 (Improved security for OCPP 1.6-J v1.3, 2022-02-17)"


@dataclass(frozen=True)
class Paragraph:
    """Running text; `strong` for what must not be overlooked."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of text cells. Without a `header` it is a list of labels and values. `widths` are relative."""

    rows: Sequence[Sequence[str]]
    header: Sequence[str] = ()
    widths: Sequence[float] = ()
    numeric: bool = False  # all columns but the first and the last hold numbers
    groups: frozenset[int] = frozenset()  # rows that only head those below them


@dataclass(frozen=True)
class Signing:
    """Who signs, and room for pen and stamp. `date` is what already stands behind the word."""

    side: str
    rows: Sequence[tuple[str, str]]
    date: str = ""


@dataclass(frozen=True)
class Item:
    """One of a list, with a number, a title, and lines below it; `mark` is a word that colours it."""

    number: str
    title: str
    lines: Sequence[str]
    mark: str = ""


Block = Paragraph | Table | Signing | Item


@dataclass(frozen=True)
class Section:
    """A heading with what follows it. `level` 1 begins a new page on paper; `together`: it stays on one page."""

    title: str
    level: int = 2
    blocks: Sequence[Block] = field(default=())
    outlined: bool = True  # whether the table of contents names it
    together: bool = False


class Facts:
    """Declared and measured values of a result as the text that a form prints."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.questions: Questionnaire = load_questionnaire()
        self.declaration = result.declaration

    def declared(self, place: str, item: str) -> Any:
        """What the declaration has under `item` in its table `place`, "" for the top level."""
        return table(self.declaration.get(place) if place else self.declaration).get(item)

    def product(self, name: str) -> str:
        """An entry of the declaration's product table; what the station reported where nothing was declared."""
        station = self.result.station
        reported = {
            "vendor": station.vendor,
            "designation": station.model,
            "software_version": station.firmware,
        }
        return visible(shown(self.declared("product", name)) or reported.get(name, ""), 120)

    def earlier(self, name: str) -> str:
        """What the declaration says of an earlier certificate of the product (number, date, …); empty if nothing."""
        return visible(shown(table(self.declaration.get("certified")).get(name)), 120)

    def answer(self, item: str, separator: str = ", ") -> str:
        """What the declaration answers to a question, without its unit; a dash for no answer."""
        question = self.questions[item]
        value = self.declared(question.table, item)
        if value is None:
            return NONE
        if isinstance(value, list):
            return visible(separator.join(shown(one) for one in value)) or NONE
        if isinstance(value, bool):
            return question.shown(value)
        return visible(number(value) if isinstance(value, int | float) else value, 300)

    def label(self, item: str, layout: Layout = "2025") -> str:
        """The form's own words for a question."""
        question = self.questions[item]
        return question.label_2024 or question.label if layout == "2024" else question.label

    def rows(self, *items: str, separator: str = ", ") -> list[tuple[str, str, str]]:
        """Id, label and answer of each item; an item that only heads others has no answer."""
        headings = self.questions.headings
        return [
            (item, headings[item], "")
            if item in headings
            else (item, self.label(item), self.answer(item, separator))
            for item in items
        ]

    def declared_profiles(self) -> list[str]:
        """The profiles the vendor declares; without a declaration those of the plan."""
        declared = self.declaration.get("profiles")
        if isinstance(declared, list):
            return [shown(name) for name in declared]
        return [profile.name for profile in self.result.profiles]

    def profile_result(self, name: str) -> str:
        """Pass, Fail, or how much of it was tested; Not tested for a declared profile without a case."""
        found = next((profile for profile in self.result.profiles if profile.name == name), None)
        if found is None:
            return "Not tested"
        if found.verdict is Verdict.PASS:
            return "Pass"
        words = found.words.replace("failed", "fail", 1)
        return words[:1].upper() + words[1:]

    def profile_rows(self, *profiles: Profile) -> list[tuple[str, str, str]]:
        """Name, test result and description of the declared profiles among `profiles`."""
        declared = self.declared_profiles()
        return [(p.printed, self.profile_result(p), DESCRIPTIONS[p]) for p in profiles if p in declared]

    def day(self) -> str:
        """The day of the run, as in January 24, 2025."""
        started = self.result.run.started
        if not started:
            return NONE
        moment = datetime.fromtimestamp(min(started // 10**9, 253402300799), UTC)
        return f"{MONTHS[moment.month - 1]} {moment.day}, {moment.year}"

    def tool(self) -> str:
        """The tool that tested, with its version, and whose it is."""
        tool = self.result.run.tool
        name = visible(f"{shown(tool.get('name')) or 'octt'} {shown(tool.get('version'))}".strip(), 80)
        return f"{name}, {INDEPENDENT}"

    def evidence(self) -> str:
        """What proves the run; the document of an earlier certificate beside it, called that."""
        earlier = self.earlier("evidence")
        return f"record.jsonl, fingerprint {self.result.run.last_hash[:16]}…" + (
            f"\n(earlier certificate: {earlier})" if earlier else ""
        )

    def statement(self) -> list[Paragraph]:
        """The run's outcome in words, and why the report may not be filed if so."""
        paragraphs = [
            Paragraph(
                f"{headline(self.result)}. {counted(self.result)} How verdicts are reached is set out under “Verdict "
                "rules”."
            )
        ]
        if not self.result.issuable:
            reasons = self.result.not_issuable
            more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
            paragraphs.append(
                Paragraph(
                    f"May not be filed: {visible(reasons[0], 300).rstrip('.')}{more}. All reasons are in this report.",
                    strong=True,
                )
            )
        return paragraphs

    def earlier_row(self, label: str, name: str) -> list[tuple[str, str]]:
        """A row for an entry of an earlier certificate, called that; none where the declaration has none."""
        declared = self.earlier(name)
        return (
            [(label, f"{declared} (an earlier certificate, as declared by the vendor)")] if declared else []
        )

    def approval(self, vendor_title: str, laboratory_title: str, layout: Layout = "2025") -> list[Signing]:
        """The statement of approval's two blocks, to be signed by hand."""
        laboratory = self.result.laboratory
        department, position, location = (
            self.product(name) for name in ("department", "position", "location")
        )
        ours = ("", self.product("vendor"), department, position, location)
        place = laboratory.location or laboratory.address
        theirs = (laboratory.signatory, laboratory.name, laboratory.department, laboratory.position, place)
        earlier = self._earlier_day("." if layout == "2024" else "-")
        labels = ("Name", "Company", "Department", "Position", "Location")
        return [
            Signing(
                side,
                [(label, visible(value, 120)) for label, value in zip(labels, values, strict=True)],
                f"(earlier certificate: {earlier})" if earlier else "",
            )
            for side, values in ((vendor_title, ours), (laboratory_title, theirs))
        ]

    def _earlier_day(self, separator: str) -> str:
        """The date of an earlier certificate in figures; as it is if it is not written as in January 24, 2025."""
        date = self.earlier("date")
        found = re.fullmatch(rf"({'|'.join(MONTHS)}) (\d{{1,2}}), (\d{{4}})", date)
        if found is None:
            return date
        return separator.join((found[3], f"{MONTHS.index(found[1]) + 1:02}", f"{int(found[2]):02}"))

    def fingerprint(self) -> Paragraph:
        """The sentence that ties the paper to the record."""
        run = self.result.run
        return Paragraph(
            f"This report was made from a record of {run.lines:,} lines; whoever has the record can verify it with "
            f"“octt verify”. SHA-256 of its last line: {run.last_hash or 'none'}"
            + (f". Fingerprint of the key that signs it: {visible(run.signer, 100)}" if run.signer else "")
        )


def facts_table(rows: Sequence[tuple[Any, Any]]) -> Table:
    """Labels and values, an empty value as a dash."""
    return Table([(str(label), str(value) or NONE) for label, value in rows], widths=(3, 7))
