"""`make picture`: draws the rooms of octt into docs/architecture.md, as its imports are.

The table of rooms comes from the docstrings of the folders, the pictures from the imports of the files, late ones
included. An arrow that follows from two others is left out. What is the same in the code gives the same bytes.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "octt"
DOCUMENT = ROOT / "docs" / "architecture.md"

Graph = dict[str, set[str]]


def rooms(folder: Path) -> list[str]:
    """The folders in `folder` that are packages."""
    return sorted(path.parent.name for path in folder.glob("*/__init__.py"))


def purpose(folder: Path) -> str:
    """The first sentence of a folder's docstring."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    return re.split(r"\.(?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def imports(folder: Path) -> Graph:
    """Each room in `folder`, and the other rooms there that one of its files imports at run time."""
    prefix = ".".join(folder.relative_to(ROOT).parts)
    names = rooms(folder)
    graph: Graph = {name: set() for name in names}
    for name in names:
        for file in (folder / name).rglob("*.py"):
            for target in _targets(ast.parse(file.read_text(encoding="utf-8"))):
                if target.startswith(f"{prefix}."):
                    graph[name].add(target.removeprefix(f"{prefix}.").partition(".")[0])
        graph[name] = (graph[name] - {name}) & set(names)
    return graph


def _targets(tree: ast.AST) -> list[str]:
    found: list[str] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        found += _targets(node)
    return found


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = set(graph[start])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead |= graph[name]
    return found


def direct(graph: Graph) -> Graph:
    """Without the arrows that follow from others."""
    return {
        name: {one for one in below if not any(one in _reached(graph, other) for other in below - {one})}
        for name, below in graph.items()
    }


def mermaid(graph: Graph) -> str:
    """A picture that GitHub and many editors draw; the reader of plain text sees the arrows as lines."""
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {name} --> {below}" for name in sorted(graph) for below in sorted(direct(graph)[name])]
    alone = set(graph) - {name for name, below in graph.items() if below} - set().union(*graph.values())
    return "\n".join([*lines, *(f"    {name}" for name in sorted(alone)), "```"])


def table(folder: Path) -> str:
    """Every room with its purpose and what it imports."""
    rows = ["| room | what it is | imports |", "|---|---|---|"]
    place = "/".join(folder.relative_to(ROOT).parts)
    for name, below in sorted(imports(folder).items()):
        shown = ", ".join(sorted(below)) or "none of these"
        rows.append(f"| `{place}/{name}` | {purpose(folder / name)} | {shown} |")
    return "\n".join(rows)


def drawn(text: str) -> str:
    """The document with everything between `<!-- name -->` and `<!-- end -->` as the code is now."""
    parts = {"rooms": table(PACKAGE), "picture": mermaid(imports(PACKAGE))}
    for room in rooms(PACKAGE):
        parts[f"picture of {room}"] = mermaid(imports(PACKAGE / room)) if rooms(PACKAGE / room) else ""
    place = re.compile(r"(<!-- ((?:rooms|picture)[a-z ]*) -->\n).*?(<!-- end -->)", re.DOTALL)
    return place.sub(lambda found: f"{found[1]}{parts[found[2]]}\n{found[3]}", text)


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
