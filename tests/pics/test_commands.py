"""`octt pics` at the terminal."""

import json

import pytest
from click.testing import CliRunner
from declarations import SHIPPED
from msgspec.json import encode
from story import Story

from octt.commands.pics import pics
from octt.paths import PICS
from octt.pics.declaration import load_declaration


def octt(*arguments, text=""):
    return CliRunner().invoke(pics, [str(argument) for argument in arguments], input=text)


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
        assert result.stderr.startswith("Error: ")
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
