"""`station.connectors = "all"`: cases that are about one connector are tested at each, in one run and one report."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import orjson
import pytest

from octt import paths
from octt.bench import Bench, ConfigError
from octt.commands.ending import verdict_code
from octt.pics.declaration import Declaration, load_declaration
from octt.record.words import Verdict, worst
from octt.report import json_out, junit
from octt.report.html import page as html
from octt.report.model.headline import counted
from octt.report.model.result import build
from octt.suite import plugin
from octt.suite.catalogue import load_catalogue, plan
from octt.suite.checks import connectors_to_test
from octt.suite.choosing.mark import CONNECTOR
from tests.commands.calling import octt
from tests.report.synthetic import Synthetic

CATALOGUE = load_catalogue()
ALL = Bench.model_validate({"station": {"connectors": "all"}})


def declared():
    """Two connectors, the second with a fixed cable."""
    base = load_declaration(paths.PICS / "simulated.toml")
    first, second = base.connectors
    answers = {**base.answers, "HFS-2": True}
    return replace(base, answers=answers, connectors=(first, replace(second, cable="Fixed Cable")))


def test_which_connectors_are_tested():
    assert connectors_to_test(Bench(), Declaration(answers={"HFS-8": 2})) == ()
    assert connectors_to_test(ALL, Declaration(answers={"HFS-8": 3})) == (1, 2, 3)
    assert connectors_to_test(ALL, Declaration(answers={"HFS-8": 1})) == ()
    for unknown in (
        Declaration(),
        Declaration(answers={"HFS-8": "some"}),
        Declaration(answers={"HFS-8": True}),
    ):
        with pytest.raises(ConfigError, match=r'station.connectors = "all" of the bench: .*HFS-8'):
            connectors_to_test(ALL, unknown)


def test_the_document_ties_some_cases_to_one_connector_and_others_to_none():
    tied = {case.id for case in CATALOGUE.values() if case.per_connector}
    assert {"TC_003_CS", "TC_012_CS", "TC_017_2_CS", "TC_054_CS", "TC_067_CS"} <= tied
    assert not {"TC_001_CS", "TC_031_CS", "TC_050_1_CS", "TC_050_2_CS", "TC_062_CS", "TC_083_CS"} & tied
    assert all(
        "unplug" not in case.needs for case in CATALOGUE.values() if case.id not in tied | {"TC_050_2_CS"}
    )


def test_a_tied_case_is_planned_for_each_connector_as_it_applies_there():
    planned = plan(CATALOGUE, declared(), None, ("TC_017_1", "TC_017_2", "TC_031"), connectors=(1, 2))
    assert {one.key: one.applies for one in planned} == {
        ("TC_017_1_CS", 1): True,
        ("TC_017_1_CS", 2): False,
        ("TC_017_2_CS", 1): False,
        ("TC_017_2_CS", 2): True,
        ("TC_031_CS", 0): True,
    }
    assert len(plan(CATALOGUE, declared(), connector=1)) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["PASS", "FAIL", "ERROR"], "FAIL"),
        (["PASS", "INCONCLUSIVE", "ERROR"], "ERROR"),
        (["NOT RUN", "INCONCLUSIVE"], "INCONCLUSIVE"),
        (["PASS", "NOT RUN"], "NOT RUN"),
        (["NOT APPLICABLE", "PASS"], "PASS"),
        (["NOT APPLICABLE"], "NOT APPLICABLE"),
        ([], "NOT APPLICABLE"),
    ],
)
def test_the_worst_counts(parts, whole):
    assert worst(map(Verdict, parts)) == whole


# -- the report -----------------------------------------------------------------------------------------------------


def line(case, connector, applicable=True):
    return {
        "case": case,
        "name": f"Name of {case}",
        "profile": "Core",
        "applicable": applicable,
        "reason": "" if applicable else "does not apply: the cable",
        "connector": connector,
    }


def reported(*verdicts, plan=None, revised=0):
    """A case with these verdicts at (connector, verdict), in their order."""
    run = Synthetic()
    run.start(*(plan or [line("A", 1), line("A", 2)]))
    for number, (connector, verdict) in enumerate(verdicts, 1):
        run.case_id = "A"
        run.add("case.start", attempt=number, name="Name of A", connector=connector)
        run.step(f"something at {connector}", "fail" if verdict == "FAIL" else "ok")
        end = {
            "verdict": verdict,
            "blame": "",
            "reason": "" if verdict == "PASS" else "because",
            "seconds": 1.0,
        }
        run.add("case.end", attempt=number, forced=0.0, connector=connector, **end)
        run.case_id = None
    if revised:
        told = {"verdict": "FAIL", "blame": "station", "reason": "late"}
        run.add("case.revised", case="A", connector=revised, **told)
    run.end()
    return build(run.events)


@pytest.mark.parametrize(
    ("verdicts", "whole", "counts"),
    [
        ([(1, "PASS"), (2, "PASS")], "PASS", 1),
        ([(1, "FAIL"), (2, "PASS")], "FAIL", 1),
        ([(1, "PASS"), (2, "FAIL")], "FAIL", 2),
        ([(1, "INCONCLUSIVE"), (1, "PASS"), (2, "PASS")], "PASS", 1),
        ([(1, "PASS"), (2, "INCONCLUSIVE"), (2, "FAIL")], "FAIL", 2),
        ([(1, "PASS")], "NOT RUN", 1),
    ],
)
def test_the_verdict_of_a_case_is_the_worst_of_its_connectors(verdicts, whole, counts):
    result = reported(*verdicts)
    [case] = json.loads(json_out.render(result))["cases"]
    assert (case["id"], case["verdict"], case["connector"]) == ("A", whole, counts)
    assert [part["connector"] for part in case["connectors"]] == [1, 2]
    assert [attempt["connector"] for attempt in case["attempts"]] == [at for at, _ in verdicts]
    assert result.verdict == {"NOT RUN": "INCONCLUSIVE"}.get(whole, whole)
    assert counted(result).startswith("1 test cases apply")


def test_a_missing_connector_is_said_and_keeps_the_report_from_being_filed():
    result = reported((1, "PASS"))
    assert result.cases[0].reason == "not run at connector 2"
    assert "A applies and was not run." in result.not_issuable


def test_what_does_not_apply_to_one_connector_costs_nothing():
    result = reported((1, "PASS"), plan=[line("A", 1), line("A", 2, applicable=False)])
    [case] = result.cases
    assert case.verdicts == [(1, Verdict.PASS), (2, Verdict.NOT_APPLICABLE)]
    assert (case.verdict, case.applicable) == ("PASS", True)


def test_a_late_violation_revises_the_connector_that_it_belongs_to():
    result = reported((1, "PASS"), (2, "PASS"), revised=1)
    assert result.cases[0].verdicts == [(1, Verdict.FAIL), (2, Verdict.PASS)]
    assert result.cases[0].reason == "connector 1: late"


def test_junit_and_page_show_each_connector():
    result = reported((1, "PASS"), (2, "FAIL"))
    root = ElementTree.fromstring(junit.render(result))
    assert [case.get("name") for case in root.iter("testcase")] == [
        "A Name of A (connector 1)",
        "A Name of A (connector 2)",
    ]
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    page = html.render(result)
    assert "1: PASS, 2: FAIL (shown first)" in page
    assert "Attempt 1 at connector 1: PASS" in page


def test_the_report_of_the_default_says_nothing_of_connectors():
    run = Synthetic()
    run.start("A")
    with run.case("A"):
        run.step("it works")
    run.end()
    [case] = orjson.loads(json_out.render(build(run.events)))["cases"]
    assert (case["connector"], case["connectors"]) == (0, [])


# -- a run ----------------------------------------------------------------------------------------------------------


def test_a_run_tests_each_connector(tmp_path):
    bench, out = tmp_path / "bench.toml", tmp_path / "out"
    bench.write_text(
        '[station]\nconnectors = "all"\n[central_system]\nhost = "127.0.0.1"\nport = 0\n[driver]\nkind = "simulated"\n'
    )
    chosen = [word for case in ("TC_003", "TC_017_1", "TC_017_2", "TC_031") for word in ("--case", case)]
    pics = paths.PICS / "simulated.toml"
    done = octt("run", "--bench", bench, "--pics", pics, *chosen, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[2/5] TC_003_CS    connector 2 PASS" in done.stdout
    assert "3 PASS   1 NOT APPLICABLE" in done.stdout
    assert "Only a part: 3 of 96 test cases" in done.stdout
    assert "more than once" not in done.stdout
    result = json.loads((out / "result.json").read_text())
    assert {case["id"]: [part["verdict"] for part in case["connectors"]] for case in result["cases"]} == {
        "TC_003_CS": ["PASS", "PASS"],
        "TC_017_1_CS": ["PASS", "PASS"],
        "TC_017_2_CS": ["NOT APPLICABLE", "NOT APPLICABLE"],
        "TC_031_CS": [],
    }
    started = [json.loads(line) for line in (out / "record.jsonl").read_text().splitlines()]
    plugged = [event["params"]["connector"] for event in started if event.get("action") == "plug_in"]
    assert sorted(set(plugged)) == [1, 2]


def test_all_connectors_of_nobody_knows_how_many(tmp_path):
    bench = tmp_path / "bench.toml"
    bench.write_text('[station]\nconnectors = "all"\n')
    done = octt("run", "--bench", bench, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith('octt: station.connectors = "all" of the bench: ')
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_exit_code_counts_every_connector():
    def ended(connector, verdict):
        run = Synthetic()
        end = {"blame": "", "reason": "", "seconds": 1.0, "forced": 0.0}
        return run.add("case.end", case="A", attempt=1, verdict=verdict, connector=connector, **end)

    planned = [("A", 1), ("A", 2)]
    assert verdict_code(planned, [ended(1, "PASS"), ended(2, "PASS")]) == 0
    assert verdict_code(planned, [ended(1, "FAIL"), ended(2, "PASS")]) == 1
    assert verdict_code(planned, [ended(1, "PASS")]) == 3


def test_the_connector_that_makes_the_verdict_is_the_one_that_is_repeated(monkeypatch):
    verdicts = {("A", 1): Verdict.PASS, ("A", 2): Verdict.FAIL}
    breaches = SimpleNamespace(verdict_at=lambda case, connector: verdicts.get((case, connector)))
    run = SimpleNamespace(breaches=breaches, ended={"A": Verdict.FAIL})
    monkeypatch.setattr("octt.suite.between.case_to_repeat", lambda *_args, **_more: "A")

    def item(connector):
        found = SimpleNamespace(get_closest_marker=lambda _name: SimpleNamespace(args=("A",)))
        found.callspec = SimpleNamespace(params={CONNECTOR: connector})
        return found

    items = [item(1), item(2)]
    items[1].session = SimpleNamespace(shouldstop=False, items=items)
    items[1].config = SimpleNamespace(stash={plugin._RUN: run})
    assert plugin._case_to_repeat(items[1], None) is items[1]
    verdicts["A", 1] = Verdict.FAIL
    assert plugin._case_to_repeat(items[1], None) is items[0]
