"""The report as one HTML file: no network, readable on a phone, in light and dark, on paper, and without scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from octt import paths
from octt.measure import DECLARED, Statistic
from octt.ocpp.values import number as number_of
from octt.ocpp.values import shown
from octt.record.words import Verdict, printed
from octt.report.certificate.certificate import certificate
from octt.report.certificate.form import NOTICE, Layout
from octt.report.html.case import NOTES_LIMIT, case_view, note_view
from octt.report.html.findings import FIRST, finding_views
from octt.report.html.frames import Budget
from octt.report.html.margin import margin
from octt.report.html.svg import Series, distribution
from octt.report.html.timeline import Bar, Lane, timeline
from octt.report.model.headline import counted, headline
from octt.report.model.parts import Attempt, Case, PicsResult, Result
from octt.report.model.printing import pics_words, plain
from octt.report.model.run import Run
from octt.report.model.verdict import EXPLANATION
from octt.report.text import cite, limit, moment, number, seconds, visible

LIMIT = 500  # rows of any list that a station can make as long as it likes
BARS_LIMIT = 2000
_LONG_NAME, _CAPITAL = re.compile(r"\b[A-Za-z0-9]{17,}"), re.compile("(?<=[a-z0-9])(?=[A-Z])")


def render(result: Result, layout: Layout | None = None) -> str:
    """The whole page, its test report arranged as in `layout`, by default that of the declaration's own form.

    Frames beyond the budget (html_frames) are left out and counted; the record has them all.
    """
    budget = Budget.of(result)
    cases = [case_view(result, case, budget) for case in result.cases]
    form: Layout = layout or ("2024" if result.declaration.get("form") == "2024" else "2025")
    template = environment().get_template("report.html.j2")
    return template.render(
        notice=NOTICE,
        result=result,
        certificate=certificate(result, form),
        cases=cases,
        headline=headline(result),
        counted=counted(result),
        findings=finding_views(result, budget),
        first=FIRST,
        timeline=_timeline(result),
        measured=[_statistic(one) for one in result.performance.all],
        limits=[_limit(line) for line in result.run.limits[:LIMIT]],
        plot=distribution([_series(one) for one in result.performance.all]),
        by_action=distribution([_series(one) for one in result.performance.by_action.values()][:60]),
        configuration=result.configuration.keys[: 2 * LIMIT],
        pics=[_pics(answer) for answer in result.pics[:LIMIT]],
        rules=EXPLANATION,
        run_notes=[note_view(note) for note in result.notes[:NOTES_LIMIT]],
        printed=printed,
        shown=budget.shown,
        limit=LIMIT,
        script_hash=script_hash(),
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of the report. Every value is made visible and escaped on its way into the page."""
    environment = Environment(
        loader=FileSystemLoader(paths.REPORTS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if type(value) is Markup else visible(value),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        bytecode_cache=_compiled(),
    )
    environment.filters.update(
        seconds=seconds, moment=moment, number=number, plain=plain, slug=slug, cite=cite, wrapping=wrapping
    )
    environment.globals["inline"] = _inline
    return environment


def wrapping(text: object) -> Markup:
    """A text whose long names (of configuration keys) may go on in the next line before a capital."""
    safe = str(escape(visible(text)))
    return Markup(_LONG_NAME.sub(lambda name: _CAPITAL.sub("<wbr/>", name[0]), safe))  # escaped above


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates in the user's cache: a third of the time the page of a usual run takes."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps a template; a full or read-only disk costs the next report some time, not this one."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled() -> _Compiled | None:
    """None where there is no place for a cache."""
    try:
        folder = paths.cache("templates")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: nobody's home
        return None
    return _Compiled(str(folder))


def slug(text: object) -> str:
    """A text as part of a class name or an anchor: letters, digits and hyphens only."""
    return "".join(
        character if character.isalnum() and character.isascii() else "-" for character in str(text)
    ).lower()


def _inline(name: str) -> Markup:
    """A style or script file of ours, as it is."""
    return Markup((paths.REPORTS / name).read_text(encoding="utf-8"))  # our own file, nothing of the station


def script_hash() -> str:
    """What the page's content security policy allows to run: our script and nothing else."""
    script = (paths.REPORTS / "report.js").read_bytes()
    return base64.b64encode(hashlib.sha256(script).digest()).decode()


def _pics(answer: PicsResult) -> dict[str, Any]:
    item, label, shown = pics_words(answer)
    return {
        "item": item,
        "label": label,
        "answer": shown,
        "result": answer.result,
        "why": answer.why,
        "line": answer.line,
    }


def _statistic(one: Statistic) -> dict[str, Any]:
    return {
        "name": one.name,
        "declared": limit(one.declared) or ("not declared" if one.key in DECLARED else "—"),
        "count": one.count,
        "minimum": seconds(one.minimum),
        "maximum": ("> " if one.at_least else "") + seconds(one.maximum),
        "counts": one.counts,
        "average": seconds(one.average),
        "median": seconds(one.percentile(50)),
        "p95": seconds(one.percentile(95)),
        "p99": seconds(one.percentile(99)),
        "unanswered": one.unanswered,
        "exceeded": one.exceeded,
        "line": one.worst_line,
        "margin": margin(one.maximum, one.declared),
    }


def _limit(line: dict[str, Any]) -> dict[str, str]:
    """A line of the table of limits, whatever the record has in it."""
    told = {name: shown(line.get(name)) for name in ("waits_for", "whose", "decides")}
    return told | {"seconds": limit(number_of(line.get("seconds")))}


def _series(one: Statistic) -> Series:
    return Series(one.name.removeprefix("Transaction "), one.samples, one.declared)


def _timeline(result: Result) -> Markup:
    """The run on one page: cases by profile, connections, cuts of the network, what was done at the station.

    The time between two sittings is left out.
    """
    at = result.run.worked
    start, end = at(result.run.started), at(result.run.ended)
    if end <= start:
        return Markup("")
    lanes: dict[str, list[Bar]] = {}
    for case in result.cases:
        for attempt in case.attempts:
            bar = _attempt_bar(case, attempt, result.run)
            lanes.setdefault(printed(case.profile) or "other", []).append(bar)
    rows = [Lane(name, bars[:BARS_LIMIT]) for name, bars in lanes.items()]
    actions = [
        *result.actions,
        *(action for case in result.cases for one in case.attempts for action in one.actions),
    ]
    done = [Bar(at(a.t), at(a.ended or a.t), "action", f"{a.action} {seconds(a.seconds)}") for a in actions]
    if done:
        rows.append(Lane("at the station", done[:BARS_LIMIT]))
    online = [
        Bar(
            at(c.t),
            at(c.ended) if c.ended else end,
            "online",
            f"connection {c.number} {c.reason}",
            f"#connection-{c.number}",
        )
        for c in result.connections[:LIMIT]
    ]
    rows.append(Lane("connected", online))
    cut, cuts = None, []
    for event in result.network:
        if event.event == "cut":
            cut = at(event.t)
        elif cut is not None:
            cuts.append(Bar(cut, at(event.t), "cut", "network cut by the Central System"))
            cut = None
    if cut is not None:
        cuts.append(Bar(cut, end, "cut", "network cut by the Central System"))
    if cuts:
        rows.append(Lane("network cut", cuts[:BARS_LIMIT]))
    return timeline(rows, start, end)


def _attempt_bar(case: Case, attempt: Attempt, run: Run) -> Bar:
    title = f"{case.id} {case.name}: {attempt.verdict}, {seconds(attempt.seconds)}"
    if attempt.verdict != Verdict.PASS and attempt.reason:
        title += f" — {attempt.reason}"
    ended = attempt.ended or next(
        (one.before for one in run.sittings if one.before >= attempt.started), run.ended
    )
    return Bar(
        run.worked(attempt.started),
        run.worked(ended),
        f"v-{slug(attempt.verdict)}",
        title,
        f"#{slug(case.id)}",
    )
