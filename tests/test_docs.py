"""What the documentation says of the code: files and names exist, and the picture of the rooms is current."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.architecture import BLOCK, picture

ROOT = Path(__file__).parent.parent
PAGES = ["docs/ARCHITECTURE.md", "docs/glossary.md", "CONTRIBUTING.md"]
NAMED = re.compile(r"`((?:asyncspy|tests|fixtures|benchmarks|docs)/[\w./-]*)(?::([\w.]+))?`")


def defined_names(path: Path) -> Iterator[str]:
    """The names that a module defines or imports, methods with their class."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
            yield from (f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


@pytest.mark.parametrize("page", PAGES)
def test_files_and_names_that_a_page_mentions_exist(page: str) -> None:
    mentioned = NAMED.findall((ROOT / page).read_text(encoding="utf-8"))
    missing = [file for file, _ in mentioned if not (ROOT / file).exists()]
    unknown = [
        f"{file}:{name}"
        for file, name in mentioned
        if name and (ROOT / file).is_file() and name not in set(defined_names(ROOT / file))
    ]
    assert missing == []
    assert unknown == []
    assert mentioned


def test_the_picture_of_the_rooms_is_drawn_from_the_code() -> None:
    found = BLOCK.search((ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert found
    assert picture() in found[0], "python -m docs.architecture"
