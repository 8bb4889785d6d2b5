"""What a declaration keeps from being decided: INCONCLUSIVE, and why it has to be."""

from __future__ import annotations

import re

from tests.campaign import Outcome

PERMITTED: tuple[tuple[str, str, str, str], ...] = (
    (
        "TC_004_[12]_CS|TC_061_CS",
        r"--cable-first",
        r"a card without a cable, which counts for nothing here",
        "the document has the card first, OCPP prescribes no order (4.1), and the questionnaire does not ask",
    ),
    (
        "TC_005_3_CS",
        r"--absent StopTransactionOnEVSideDisconnect",
        r"StopTransactionOnEVSideDisconnect = false cannot be set",
        "it cannot be told to go on when the EV leaves: the key is optional (errata 3.80)",
    ),
    (
        "TC_005_[123]_CS",
        r"--readonly UnlockConnectorOnEVSideDisconnect",
        r"UnlockConnectorOnEVSideDisconnect = \w+ cannot be set",
        "its precondition is the key's other value, and the station may fix it (9.1.33)",
    ),
    (
        "TC_07[47]_CS|TC_08[37]_CS",
        r"--absent CpoName",
        r"CpoName = .* cannot be set",
        "a request for a certificate needs CpoName to be set (whitepaper A02), and the key is optional (7.5)",
    ),
    (
        "TC_083_CS",
        r"without SEC-3.*security 2",
        r"on its highest profile",
        "there is no higher profile to go to from the one that the bench begins with",
    ),
)
"""Patterns of cases, of a station's words in a row and of the sentence that it ends with; and the reason."""


def permitted(outcome: Outcome, words: tuple[str, ...]) -> str:
    """Why a case may be INCONCLUSIVE on a station with these words; nothing when it may not."""
    for case, lacking, sentence, why in PERMITTED:
        declared = re.search(lacking, "; ".join(words))
        if declared and re.fullmatch(case, outcome.case) and re.search(sentence, outcome.reason):
            return why
    return ""
