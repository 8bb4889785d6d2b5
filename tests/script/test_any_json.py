"""Any JSON value in any place of what a station sends gives a verdict about it, in every case, and is put back."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octt.pki.pki import Pki
from octt.script.verdicts import Judgement
from octt.suite.attempt import decide
from tests.script.obliging import Obliging, learnt, played, scripts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ODD = st.sampled_from(
    [{}, [], ["x"], [None], [{}], [[]], {"key": None}, "", "²", "1e999", 1 << 70, -1, True, None]
)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("pki"), ["localhost"])


@pytest.mark.parametrize(("file", "name"), [pytest.param(*rest, id=case) for case, *rest in scripts()])
def test_any_value_in_any_place_gives_a_verdict(monkeypatch, tmp_path, pki, file, name):
    wishes, turns, _ = learnt(monkeypatch, file, name, pki, tmp_path)
    assert turns

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, turns - 1), st.integers(0, 30), ODD | JSON)
    def try_it(turn, where, value):
        lab = Obliging(wishes, (turn, where, value), pki, tmp_path)
        error = played(lab, file, name)
        failed = decide(error, lab.case, lab.broken)
        assert error is None or isinstance(error, Judgement) or lab.case.postponed, (failed, repr(error))
        assert not [told for told in lab.restored() if re.search(r": \w*(Error|Exception)\b", told)]

    try_it()
