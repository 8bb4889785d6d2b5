"""`octt pics` at the terminal."""

import json

import pytest
from msgspec.json import encode

from octt.paths import PICS
from octt.pics.declaration import load_declaration
from tests.commands.calling import invoke
from tests.commands.calling import octt as in_a_process
from tests.pics.declarations import SHIPPED
from tests.pics.story import Story


def octt(*arguments, text=""):
    return invoke("pics", *arguments, text=text)


@pytest.mark.parametrize("name", SHIPPED)
def test_check_accepts_what_ships(name):
    result = octt("check", PICS / f"{name}.toml")
    assert result.exit_code == 0, result.output


def test_check_names_place_and_remedy(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[answers]\n"C-06.1" = true\n"C-06.2" = true\n', encoding="utf-8")
    result = octt("check", path)
    assert result.exit_code == 1
    assert "error: answers.C-06.1: a transaction cannot both go on" in result.output
    found = json.loads(octt("check", path, "--json").output)
    assert {"id": "C-06.1", "place": "answers.C-06.1", "severity": "error"}.items() <= next(
        problem for problem in found if "both" in problem["what"]
    ).items()


@pytest.mark.parametrize("content", [b"form = ", b"\xff\xfe", None])
def test_unreadable_files_end_in_one_sentence(tmp_path, content):
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    for command in ("check", "show"):
        result = octt(command, path)
        assert result.exit_code == 2
        assert result.stderr.startswith("octt: ")
        assert len(result.stderr.splitlines()) == 1


def test_show_is_plain_in_a_pipe():
    result = octt("show", PICS / "xcharge-c6.toml")
    assert "Hardware Feature Set\tHFS-8\tNo. Connectors\t2\n" in result.output
    assert "Connectors\t1\tDC\t\tcCCS2\tFixed Cable\n" in result.output
    assert "\x1b" not in result.output


def test_new_writes_a_template_once(tmp_path):
    path = tmp_path / "a.toml"
    assert octt("new", path, "--template", "--form", "2024").exit_code == 0
    assert load_declaration(path).form == "2024"
    result = octt("new", path, "--template")
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert octt("new", "--template").output.startswith("# Declaration")


def test_new_asks_saves_every_answer_and_goes_on(tmp_path):
    path = tmp_path / "a.toml"
    result = octt("new", path, text="Acme\n?\n<\n\nX1\n.\n")
    assert "octt pics new" in result.output
    assert "result is valid for this designation only" in result.output
    declaration = load_declaration(path)
    assert (declaration.answer("vendor"), declaration.answer("designation")) == ("Acme", "X1")
    result = octt("new", path, text="\n\n2.0\n\n\n\nCore\nmaybe\nyes\n")  # the input ends: nothing is lost
    assert "answer yes or no" in result.output
    assert result.exit_code == 2
    assert result.stderr.startswith("octt: the answers ended before the questions did; go on with")
    assert load_declaration(path).answer("HFS-1") is True
    assert load_declaration(path).answer("product_type") == "Charging Station"


def test_new_does_not_lose_what_it_cannot_read(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[answers]\nHSF-1 = true\n", encoding="utf-8")
    result = octt("new", path, text="Acme\n")
    assert result.exit_code == 2
    assert "HSF-1" in path.read_text(encoding="utf-8")


def test_draft_from_a_run(tmp_path):
    story = Story()
    story.keys(NumberOfConnectors=("3",))
    (tmp_path / "record.jsonl").write_bytes(b"".join(encode(event) + b"\n" for event in story.events))
    out = tmp_path / "draft.toml"
    assert octt("draft", tmp_path, "--out", out).exit_code == 0
    assert load_declaration(out).answer("HFS-8") == 3
    assert octt("draft", tmp_path, "--out", out).exit_code == 2
    assert octt("draft", tmp_path / "nowhere").exit_code == 2


def test_draft_looks_at_the_place_to_write_to_before_it_asks_the_station(tmp_path):
    out = tmp_path / "draft.toml"
    out.write_text("mine")
    done = octt("draft", "--bench", tmp_path / "no-bench.toml", "--out", out)
    assert "exists already" in done.stderr
    assert out.read_text() == "mine"


def test_a_declaration_is_drafted_from_the_station(tmp_path):
    file = tmp_path / "draft.toml"
    done = in_a_process("pics", "draft", "--simulated", "--out", file)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert 'designation = "Simulated station"  # read from the station' in text
    assert "# please answer" in text
    both = in_a_process("pics", "draft")
    assert both.returncode == 2
    assert "either a RECORD" in both.stderr
