"""The expression language: what it means, that it never crashes, and that its reasons really decide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.pics.expression import ExpressionError, evaluate, explain, names, parse

ITEMS = ("HFS-1", "C-04", "AQ-7.1", "Reservation")
KEYS = ("AuthorizeRemoteTxRequests", "LocalAuthListEnabled")


class Answers:
    """Facts from a dictionary; what is not in it is not known."""

    def __init__(self, answers):
        self.answers = answers

    def answer(self, name):
        return self.answers.get(name)

    def key(self, kind, name):
        return self.answers.get(f"{kind}:{name}")

    def connector(self, cable):
        return self.answers.get(f"connector:{cable}")

    def because(self, kind, name):
        full = name if kind == "answer" else f"{kind}:{name}"
        return [(full, repr(self.answers.get(full)))]


leaves = st.sampled_from(
    [*ITEMS, *(f"writable:{key}" for key in KEYS), *(f"key:{key}" for key in KEYS), "connector:fixed"]
)
comparisons = st.one_of(
    st.builds("HFS-8 {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(0, 4)),
    st.builds("HFS-10 {} {}".format, st.sampled_from(["==", "!="]), st.sampled_from(['"None"', '"single"'])),
    st.builds("value:{} == {}".format, st.sampled_from(KEYS), st.sampled_from(['"true"', '"false"'])),
)
expressions = st.recursive(
    st.one_of(leaves, comparisons, st.sampled_from(["true", "false"])),
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " and ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " or ".join(parts) + ")"),
    ),
    max_leaves=8,
)
facts = st.fixed_dictionaries(
    {},
    optional={
        **{item: st.booleans() for item in ITEMS},
        **{f"{kind}:{key}": st.booleans() for kind in ("writable", "key") for key in KEYS},
        "connector:fixed": st.booleans(),
        **{f"value:{key}": st.sampled_from(["true", "False", "7", ""]) for key in KEYS},
        "HFS-8": st.integers(0, 4),
        "HFS-10": st.sampled_from(["None", "Single"]),
    },
)


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("true", {}, True),
        ("C-04 and not AQ-2", {"C-04": True, "AQ-2": False}, True),
        ("C-04 and AQ-2", {"C-04": False}, False),
        ("C-04 and AQ-2", {"C-04": True}, None),
        ("C-04 or AQ-2", {"C-04": True}, True),
        ("a or b and c", {"a": True, "b": False, "c": False}, True),
        ("not a or b", {"a": True, "b": True}, True),
        ("not (a or b)", {"a": True, "b": True}, False),
        ("HFS-8 > 1", {"HFS-8": 2}, True),
        ("HFS-8 > 1", {"HFS-8": 1}, False),
        ("HFS-8 > 1", {"HFS-8": "many"}, None),
        ('HFS-10 != "None"', {"HFS-10": "none"}, False),
        ('HFS-10 != "None"', {}, None),
        ("C-06.2 == true", {"C-06.2": True}, True),
        ("HFS-8 == 1", {"HFS-8": True}, False),
        ("writable:HeartbeatInterval", {"writable:HeartbeatInterval": False}, False),
        ('value:X == "true"', {"value:X": "TRUE"}, True),
        ("connector:fixed", {"connector:fixed": True, "HFS-2": False}, True),
        ("not connector:detachable", {}, None),
    ],
)
def test_means(text, answers, expected):
    assert evaluate(parse(text), Answers(answers)) is expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected a name, found the end"),
        ("C-04 and", "expected a name, found the end"),
        ("C-04 AQ-2", "'AQ-2' at character 6"),
        ("(C-04", "expected ')'"),
        ("C-04 = 1", "cannot read '= 1' at character 6"),
        ("HFS-8 > two", "expected a number"),
        ('HFS-8 > "2"', "expected a number"),
        ("1 > HFS-8", "expected a name"),
        ("value:X", "a comparison"),
        ("not", "expected a name"),
        ("true == true", "name on the left"),
        ("(" * 100 + "a" + ")" * 100, "nested"),
        ("a or " * 1000 + "a", "longer"),
    ],
)
def test_complains(text, complaint):
    with pytest.raises(ExpressionError, match=complaint.replace("(", r"\(").replace(")", r"\)")):
        parse(text)


@given(st.one_of(st.text(), st.text(alphabet='()andortuefls -"<>=!.:0123456789C')))
def test_never_crashes_on_any_text(text):
    try:
        node = parse(text)
    except ExpressionError:
        return
    assert evaluate(node, Answers({})) in (True, False, None)
    assert explain(node, Answers({})).sentence


@given(expressions, expressions, facts)
def test_de_morgan(left, right, known):
    answers = Answers(known)
    assert evaluate(parse(f"not ({left} and {right})"), answers) == evaluate(
        parse(f"not ({left}) or not ({right})"), answers
    )
    assert evaluate(parse(f"not ({left} or {right})"), answers) == evaluate(
        parse(f"not ({left}) and not ({right})"), answers
    )


@given(expressions, facts, facts)
def test_what_is_decided_stays_decided_whatever_is_learnt_later(text, known, later):
    before = evaluate(parse(text), Answers(known))
    after = evaluate(parse(text), Answers({**later, **known}))
    assert before is None or after is before


@given(expressions, facts, facts)
def test_the_reasons_alone_decide(text, known, others):
    """Nothing but the answers named as reasons can change the decision."""
    node = parse(text)
    decision = explain(node, Answers(known))
    reasons = {name for name, _ in decision.because}
    kept = {name: value for name, value in known.items() if name in reasons}
    if decision.applies is not None:
        changed = {name: value for name, value in others.items() if name not in reasons}
        assert evaluate(node, Answers({**changed, **kept})) is decision.applies
    used = {leaf.name if leaf.kind == "answer" else f"{leaf.kind}:{leaf.name}" for leaf in names(node)}
    assert reasons <= used


def test_explains_with_the_answers_that_decided():
    node = parse("C-07 and not AQ-2")
    assert explain(node, Answers({"C-07": True, "AQ-2": True})).because == [("AQ-2", "True")]
    decision = explain(node, Answers({"C-07": True}))
    assert decision.applies is None
    assert decision.sentence == "cannot be decided yet: AQ-2 is None"
    assert explain(parse("true"), Answers({})).sentence == "applies to every station"
