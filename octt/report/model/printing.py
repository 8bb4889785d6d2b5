"""Values of a result in short words, the same in every report."""

from __future__ import annotations

from typing import Any

import orjson

from octt.pics.questionnaire import load_questionnaire
from octt.report.model.parts import PicsResult
from octt.report.text import number


def pics_words(answer: PicsResult) -> tuple[str, str, str]:
    """A cross-examined answer: its item, what was asked, and what was declared; an unknown item as it is."""
    question = load_questionnaire().questions.get(answer.item)
    if question is None:
        item = answer.item.removeprefix("configuration_keys.")
        return item, "configuration key" if item != answer.item else "", plain(answer.answer)
    as_text = isinstance(answer.answer, str)  # the record has the words already, with their unit
    return answer.item, question.label, plain(answer.answer) if as_text else question.shown(answer.answer)


def plain(value: Any) -> str:
    """A value of any JSON type as short text."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    text = value if isinstance(value, str) else as_json(value)
    return text if len(text) <= 300 else text[:299] + "…"


def as_json(value: Any) -> str:
    """Any value of the record as indented JSON; what is nested too deep to print as the words of Python."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONEncodeError:
        return repr(value)
