"""The person at the terminal: what counts as an answer, and what the screen shows."""

from __future__ import annotations

import os
import pty
import time

import pytest
from rich.console import Console

from octt.station import operator as module
from octt.station.effects import Seen, Slipped
from octt.station.errand import Answer, Errand, Request
from octt.station.operator import NOTHING, Operator
from octt.timeline.entry import NOTHING as ENTRY
from tests.station.desk import Desk

SURE = Request("Plug in.", "a car is needed", "TC_003_CS", "the station reports it", sure=True, patience=0.2)
UNSURE = Request("Block the lock.", "it must fail")


@pytest.fixture(autouse=True)
def no_dead_time(monkeypatch):
    monkeypatch.setattr(module, "DEAD_TIME", 0.0)


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.close()


def nothing():
    return None


def answer(desk, request, watch=nothing):
    return Errand(desk.operator, request, watch).run().answer


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("\n", "done"),
        ("done\n", "done"),
        ("c\n", "cannot"),
        ("R\n", "repeat"),
        (" abort \n", "abort"),
        ("what?\nc\n", "cannot"),
        ("y\nc\n", "cannot"),
    ],
)
def test_the_operator_answers(desk, typed, expected):
    desk.at(("a abort the run", typed))
    assert answer(desk, UNSURE) == expected
    assert ("please answer with Enter, c, r, p or a" in desk.screen) is (typed.count("\n") > 1)
    assert "► Block the lock." in desk.screen
    assert "why: it must fail" in desk.screen


def test_what_shows_itself_looks_different_from_what_does_not(desk):
    desk.at(("a abort the run", "c\n"))
    answer(desk, SURE)
    assert "► TC_003_CS  Plug in." in desk.screen
    assert "goes on by itself: the station reports it" in desk.screen
    assert "⏎" not in desk.screen
    other = Desk()
    other.at(("a abort the run", "c\n"))
    answer(other, UNSURE)
    other.close()
    assert "⏎ press Enter when it is done" in other.screen
    assert "goes on by itself" not in other.screen


def test_the_effect_answers_for_the_operator(desk):
    reply = Errand(desk.operator, SURE, lambda: Seen(ENTRY)).run()
    assert (reply.answer, reply.sight) == (Answer.SEEN, Seen(ENTRY))
    assert "the station shows it; going on" in desk.screen


def test_enter_is_not_believed_where_the_station_must_show_it(desk):
    desk.at(("a abort the run", "\n"), ("✗ nothing shows it yet", "\n"), ("Enter is not enough here", "y\n"))
    assert answer(desk, SURE) is Answer.INSISTS
    assert "waiting for the station to show it" in desk.screen


def test_after_enter_the_stations_own_sign_still_counts(desk):
    shown = []
    desk.at(("a abort the run", "\n\n"), ("✗ nothing shows it yet", lambda: shown.append(Seen(ENTRY))))
    assert answer(desk, SURE, lambda: shown[0] if shown else None) is Answer.SEEN


def test_a_slip_is_told_and_enter_does_not_pass_over_it(desk):
    slip = Slipped(ENTRY, "the station read the card X", over=False)
    desk.at(("✗ the station read the card X", "\n"), ("Enter is not enough here", "r\n"))
    reply = Errand(desk.operator, UNSURE, lambda: slip).run()
    assert (reply.answer, reply.sight) == (Answer.REPEAT, slip)
    assert "Please: Block the lock." in desk.screen
    assert desk.screen.count("✗") == 1


def test_what_is_too_late_says_so(desk):
    desk.at(("Now it is too late in this attempt.", "y\n"))
    assert answer(desk, SURE, lambda: Slipped(ENTRY, "it ran out", over=True)) is Answer.INSISTS
    assert "Please: Plug in." not in desk.screen


# -- what does not count ------------------------------------------------------------------------------------------


def test_what_was_typed_before_the_question_appeared_answers_nothing(desk):
    desk.operator.listen()
    desk.type("\nc\n")
    desk.type("p\n")
    desk.shows("p: the run pauses before the next case")
    desk.at(("a abort the run", "r\n"))
    assert answer(desk, UNSURE) is Answer.REPEAT
    assert desk.operator.wish() == "p"
    assert desk.operator.wish() == ""


def test_a_habitual_enter_does_not_answer_the_next_question(desk, monkeypatch):
    monkeypatch.setattr(module, "DEAD_TIME", 1000.0)

    def later():
        monkeypatch.setattr(desk.operator, "_deaf_until", 0.0)
        desk.type("c\n")

    desk.at(("► Block the lock.", "\n\n"), ("(too soon to be meant for this: not counted)", later))
    assert answer(desk, UNSURE) is Answer.CANNOT


def test_half_a_line_typed_before_the_question_is_thrown_away():
    master, slave = pty.openpty()
    with os.fdopen(slave) as source, open(os.devnull, "w") as nowhere:
        operator = Operator(20, Console(file=nowhere), source)
        operator.listen()
        os.write(master, b"the start of somethin")
        with operator.question("Which?"):
            os.write(master, b"c\n")
            while (line := operator.line()) == NOTHING:
                pass
        assert line == "c"
        assert operator.attended
        os.close(master)


# -- answers from elsewhere ---------------------------------------------------------------------------------------


def test_what_is_shown_elsewhere_is_what_the_terminal_shows(desk):
    desk.at(("a abort the run", "c\n"))
    with_facts = Request("Plug in.", "a car is needed", "TC_003_CS", facts={"connector": 2})
    seen = []
    answer(desk, with_facts, lambda: seen.append(desk.operator.pending))
    question = seen[-1]
    assert (question.text, question.case, question.facts) == ("Plug in.", "TC_003_CS", {"connector": 2})
    assert [tone for tone, _ in question.lines] == ["why", "alone", "press", "keys"]
    assert list(question.keys) == ["", "c", "r", "p", "a"]
    assert desk.operator.pending is None


def test_an_answer_from_elsewhere_has_a_dead_time_too(desk, monkeypatch):
    """Longer than the terminal's: what may be answered can change while the question stays."""
    heard = []

    def early():
        monkeypatch.setattr(module, "DEAD_TIME", 1000.0)
        desk.operator.offer({"y": "yes"})
        monkeypatch.setattr(module, "DEAD_TIME", 0.0)
        heard.append(desk.operator.hear(desk.operator.pending.number, "y"))
        desk.type("c\n")

    desk.at(("a abort the run", early))
    assert answer(desk, UNSURE) is Answer.CANNOT
    assert heard == ["too soon to be meant for this: not counted"]


def test_of_two_answers_at_once_the_first_counts(desk):
    """Both were given to the same question; the second must not answer what comes after it."""
    heard = []

    def both():
        number = desk.operator.pending.number
        heard.extend([desk.operator.hear(number, "p"), desk.operator.hear(number, "a")])

    desk.at(("a abort the run", both), ("⏎ Enter: go on", "\n"), ("⏎ Enter: go on\n", "c\n"))
    assert answer(desk, UNSURE) is Answer.CANNOT
    assert heard[0] == ""
    assert "somebody else has answered it" in heard[1]


def test_an_answer_from_elsewhere_after_the_question_answers_nothing(desk):
    desk.at(("a abort the run", "c\n"))
    answer(desk, UNSURE)
    assert "not asked any more" in desk.operator.hear(0, "c")
    desk.at(("goes on by itself", "r\n"))
    assert answer(desk, SURE) is Answer.REPEAT


def test_in_doubt_done_is_not_offered_any_more(desk):
    offered, slips = [], []

    def see():
        offered.append(list(desk.operator.pending.keys))

    def slip():
        see()
        slips.append(Slipped(ENTRY, "the station read the card X", over=False))

    desk.at(("a abort the run", slip), ("y it was done as asked", see), ("y it was done as asked", "r\n"))
    assert answer(desk, UNSURE, lambda: slips[0] if slips else None) is Answer.REPEAT
    assert offered == [["", "c", "r", "p", "a"], ["y", "c", "r", "p", "a"]]


def test_wishes_can_be_taken_back_and_skipping_is_none_for_later(desk):
    desk.operator.want("a")
    desk.operator.want("")
    desk.operator.want("s")
    assert (desk.operator.wish(), desk.operator.skips(), desk.operator.skips()) == ("", True, False)
    desk.operator.want("r", "TC_001_CS")
    assert (desk.operator.wished, desk.operator.wish()) == ("r TC_001_CS", "r TC_001_CS")


# -- who is not there ---------------------------------------------------------------------------------------------


def test_where_nobody_can_be_time_runs_out():
    desk = Desk(0.2)
    assert answer(desk, SURE) is Answer.TIMEOUT
    desk.close()


def test_a_person_who_is_there_is_waited_for():
    desk = Desk(0.2, attended=True)
    desk.at(("the run waits for you", "\n"))
    assert answer(desk, UNSURE) is Answer.DONE
    desk.close()


def test_a_pause_is_a_pause():
    desk = Desk(0.2, attended=True)
    desk.at(("a abort the run", "p\n"), ("⏎ Enter: go on", "c\n\n"), ("► Block the lock.", "\n"))
    began = time.monotonic()
    assert answer(desk, UNSURE) is Answer.DONE
    assert desk.screen.count("► Block the lock.") == 2
    assert time.monotonic() - began < 10
    desk.close()


def test_a_person_who_left_is_gone_for_good():
    desk = Desk()
    desk.keyboard.close()
    assert answer(desk, UNSURE) is Answer.GONE
    assert answer(desk, UNSURE) is Answer.GONE


# -- choices ------------------------------------------------------------------------------------------------------


def test_one_of_several_is_chosen(desk):
    desk.at(("► Which?", "neither\n\nb\n"))
    assert desk.operator.choose("Which?", {"a": "this", "B": "that"}, otherwise="") == "B"
    assert desk.screen.count("please type one of: a, B") == 2
    desk.at(("► Again?", "\n"))
    assert desk.operator.choose("Again?", {"a": "this"}, otherwise="", enter="none") == "none"


def test_a_limited_question_does_not_wait_for_ever_for_anybody():
    desk = Desk(0.2, attended=True)
    assert desk.operator.choose("Again?", {"a": ""}, otherwise="no", limited=True) == "no"
    desk.close()


def test_a_pause_between_cases(desk):
    desk.at(("paused since", "\n"))
    desk.operator.pause("paused")
    assert "⏎ Enter: go on" in desk.screen


# -- the screen ---------------------------------------------------------------------------------------------------


def test_lines_are_broken_between_words():
    desk = Desk(width=40)
    desk.at(("a abort the run", "c\n"))
    words = "a conformant station must not take this card"
    answer(desk, Request("Present the card OCTTVALID2 for connector 1 of the station.", words))
    assert all(len(line) <= 40 for line in desk.screen.splitlines())
    assert {"Present", "OCTTVALID2", "conformant", "station"} <= set(desk.screen.split())
    desk.close()


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;pwned\x07", "\u202eevil", "x\n► Press Enter", "\x9b31m"])
def test_nothing_from_outside_controls_the_terminal(desk, hostile):
    desk.at(("✗", "c\n"))
    answer(desk, SURE, lambda: Slipped(ENTRY, f"the station read the card {hostile}", over=False))
    assert not set(desk.screen) & set("\x1b\x9b\u202e")
    assert "► Press Enter" not in desk.screen.splitlines()
    assert "‹U+" in desk.screen


def test_a_live_view_makes_room(desk):
    order = []
    desk.operator.before, desk.operator.after = lambda: order.append("off"), lambda: order.append("on")
    answer(desk, SURE, lambda: Seen(ENTRY))
    assert order == ["off", "on"]
