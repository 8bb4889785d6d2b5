"""The templates for continuous integration do what they promise: their lines are executed on the simulated station."""

from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree

import pytest
import yaml

from tests.packages import ROOT, built, dependencies

FAILING = """
[central_system]
host = "127.0.0.1"
port = 0
[driver]
kind = "simulated"
simulator = ["--fault", "reply:UnlockConnector=UnlockFailed"]
"""
ABSENT = """
[central_system]
host = "127.0.0.1"
port = 0
[times]
connect_timeout = 0.3
[driver]
kind = "command"
commands = { plug_in = "true" }
"""


def bash(lines, folder, environment, *flags):
    return subprocess.run(
        ["bash", *flags, "-eo", "pipefail", "-c", lines],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """Runs the action's steps as a runner of GitHub does; octt is installed by its own step, once."""
    folder = tmp_path_factory.mktemp("github")
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    environment = dependencies(folder) | {"RUNNER_TEMP": str(folder), "GITHUB_ACTIONS": "true"}
    environment["GITHUB_ACTION_PATH"] = str(ROOT)
    install, run, keep = action["runs"]["steps"]

    def step(which, workspace, **given):
        known = {name: str(one["default"]) for name, one in action["inputs"].items()} | given
        own = {name: _inputs(value, known) for name, value in which.get("env", {}).items()}
        files = {name: str(workspace / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        assert which["shell"] == "bash"
        return bash(which["run"], workspace, {**environment, **files, **own}, "--noprofile", "--norc")

    done = step(install, folder, package=str(built()[0]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert keep["if"] == "always()"
    return lambda workspace, **given: step(run, workspace, **given)


def _inputs(text, known):
    """Expressions of inputs by their values; there are no others."""
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: known[found[1]], text)


def test_the_action_runs_quick_cases_and_fills_the_page_of_the_job(jobs, tmp_path):
    done = jobs(tmp_path, arguments="--quick -k Unlock")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "code=0\n"
    assert "Only a part" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert "::warning title=May not be filed::" in done.stdout
    tests = ElementTree.parse(tmp_path / "octt-run" / "junit.xml").getroot()
    assert (tests.get("failures"), tests.get("errors")) == ("0", "0")


@pytest.mark.parametrize(
    ("bench", "code", "words"),
    [(FAILING, 1, "::error title=TC_017_1_CS FAIL::"), (ABSENT, 4, "::error title=Not carried out::")],
)
def test_the_action_parts_a_failed_station_from_a_dead_rig(jobs, tmp_path, bench, code, words):
    (tmp_path / "bench.toml").write_text(bench)
    (tmp_path / "pics.toml").write_text((ROOT / "pics" / "simulated.toml").read_text())
    given = {"bench": "bench.toml", "pics": "pics.toml", "arguments": "--case TC_017_1_CS"}
    done = jobs(tmp_path, **given)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == f"code={code}\n"
    assert jobs(tmp_path, **given, out="again", tolerate=f"3 {code}").returncode == 0


def test_every_input_and_output_of_the_action_is_used_and_described():
    text = (ROOT / "action.yml").read_text()
    action = yaml.safe_load(text)
    for name, one in action["inputs"].items():
        assert f"${{{{ inputs.{name} }}}}" in text
        assert one["description"].endswith(".")
    steps = {step.get("id") for step in action["runs"]["steps"]}
    assert set(re.findall(r"steps\.(\w+)\.", text)) <= steps


def test_the_workflow_calls_the_action_with_inputs_that_it_has():
    workflow = yaml.safe_load((ROOT / "ci" / "github.yml").read_text())
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    [job] = workflow["jobs"].values()
    [step] = [step for step in job["steps"] if "octt" in step.get("uses", "")]
    assert set(step["with"]) <= set(inputs)


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"OCTT_ARGUMENTS": "--quick -k Unlock"}, 0),
        (
            {"OCTT_ARGUMENTS": "--case TC_017_1_CS", "OCTT_BENCH": "bench.toml", "OCTT_PICS": "my pics.toml"},
            1,
        ),
    ],
)
def test_the_template_of_gitlab(tmp_path, variables, code):
    job = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())[".octt"]
    assert set(variables) <= set(job["variables"])
    (tmp_path / "bench.toml").write_text(FAILING)
    (tmp_path / "my pics.toml").write_text((ROOT / "pics" / "simulated.toml").read_text())
    own = {**job["variables"], "OCTT_PACKAGE": str(built()[0]), "CI_BUILDS_DIR": str(tmp_path), **variables}
    environment = {**dependencies(tmp_path), **{name: str(value) for name, value in own.items()}}
    done = bash("\n".join([*job["before_script"], *job["script"]]), tmp_path, environment)
    assert done.returncode == code, done.stdout + done.stderr
    out = own["OCTT_OUT"]
    for path in [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]:
        assert (tmp_path / path.replace("$OCTT_OUT", out)).exists()
    assert job["retry"]["exit_codes"] == 4, "a dead rig is tried again, a doubtful case is not hidden"
