"""The outputs that programs read, and that the record alone makes all of them."""

import re
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import orjson
import pytest
from certified import flat
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import HOSTILE, Synthetic, failing_run, passing_run

from octt.commands.report import report, verify
from octt.paths import REPORTS
from octt.report import json_out, junit, write
from octt.report.certificate.certificate import certificate
from octt.report.html import page as html
from octt.report.model.result import build, load
from octt.report.write import ReportError, write_all

OUTPUTS = ("result.json", "summary.md", "junit.xml", "report.html", "report.pdf")


@pytest.fixture(scope="module")
def schema():
    return jsonschema_rs.validator_for(orjson.loads((REPORTS / "result.schema.json").read_bytes()))


def crashed_run():
    run = failing_run()
    del run.events[-6:]
    return run


@pytest.mark.parametrize("make", [passing_run, failing_run, crashed_run, Synthetic])
def test_result_json_is_as_its_schema_says(schema, make):
    data = orjson.loads(json_out.render(build(make().events)))
    assert [error.message for error in schema.iter_errors(data)] == []


@pytest.mark.parametrize("odd", ["9" * 30, "[" * 500 + "]" * 500])
def test_a_value_that_few_can_hold_costs_no_output(tmp_path, odd):
    path = passing_run().write(tmp_path / "record.jsonl")
    text = path.read_text(encoding="utf-8").replace('"outcome":"ok"', f'"outcome":"ok","data":{odd}', 1)
    path.write_text(text, encoding="utf-8")
    result = write_all(tmp_path)
    assert odd in (tmp_path / "result.json").read_text(encoding="utf-8").replace(" ", "").replace("\n", "")
    assert result.run.damages


def test_the_schema_refuses_what_is_not_a_result(schema):
    data = orjson.loads(json_out.render(build(passing_run().events)))
    del data["cases"][0]["steps"]
    assert not schema.is_valid(data)
    data = orjson.loads(json_out.render(build(passing_run().events)))
    data["verdict"] = "GOOD"
    assert not schema.is_valid(data)


def test_a_result_of_the_format_before_is_still_described(schema):
    data = orjson.loads(json_out.render(build(passing_run().events)))
    assert data["format"] == 4
    for case in data["cases"]:
        for added in (case, *case["attempts"]):
            del added["connector"]
        del case["connectors"]
    assert schema.is_valid({**data, "format": 3})
    older = {name: value for name, value in data.items() if name not in ("headline", "part", "not_chosen")}
    for profile in older["profiles"]:
        for added in ("tested", "applicable", "words"):
            del profile[added]
    assert schema.is_valid({**older, "format": 2})
    performance = {**data["performance"], "by_action": {}}
    for added in ("local_start", "local_stop"):
        del performance[added]
    for key in ("response", "triggered", "remote_start", "remote_stop"):
        of_before = performance[key].keys() - {"counts", "at_least"}
        performance[key] = {name: performance[key][name] for name in of_before}
    assert schema.is_valid({**older, "format": 1, "performance": performance})
    assert not schema.is_valid({**data, "format": 5})


def test_a_call_that_was_never_answered_shows_in_every_output():
    run = passing_run()
    del run.events[-1]
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("run.end", wait=30, reason="finished")
    result = build(run.events)
    response = orjson.loads(json_out.render(result))["performance"]["response"]
    assert (response["maximum"], response["at_least"], response["unanswered"]) == (30.0, True, 1)
    assert result.not_issuable == ["OCPP response time: nothing came within 30.000 s, 2 s declared at most."]
    assert [finding.detail for finding in result.findings if finding.kind == "time"] == [
        "nothing came within 30.000 s, 2 s declared"
    ]
    assert "&gt; 30.0 s" in html.render(result)
    assert "> 30" in flat(certificate(result, "2025"))
    assert "wait for what never came" in flat(certificate(result, "2025"))
    assert "more than 30.0 s" in flat(certificate(result, "2024"))


def test_result_json_has_the_pinned_fields():
    data = orjson.loads(json_out.render(build(passing_run().events)))
    assert {"cases", "profiles", "pics", "performance", "station", "verdict"} <= data.keys()
    for case in data["cases"]:
        assert {"id", "verdict", "seconds", "steps", "remarks", "reason"} <= case.keys()
    assert (data["verdict"], data["issuable"], data["cases"][0]["verdict"]) == ("PASS", True, "PASS")
    assert data["performance"]["remote_start"]["maximum"] == 1.201
    assert data["run"]["started"] == "2026-01-01T10:00:00.001000+00:00"
    step = data["cases"][0]["steps"][0]
    assert (step["outcome"], step["seconds"], step["limit"], step["margin"]) == ("ok", 0.5, 2.0, 1.5)


def test_junit_counts_what_it_lists():
    root = ElementTree.fromstring(junit.render(build(failing_run().events)))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites",
        "6",
        "1",
        "2",
    )
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["Core", "Reservation"]
    for suite in suites:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    failure = root.find(".//failure")
    assert failure.get("type") == "FAIL (station)"
    assert "expected: the station reports Preparing" in failure.text
    assert "see: 4.9" in failure.text
    assert [error.get("type") for error in root.iter("error")] == ["INCONCLUSIVE (operator)", "NOT RUN"]


def test_junit_of_a_run_that_was_cut_off_has_an_error_though_every_case_passed():
    """Who counts failures and errors alone must not take it for a pass."""
    events = passing_run().events
    whole, cut = (
        ElementTree.fromstring(junit.render(build(some)))
        for some in (events, [e for e in events if e.kind != "run.end"])
    )
    assert int(whole.get("errors")) == 0
    assert int(cut.get("errors")) == len(cut.findall("testsuite/testcase/error")) == 1
    assert int(cut.get("tests")) == int(whole.get("tests")) + 1
    assert (
        cut.find(".//error").get("message")
        == "The run is incomplete: the record ends without a run.end line."
    )
    nothing = ElementTree.fromstring(junit.render(build([])))
    assert nothing.get("errors") == "1"


# What the strictest reader, the schema of Jenkins' xUnit plugin, allows of what we could write.
JUNIT_ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "system-out": set(),
}


@pytest.mark.parametrize("run", [failing_run, passing_run, crashed_run])
def test_junit_has_nothing_that_a_ci_server_refuses(run):
    root = ElementTree.fromstring(junit.render(build(run().events)))
    for element in root.iter():
        assert set(element.attrib) <= JUNIT_ATTRIBUTES[element.tag], element.tag
        if "time" in element.attrib:
            assert re.fullmatch(r"\d+\.\d{3}", element.get("time"))


def test_junit_names_skipped_cases_with_their_reason():
    root = ElementTree.fromstring(junit.render(build(passing_run().events)))
    assert [skipped.get("message") for skipped in root.iter("skipped")] == ["no"]


@settings(max_examples=60, deadline=None)
@given(hostile=st.text(st.characters(exclude_categories=["Cs"])) | st.just(HOSTILE))
def test_junit_is_xml_whatever_a_station_says(hostile):
    run = Synthetic()
    run.start({"case": "A", "name": hostile, "profile": hostile, "applicable": True, "reason": hostile}, "B")
    run.request("BootNotification", {"chargePointModel": hostile, "firmwareVersion": hostile}, {})
    with run.case("A", "FAIL", reason=hostile, blame=hostile):
        run.step(hostile, "fail", actual=hostile, cite=hostile)
        run.add("remark", text=hostile, by="monitor")
    run.end()
    root = ElementTree.fromstring(junit.render(build(run.events)))
    assert root.get("tests") == "2"
    for element in root.iter():
        for text in [*element.attrib.values(), element.text or ""]:
            assert not any(ord(character) < 32 and character not in "\t\n" for character in text)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with all outputs of the run in which everything happens."""
    folder = tmp_path_factory.mktemp("run")
    failing_run().write(folder / "record.jsonl")
    write_all(folder)
    return folder


def test_all_outputs_are_written(written):
    assert sorted(path.name for path in written.iterdir()) == sorted([*OUTPUTS, "record.jsonl"])
    assert (written / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert (written / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_another_process_makes_the_same_bytes_elsewhere(written, tmp_path):
    folder = tmp_path / "another place"
    folder.mkdir()
    shutil.copy(written / "record.jsonl", folder)
    code = (
        "import sys, pathlib; from octt.report.write import write_all; write_all(pathlib.Path(sys.argv[1]))"
    )
    environment = {
        "PYTHONHASHSEED": "123",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": str(REPORTS.parent),
        "LC_ALL": "C",
    }
    subprocess.run([sys.executable, "-c", code, str(folder)], env=environment, check=True, timeout=120)
    for name in OUTPUTS:
        assert (folder / name).read_bytes() == (written / name).read_bytes(), name


def test_a_crashed_run_is_reported_as_incomplete(tmp_path):
    path = crashed_run().write(tmp_path / "record.jsonl")
    with path.open("ab") as file:
        file.write(b'{"n":')
    result = write_all(tmp_path)
    assert not result.run.complete
    assert "incomplete" in (tmp_path / "report.html").read_text()
    assert orjson.loads((tmp_path / "result.json").read_bytes())["run"]["complete"] is False


def test_the_form_is_the_declarations_unless_asked_for(tmp_path):
    run = Synthetic()
    run.start("A", pics={"form": "2024"})
    run.end()
    run.write(tmp_path / "record.jsonl")
    made = {}
    for layout in (None, "2024", "2025"):
        write_all(tmp_path, layout=layout)
        made[layout] = [(tmp_path / name).read_bytes() for name in OUTPUTS]
    assert made[None] == made["2024"]
    assert [one == other for one, other in zip(made["2024"], made["2025"], strict=True)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_an_output_that_fails_does_not_take_the_others_with_it(tmp_path, monkeypatch):
    passing_run().write(tmp_path / "record.jsonl")

    def broken(_result):
        raise RuntimeError("no more paper")

    monkeypatch.setattr(junit, "render", broken)
    with pytest.raises(ReportError, match=r"junit\.xml: RuntimeError: no more paper"):
        write_all(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "record.jsonl",
        "report.html",
        "report.pdf",
        "result.json",
        "summary.md",
    ]


def test_a_link_left_in_the_folder_is_replaced_not_followed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "link.part").symlink_to(outside)
    write.write_file(tmp_path / "link", b"new")
    assert (outside.read_text(), (tmp_path / "link").read_bytes()) == ("mine", b"new")
    assert not (tmp_path / "link").is_symlink()


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_report_and_verify_at_the_command_line(tmp_path):
    folder: Path = tmp_path / "run"
    folder.mkdir()
    failing_run().write(folder / "record.jsonl")
    made = run(report, folder, "--sign", tmp_path / "lab.pem")
    assert made.exit_code == 0
    assert f"{folder}: FAIL. Failed, and not complete: may not be filed" in made.output
    assert "not to be filed: TC_026_CS" in made.output
    assert all(f"  {folder / name}\n" in made.output for name in OUTPUTS)
    checked = run(verify, folder)
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (
        0,
        f"unchanged, and signed by a key that is trusted since {datetime.now(UTC):%Y-%m-%d}",
    )
    assert run(report, folder).exit_code == 0
    assert run(verify, folder).exit_code == 0, "making the same reports again must not break the signature"
    record = folder / "record.jsonl"
    record.write_bytes(record.read_bytes().replace(b"operator", b"0perator", 1))
    broken = run(verify, folder)
    assert broken.exit_code == 1
    line = record.read_bytes().split(b"0perator")[0].count(b"\n") + 1
    assert f"changed: record.jsonl line {line}: the line was changed" in broken.output


def test_an_unsigned_folder_is_not_called_verified(tmp_path):
    passing_run().write(tmp_path / "record.jsonl")
    checked = run(verify, tmp_path)
    assert checked.exit_code == 3
    assert "not signed" in checked.output


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (report, ["--certificate", "x.pem"], "x.pem"),
        (report, [], "there is no record.jsonl"),
        (verify, [], "folder of a run"),
    ],
)
def test_bad_usage_is_one_sentence(tmp_path, command, arguments, message):
    result = run(command, tmp_path, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_load_of_the_written_record_is_closed(written):
    result = load(written / "record.jsonl")
    assert result.frames[0].action == "BootNotification"
    result.frames.close()
    assert result.frames[0].action == "BootNotification"
    result.frames.close()


def test_every_template_is_in_the_wheel_and_the_sample_is_not():
    project = REPORTS.parent
    wheel = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    shipped = {source for source in wheel["force-include"] if source.startswith("reports")}
    assert shipped == {f"reports/{path.name}" for path in REPORTS.iterdir() if path.is_file()}
