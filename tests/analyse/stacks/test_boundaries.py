"""Each boundary is in the releases that it names, and in no others: checked in the source of installed packages."""

from __future__ import annotations

import ast
import platform
import re
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from asyncspy.analyse.stacks.worlds import BOUNDARIES, WAITS, Boundary

HOLDS = re.compile(r"([\w-]+) (\d+(?:\.\d+)+)(?:\+|-(\d+(?:\.\d+)+))(?:, .+)?")
Version = tuple[int, ...]


def numbers(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def said(boundary: Boundary) -> tuple[str, Version, Version | None]:
    """The package, and the first and the last release that have it."""
    found = HOLDS.fullmatch(boundary.holds)
    assert found, f"{boundary.holds!r} is not `package FIRST+` or `package FIRST-LAST`, with a remark after a comma"
    return found[1], numbers(found[2]), numbers(found[3]) if found[3] else None


def should_have(boundary: Boundary, installed: Version) -> bool:
    _, first, last = said(boundary)
    return first <= installed and (last is None or installed[: len(last)] <= last)


@lru_cache
def functions(source: Path) -> frozenset[str]:
    """The qualified names of all functions of a file."""
    return frozenset(_named(ast.parse(source.read_text()), ""))


def _named(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _named(child, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{prefix}{child.name}"
            yield from _named(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _named(child, prefix)


def is_in(boundary: Boundary, folder: Path) -> bool:
    """Whether a folder of packages holds this function."""
    source = folder / boundary.file
    names = functions(source) if source.exists() else frozenset()
    if boundary.function.startswith("*."):
        return any(name.endswith(boundary.function[1:]) for name in names)
    return boundary.function in names


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda b: f"{b.file} {b.function}")
def test_the_installed_release_has_it_if_and_only_if_it_is_said_to(boundary: Boundary) -> None:
    package, *_ = said(boundary)
    try:
        installed = numbers(platform.python_version() if package == "Python" else version(package))
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    folder = Path(sysconfig.get_path("stdlib" if package == "Python" else "purelib"))
    assert is_in(boundary, folder) == should_have(boundary, installed)


def test_no_two_boundaries_are_the_same_frame() -> None:
    frames = [(boundary.file, boundary.function) for boundary in BOUNDARIES]
    assert len(frames) == len(set(frames))


def test_a_loop_in_c_waits_only_where_a_boundary_stands() -> None:
    loops = {boundary.pattern for boundary in BOUNDARIES if boundary.side in {"loop", "pool"}}
    assert [wait for wait in WAITS if wait not in loops and not wait.file.startswith(("selectors", "gevent"))] == []
