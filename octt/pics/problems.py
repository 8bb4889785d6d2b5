"""What is wrong with a declaration: wrong types, missing answers, contradictions, misspelt keys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from octt.pics.contradictions import connectors, contradictions
from octt.pics.declaration import Declaration, Problem, nearest, short
from octt.pics.declared_keys import keys, keys_against_answers
from octt.pics.expression import explain, parse
from octt.pics.facts import DeclaredFacts
from octt.pics.questionnaire import Question, load_questionnaire

_SUITES = (
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"},
)
_TYPE_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "number": "a number",
    "text": "a text in quotes",
    "choice": "a text in quotes",
    "list": 'a list of texts, for example ["a", "b"]',
}


def problems(declaration: Declaration) -> list[Problem]:
    """Everything that is wrong, unclear or missing, errors first; empty for a declaration that can be used."""
    found = [
        *declaration.unreadable,
        *_answers(declaration),
        *contradictions(declaration),
        *connectors(declaration),
        *keys(declaration),
        *keys_against_answers(declaration),
        *_guesses(declaration),
    ]
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(dict.fromkeys(found), key=lambda problem: rank[problem.severity])


def _answers(declaration: Declaration) -> Iterator[Problem]:
    """Each answer by itself: its type and range, whether it is missing, whether it is asked at all."""
    facts = DeclaredFacts(declaration)
    for question in load_questionnaire().questions.values():
        if question.type == "table":
            continue
        value = declaration.answer(question.id)
        asked = explain(parse(question.asked_if), facts)
        if value is None or value == "":
            on_form = declaration.form in question.forms
            if question.required and asked.applies is not False and (on_form or question.decides):
                yield Problem(
                    question.id,
                    question.place,
                    f"not answered: {question.question}",
                    f"write {_example(question)} in [{question.table}]"
                    if question.table
                    else _example(question),
                    "error" if on_form else "warning",
                )
        elif what := wrong_answer(question, value):
            yield Problem(question.id, question.place, what, f"write {_example(question)}")
        elif asked.applies is False and value not in (False, []):
            reasons = ", ".join(f"{item} is {shown}" for item, shown in asked.because)
            what = f"{question.id} is {question.shown(value)}, but that cannot be while {reasons}"
            yield Problem(
                question.id, question.place, what, f"take {question.id} out or correct the other answer"
            )
        else:
            yield from unusual(question, value)


def wrong_answer(question: Question, value: Any) -> str:
    """Why a value cannot be the answer to a question, as a sentence; "" when it can."""
    expected = _TYPE_WORDS[question.type]
    fits = {
        "bool": isinstance(value, bool),
        "int": type(value) is int,
        "number": type(value) in (int, float) and math.isfinite(value),
        "text": isinstance(value, str),
        "choice": isinstance(value, str),
        "list": isinstance(value, list) and all(isinstance(item, str) for item in value),
    }[question.type]
    if not fits:
        return f"{short(value)} is not {expected}"
    if question.type in ("int", "number"):
        if question.minimum is not None and value < question.minimum:
            return f"{value} is less than {question.minimum:g}"
        if question.maximum is not None and value > question.maximum:
            return f"{value} is more than {question.maximum:g}"
    if question.allowed and not question.open:
        allowed = {item.lower() for item in question.allowed}
        for item in value if isinstance(value, list) else [value]:
            if item.lower() not in allowed:
                return f"{short(item)} is not one of {', '.join(question.allowed)}; {nearest(item, question.allowed)}"
    return ""


def unusual(question: Question, value: Any) -> Iterator[Problem]:
    """What is odd about an answer that is of the right type: something twice, a name nobody knows."""
    if isinstance(value, list):
        lower = [item.lower() for item in value]
        for item in value:
            if lower.count(item.lower()) > 1:
                yield Problem(
                    question.id, question.place, f"{short(item)} stands twice", "keep one", "warning"
                )
                break
    if question.id == "SEC-4":
        if not any(pair <= {item.upper() for item in value} for pair in _SUITES):
            what = "neither both ECDHE_ECDSA suites nor both RSA suites that the security whitepaper requires"
            yield Problem(
                question.id, question.place, what, "declare what the station offers in its ClientHello"
            )
    elif question.allowed and question.open:
        for item in value if isinstance(value, list) else [value]:
            if item.lower() not in {allowed.lower() for allowed in question.allowed}:
                what = f"{short(item)} is unusual; known are {', '.join(question.allowed)}"
                yield Problem(question.id, question.place, what, "check the spelling", "note")


def _guesses(declaration: Declaration) -> Iterator[Problem]:
    known = load_questionnaire().questions
    for item in sorted(declaration.guessed):
        if item not in known:
            yield Problem(item, "guessed", f"{item} is in guessed but is no question", nearest(item, known))
        else:
            what = f"{item} is only a guess: {known[item].question}"
            yield Problem(
                item, "guessed", what, f"ask, correct it, and take {item} out of guessed", "warning"
            )


def _example(question: Question) -> str:
    value = question.default if question.default is not None else question.allowed[:1] and question.allowed[0]
    name = question.id if "." not in question.id else f'"{question.id}"'
    if question.type == "bool":
        return f"{name} = true or false"
    if question.type in ("int", "number"):
        return f"{name} = a number" + (f" of {question.unit}" if question.unit else "")
    if question.type == "list":
        return f'{name} = ["{question.allowed[0]}", ...]' if question.allowed else f'{name} = ["..."]'
    return f'{name} = "{value or "..."}"'
