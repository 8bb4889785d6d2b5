"""In which order a run goes, so that a person is called as seldom as can be; and what it is said to take beforehand."""

from __future__ import annotations

import json
import tomllib

import pytest

from octt import paths
from octt.bench import SIMULATED, Bench
from octt.suite.catalogue import DISTURBING, ERRANDS, load_catalogue
from octt.suite.effort import BOOT, HAND, RIG, WAITED_FOR, Effort, efforts
from tests.commands.calling import invoke
from tests.orders import Seen, backwards, differing, of_document, visits

CATALOGUE = load_catalogue()
IN_ORDER = sorted(CATALOGUE.values(), key=lambda case: case.place(2))


# -- the order --------------------------------------------------------------------------------------------------------


def test_a_person_is_called_once_and_what_needs_the_same_hands_stands_together():
    assert visits(case.needs for case in IN_ORDER) == 1
    assert visits(case.needs for case in sorted(CATALOGUE.values(), key=lambda case: case.order)) > 10
    for hands in ERRANDS[:3]:
        needing = [n for n, case in enumerate(IN_ORDER) if not hands.isdisjoint(case.needs)]
        others = [n for n in range(needing[0], needing[-1]) if n not in needing]
        assert all(not ERRANDS[0].isdisjoint(IN_ORDER[n].needs) for n in others)


@pytest.mark.parametrize("profile", [0, 1, 2, 3])
def test_what_disturbs_the_station_stays_last_in_its_order(profile):
    order = sorted(CATALOGUE.values(), key=lambda case: case.place(profile))
    disturbing = [case for case in order if of_document(case, profile) >= DISTURBING]
    assert order[-len(disturbing) :] == disturbing
    assert disturbing == sorted(disturbing, key=lambda case: of_document(case, profile))


def test_every_case_has_a_place_of_its_own():
    assert len({case.place(2) for case in CATALOGUE.values()}) == len(CATALOGUE)


def test_backwards_is_backwards_but_for_the_end():
    order = sorted(CATALOGUE.values(), key=lambda case: backwards(of_document)(case, 0))
    assert [case.order for case in order[:3]] == [1000, 990, 950]
    assert order[-1].order == max(case.order for case in CATALOGUE.values())


def test_visits_are_counted_anew_after_a_case_without_hands():
    assert visits([("plug_in",), ("unplug",), (), (), ("fault",), ()]) == 2
    assert visits([(), ()]) == 0


def test_a_verdict_that_depends_on_the_order_is_told():
    one, other = Seen({"A": "PASS", "B": "PASS"}, {}), Seen({"A": "PASS", "B": "FAIL"}, {})
    assert differing({"run": one, "document": other}) == ["B"]
    assert differing({"run": one, "document": one}) == []
    assert differing({"run": one, "document": Seen({"A": "PASS"}, {})}) == ["B"]


def test_the_committed_orders_agree():
    """`make orders` writes it."""
    text = (paths.TESTCASES / "orders.md").read_text(encoding="utf-8")
    assert "Different verdicts: none." in text
    assert "| run | 96 PASS" in text


# -- what it takes ----------------------------------------------------------------------------------------------------


def test_the_time_of_a_case_follows_the_bench_and_who_acts():
    effort = Effort(1.0, 2, ("plug_in", "unplug"), {"heartbeat_interval": 2})
    times = Bench().times
    assert effort.takes(times, ()) == 1 + 2 * times.heartbeat_interval + 2 * BOOT + 2 * HAND
    assert effort.takes(times, {"plug_in"}) == 1 + 2 * times.heartbeat_interval + 2 * BOOT + HAND + RIG
    assert effort.by_hand({"plug_in"}) == ["unplug"]
    assert effort.by_hand({"plug_in", "unplug"}) == []


def test_every_case_was_measured_and_its_hands_are_those_of_the_catalogue():
    data = tomllib.loads((paths.TESTCASES / "effort.toml").read_text(encoding="utf-8"))
    assert set(data) == set(CATALOGUE)
    for case, effort in efforts().items():
        assert set(effort.hands) <= set(CATALOGUE[case].needs) | {"unplug"}, case
        assert set(effort.waits) <= set(WAITED_FOR)
        assert bool(effort.hands) <= bool(CATALOGUE[case].needs), case
    assert sum(len(effort.hands) for effort in efforts().values()) > 100


def test_the_demo_takes_about_what_it_takes():
    """Without its boots and hands, which cost a simulated station nothing."""
    everything = {hand for effort in efforts().values() for hand in effort.hands}
    seconds = sum(effort.takes(SIMULATED.times, everything) for effort in efforts().values())
    boots = sum(effort.boots for effort in efforts().values())
    hands = sum(len(effort.hands) for effort in efforts().values())
    assert 90 < seconds - BOOT * boots - RIG * hands < 400


# -- octt list --bench ------------------------------------------------------------------------------------------------


def bench(tmp_path, text):
    file = tmp_path / "bench.toml"
    file.write_text(text)
    return file


PICS = paths.PICS / "simulated.toml"


def test_list_tells_minutes_and_hands_before_the_run(tmp_path):
    done = invoke("list", "--bench", bench(tmp_path, '[driver]\nkind = "manual"\n'), "--pics", PICS)
    assert done.exit_code == 0, done.output
    line = next(line for line in done.output.splitlines() if "TC_003_CS" in line)
    assert "3 by hand: plug_in, present_id_tag, unplug" in line
    assert "96 cases that apply: about " in done.output
    assert "By hand: " in done.output
    assert "20 s for a hand" in done.output


def test_a_rig_takes_hands_off_the_person(tmp_path):
    text = '[driver]\nkind = "command"\noperator = false\n[driver.commands]\nplug_in = "x"\nunplug = "x"\n'
    done = invoke("list", "--bench", bench(tmp_path, text), "--pics", PICS)
    assert "1 by hand: present_id_tag" in next(
        line for line in done.output.splitlines() if "TC_003_CS" in line
    )
    assert "by hand" not in next(line for line in done.output.splitlines() if "TC_012_CS" in line)
    assert "Nobody is at the terminal (driver.operator)" in done.output
    assert "the rig does 2 of 19 actions" in done.output


def test_a_rig_that_does_not_answer_is_taken_to_do_everything_and_that_is_said(tmp_path):
    text = '[driver]\nkind = "http"\nurl = "http://127.0.0.1:1"\n'
    done = invoke("list", "--bench", bench(tmp_path, text))
    assert "the rig is taken to do everything" in done.output
    assert "that may apply (no --pics)" in done.output
    assert "by hand:" not in done.output


def test_longer_times_of_the_bench_take_longer(tmp_path):
    def seconds(text):
        done = invoke("list", "--json", "--bench", bench(tmp_path, text), "--pics", PICS)
        return {one["id"]: one for one in json.loads(done.output)}

    short, long = seconds("[times]\nheartbeat_interval = 10\n"), seconds("[times]\nheartbeat_interval = 60\n")
    assert long["TC_001_CS"]["seconds"] > short["TC_001_CS"]["seconds"] + 40
    assert long["TC_003_CS"]["seconds"] == short["TC_003_CS"]["seconds"]
    assert short["TC_003_CS"]["by_hand"] == ["plug_in", "present_id_tag", "unplug"]
    assert short["TC_001_CS"]["boots"] >= 1
    assert {"id", "name", "applies", "reason", "hands"} <= set(short["TC_001_CS"])


@pytest.mark.parametrize(
    ("text", "said"),
    [("[driver]\nkind = 'robot'\n", "driver.kind = 'robot'"), ("x", "not valid TOML")],
)
def test_a_bench_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, text, said):
    done = invoke("list", "--bench", bench(tmp_path, text))
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1
