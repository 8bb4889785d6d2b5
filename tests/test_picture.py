"""docs/architecture.md shows the rooms as they are: `make picture` would change nothing."""

import importlib.util
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs" / "picture.py"
spec = importlib.util.spec_from_file_location("picture", FILE)
picture = importlib.util.module_from_spec(spec)
spec.loader.exec_module(picture)


def test_the_picture_is_current():
    text = picture.DOCUMENT.read_text(encoding="utf-8")
    assert picture.drawn(text) == text, "run: make picture"


def test_every_room_is_in_the_table_with_its_purpose():
    table = picture.table(picture.PACKAGE)
    for room in picture.rooms(picture.PACKAGE):
        assert f"| `octt/{room}` | {picture.purpose(picture.PACKAGE / room)} |" in table
        assert picture.purpose(picture.PACKAGE / room)


def test_what_follows_from_other_arrows_is_left_out_and_nothing_else():
    graph = {"roof": {"wall", "floor"}, "wall": {"floor"}, "floor": set(), "shed": set()}
    assert picture.direct(graph) == {"roof": {"wall"}, "wall": {"floor"}, "floor": set(), "shed": set()}
    lines = picture.mermaid(graph).splitlines()
    assert lines[2:-1] == ["    roof --> wall", "    wall --> floor", "    shed"]


def test_imports_for_types_alone_draw_no_arrow(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "ROOT", tmp_path)
    for room, text in {
        "above": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house import below\n",
        "below": "",
        "late": "def work():\n    import house.below.thing\n",
    }.items():
        (tmp_path / "house" / room).mkdir(parents=True)
        (tmp_path / "house" / room / "__init__.py").write_text(text)
    assert picture.imports(tmp_path / "house") == {"above": set(), "below": set(), "late": {"below"}}
