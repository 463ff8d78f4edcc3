"""What the documentation names exists: linked files and headings, tests, and the code that the guide points at.

A guide that claims much and links each claim is worth as much as its links: one renamed test, and it lies.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "guide"

DOCUMENTS = sorted(
    {
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "compose" / "README.md",
        ROOT / "tests" / "faults" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    }
)
CHAPTERS = sorted(GUIDE.glob("*.md"))

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
#: Text, in which code may hold brackets, and target of a link or a picture.
LINK = re.compile(r"\[((?:[^\[\]`]|`[^`]*`)*)\]\(([^)\s]+)\)")
#: `tests/delivery/test_guards.py::test_…`, from the root, from tests/, or by its last parts.
TEST = re.compile(r"((?:[\w.-]+/)*[\w.-]+\.py)::(test_\w+)")
#: `orders/lifecycle.py` or `orders/lifecycle.py: place, record`.
CODE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.py)(?:: ([\w., ]+))?`")

Finder = Callable[[Path], Iterator[str]]


def text_of(document: Path) -> str:
    """Its Markdown without fenced examples, which may name what a reader is to write."""
    return FENCE.sub("", document.read_text(encoding="utf-8"))


def slug(heading: str) -> str:
    """The heading's anchor, as GitHub makes it: spaces become hyphens, punctuation goes."""
    plain = LINK.sub(r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@functools.cache
def anchors(document: Path) -> frozenset[str]:
    found: dict[str, int] = {}
    names: set[str] = set()
    for heading in HEADING.findall(text_of(document)):
        name = slug(heading)
        names.add(name if name not in found else f"{name}-{found[name]}")
        found[name] = found.get(name, 0) + 1
    return frozenset(names)


@functools.cache
def defined_in(module: Path) -> frozenset[str]:
    """Names that a module defines: functions, classes, `Class.method`, and what it assigns."""
    names: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (each for each in node.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)))
            names |= {f"{node.name}.{method.name}" for method in methods}
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)


@functools.cache
def modules_of_tests() -> tuple[Path, ...]:
    return tuple((ROOT / "tests").rglob("*.py"))


def broken_links(document: Path) -> Iterator[str]:
    """Links to no file, to no heading of a document, or, with a test's name, to a file without that test."""
    for text, target in LINK.findall(text_of(document)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists():
            yield f"{target}: no such file"
        elif anchor and (file.suffix != ".md" or anchor not in anchors(file)):
            yield f"{target}: no such heading"
        elif (test := TEST.search(text)) and (file.suffix != ".py" or test[2] not in defined_in(file)):
            yield f"{target}: has no {test[2]}"


def unknown_tests(document: Path) -> Iterator[str]:
    """Named tests that no file of that name holds."""
    for path, name in TEST.findall(text_of(document)):
        parts = tuple(path.removeprefix("tests/").split("/"))
        files = [file for file in modules_of_tests() if file.relative_to(ROOT / "tests").parts[-len(parts) :] == parts]
        if not any(name in defined_in(file) for file in files):
            yield f"{path}::{name}"


def unknown_code(document: Path) -> Iterator[str]:
    """Modules in backticks that are not there, and names after them that the module does not define."""
    for path, names in CODE.findall(text_of(document)):
        if not (ROOT / path).is_file():
            yield path
            continue
        yield from (
            f"{path}: {name}" for name in re.split(r",\s*", names) if name and name not in defined_in(ROOT / path)
        )


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_named_tests_exist(document: Path) -> None:
    assert list(unknown_tests(document)) == []


@pytest.mark.parametrize("chapter", [*CHAPTERS, ROOT / "docs" / "requirements.md"], ids=name_of)
def test_the_guide_points_at_code_that_is_there(chapter: Path) -> None:
    assert list(unknown_code(chapter)) == []


def test_the_index_names_every_chapter() -> None:
    index = GUIDE / "README.md"
    linked = {(GUIDE / target).resolve() for _, target in LINK.findall(text_of(index)) if "/" not in target}
    assert {chapter for chapter in CHAPTERS if chapter != index} <= linked


@pytest.mark.parametrize(
    ("text", "finder", "found"),
    [
        ("[a](gone.md)", broken_links, ["gone.md: no such file"]),
        ("[a](other.md#two--three)", broken_links, []),
        ("[a](other.md#two)", broken_links, ["other.md#two: no such heading"]),
        ("[`x.py::test_gone`](module.py)", broken_links, ["module.py: has no test_gone"]),
        ("```\n[a](gone.md)\n```\n[b](https://example.org/gone)", broken_links, []),
        ("`tests/test_docs.py::test_gone`", unknown_tests, ["tests/test_docs.py::test_gone"]),
        ("`test_docs.py::test_named_tests_exist`", unknown_tests, []),
        ("`orders/gone.py`", unknown_code, ["orders/gone.py"]),
        ("`orders/lifecycle.py: place, vanish`", unknown_code, ["orders/lifecycle.py: vanish"]),
    ],
)
def test_what_is_broken_is_found(tmp_path: Path, text: str, finder: Finder, found: list[str]) -> None:
    """The checks above would be content with a document that they cannot read."""
    (tmp_path / "other.md").write_text("# One\n\n## Two · `three`\n")
    (tmp_path / "module.py").write_text("def test_there() -> None: ...\n")
    document = tmp_path / "document.md"
    document.write_text(text)
    assert list(finder(document)) == found
