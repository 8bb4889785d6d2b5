"""The words are texts, written as themselves."""

from __future__ import annotations

import orjson
import pytest

from octt.record.words import Agreement, Blame, Profile, Severity, Verdict, printed


@pytest.mark.parametrize("word", [Verdict.NOT_APPLICABLE, Blame.NOBODY, Profile.CORE, Severity.REMARK])
def test_a_word_is_its_text(word):
    assert f"{word}" == word == word.value
    assert orjson.loads(orjson.dumps([word])) == [word.value]
    assert {word: 1}[word.value] == 1


def test_what_is_none_of_the_words_is_not_taken():
    with pytest.raises(ValueError, match="MAYBE"):
        Verdict("MAYBE")
    assert Agreement("not observed") is Agreement.NOT_OBSERVED


def test_profiles_have_their_printed_names():
    assert Profile("SmartCharging").printed == printed("SmartCharging") == "Smart Charging"
    assert printed("Vendor") == "Vendor"
    assert next(iter(Profile)) is Profile.CORE
