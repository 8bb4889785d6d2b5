"""What the PDF has beyond the certificate's arrangement: findings, verdict rules, every case, attempts, evidence."""

from __future__ import annotations

from octt.record.words import printed
from octt.report.certificate.form import NONE, Block, Item, Paragraph, Section, Table
from octt.report.model.parts import Attempt, Case, Finding, Result, Step
from octt.report.model.printing import pics_words, plain
from octt.report.model.sections import demanded
from octt.report.model.verdict import EXPLANATION
from octt.report.text import cite, limit, moment, seconds, visible

LIMIT = 300  # rows of a list that a station can make as long as it likes; the record has the rest
ACCESS = {True: "read only", False: "read, write", None: ""}


def annexes(result: Result, evidence: bool) -> list[Section]:
    """What follows the form, in the order in which it is read; the evidence only when asked for."""
    sections = [_cases(result), *_sittings(result), *_attempts(result)]
    if result.pics:
        sections.append(_pics(result))
    if result.configuration.keys:
        sections.append(_configuration(result))
    sections += [_health(result), _rules(result)]
    return [*sections, *_evidence(result)] if evidence else sections


def findings(result: Result) -> list[Section]:
    """What to mend, what is not the station's, and remarks: before anything that is signed."""
    groups = {
        "station": ("Findings", "What to mend at the station, what comes first first."),
        "ours": ("Not the station's", "What the run left changed, and what the laboratory has to see to."),
        "remark": ("Remarks", "Legal, or in doubt, and worth knowing."),
    }
    sections = []
    for group, (title, about) in groups.items():
        found = [finding for finding in result.findings if finding.group == group]
        if not found and group != "station":
            continue
        items = [
            _item(finding, str(place) if group == "station" else "–")
            for place, finding in enumerate(found[:LIMIT], 1)
        ]
        blocks: list[Block] = [Paragraph(about if found else "Nothing to mend at the station."), *items]
        if len(found) > LIMIT:
            blocks.append(Paragraph(f"{len(found) - LIMIT:,} more are in the record."))
        sections.append(Section(title, 1 if group == "station" else 2, blocks))
    return sections


def _item(finding: Finding, number: str) -> Item:
    first = next((place for place in finding.places if place.expected), None)
    lines = [f"Expected: {first.expected}", f"Instead: {first.actual or 'nothing'}"] if first else []
    lines += [finding.detail] if finding.detail and first is None else []
    lines += [
        f"{section}: {section.demands}".rstrip(": ") for section in demanded(finding.cite, finding.title)
    ]
    where = ", ".join(finding.cases[:8]) + (
        f" and {len(finding.cases) - 8} more" if len(finding.cases) > 8 else ""
    )
    about = [where + (f", step {finding.step}" if finding.step and where else "")]
    about += [f"{finding.count} times"] if finding.count > 1 else []
    about += [f"record line {finding.frame}"] if finding.frame else []
    lines.append(" · ".join(part for part in about if part))
    return Item(
        number, visible(finding.title, 300), [visible(line, 500) for line in lines if line], finding.kind
    )


def _health(result: Result) -> Section:
    rows = [(label, visible(value, 300)) for label, value in result.health.rows()[:LIMIT]]
    return Section("Health of the connection", 2, [Table(rows, widths=(3, 7))])


def _rules(result: Result) -> Section:
    blocks: list[Block] = [Table(list(EXPLANATION), ("Word", "Meaning"), (2, 8))]
    if not result.issuable:
        blocks.append(Paragraph("This report may not be filed, because:", strong=True))
        reasons = result.not_issuable[:LIMIT]
        rows = [(str(index), visible(reason, 500)) for index, reason in enumerate(reasons, 1)]
        blocks.append(Table(rows, widths=(0.5, 9.5)))
    return Section("Verdict rules", 2, blocks)


def _cases(result: Result) -> Section:
    rows = [
        (
            case.id,
            visible(case.name, 120),
            visible(printed(case.profile), 40),
            case.verdict,
            seconds(case.seconds) if case.attempts else "",
        )
        for case in result.cases
    ]
    header = ("Case", "Name", "Profile", "Verdict", "Time")
    return Section("Results by case", 1, [Table(rows or [(NONE,) * 5], header, (2.1, 5.3, 2.6, 2.3, 1.1))])


def _sittings(result: Result) -> list[Section]:
    """When the run was interrupted and went on, and what was not as before."""
    rows = [
        (
            moment(one.started),
            seconds(one.gap),
            visible(one.ended, 60),
            str(one.cases),
            visible("; ".join(one.changed), 500) or "nothing",
        )
        for one in result.run.sittings[:LIMIT]
    ]
    if not rows:
        return []
    header = ("Went on", "Gap", "Before", "Cases", "Changed since then")
    return [Section("Sittings", 2, [Table(rows, header, (3, 1.6, 1.8, 1, 4))])]


def _attempts(result: Result) -> list[Section]:
    """What was carried out more than once or overruled, if anything was."""
    rows = [
        (case.id, str(attempt.number), moment(attempt.started), attempt.verdict, visible(attempt.reason, 300))
        for case in result.cases
        if len(case.attempts) > 1
        for attempt in case.attempts
    ]
    blocks: list[Block] = []
    if rows:
        blocks.append(
            Table(rows[:LIMIT], ("Case", "Attempt", "Started", "Verdict", "Why"), (2, 1.1, 3, 2, 4))
        )
    if result.overrides:
        overruled = [
            (
                o.case,
                o.before,
                o.verdict,
                visible(o.by, 80) or "nobody named",
                visible(o.why, 300) or "no reason given",
            )
            for o in result.overrides[:LIMIT]
        ]
        blocks.append(Table(overruled, ("Case", "From", "To", "By", "Why"), (2, 1.8, 1.8, 2, 4)))
    return [Section("Attempts and operator overrides", 2, blocks)] if blocks else []


def _pics(result: Result) -> Section:
    rows = []
    for one in result.pics[:LIMIT]:
        item, label, shown = pics_words(one)
        line = f" (line {one.line})" if one.line else ""
        # What has a number on the form is found by it; the rest by its words.
        named = item if item != one.item else f"{item} {label}" if "-" in item else label or item
        rows.append((visible(named, 120), visible(shown, 200), one.result, visible(one.why, 300) + line))
    return Section(
        "PICS cross-examination",
        2,
        [Table(rows, ("Item", "Declared", "Result", "Why"), (3.6, 2.4, 1.4, 3.8))],
    )


def _configuration(result: Result) -> Section:
    configuration = result.configuration
    changed = {key.key for key in configuration.differences}
    rows = [
        (
            visible(key.key, 80),
            visible(key.before if key.seen_before else "not reported", 300),
            visible(key.after if key.seen_after else "not reported", 300),
            "different" if key.key in changed else ACCESS[key.readonly],
        )
        for key in configuration.keys[:LIMIT]
    ]
    return Section(
        "Configuration before and after", 2, [Table(rows, ("Key", "Before", "After", ""), (4, 2.8, 2.8, 1.4))]
    )


def _evidence(result: Result) -> list[Section]:
    sections = [Section("Evidence by case", 1)]
    for case in result.cases:
        for attempt in case.attempts[-20:]:
            sections.append(_attempt(case, attempt))
    return sections


def _attempt(case: Case, attempt: Attempt) -> Section:
    about = f"{attempt.verdict}, attempt {attempt.number}, {seconds(attempt.seconds)}"
    about += f" (of which {seconds(attempt.forced)} forced by the protocol)" if attempt.forced else ""
    about += f"; blame: {attempt.blame}" if attempt.blame else ""
    about += f". {attempt.reason}" if attempt.reason else ""
    rows = []
    for step in attempt.steps[:LIMIT]:
        line = step.frame if step.frame is not None else step.closest
        measured = _measured(step)
        expected = visible(step.what, 300) + (f"\n{visible(cite(step.cite), 60)}" if step.cite else "")
        actual = visible(step.actual, 300) or ("as expected" if step.outcome == "ok" else NONE)
        actual += f"\nrecord line {line}" if line else ""
        label = visible(step.step, 20) or f"#{step.number}"
        rows.append((f"{label}\n{step.outcome}", expected, actual, measured))
    blocks: list[Block] = [Paragraph(visible(about, 600))]
    if rows:
        blocks.append(Table(rows, ("Step", "Expected", "Actual", "Measured"), (1.5, 4.3, 3.7, 1.9)))
    remarks = [
        (f"{r.count}×" if r.count > 1 else "", visible(r.text, 300), cite(r.cite))
        for r in attempt.remarks[:50]
    ]
    if remarks:
        blocks.append(Table(remarks, ("", "Remark", ""), (0.7, 8, 2)))
    changes = [
        (
            visible(c.what, 40),
            visible(c.name, 80),
            f"{plain(c.before)} → {plain(c.after)}",
            "restored" if c.restored else "NOT RESTORED",
        )
        for c in attempt.changes[:100]
    ]
    if changes:
        blocks.append(Table(changes, ("Changed", "Name", "From and to", ""), (2, 3, 4, 2)))
    return Section(visible(f"{case.id} {case.name}", 140), 2, blocks, outlined=False)


def _measured(step: Step) -> str:
    if step.seconds is None:
        return f"limit {limit(step.limit)}" if step.limit is not None else ""
    return seconds(step.seconds) + (f" of {limit(step.limit)}" if step.limit is not None else "")
