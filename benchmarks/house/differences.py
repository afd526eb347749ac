"""Two folders of files to a short account of what differs between them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator
from itertools import chain, islice
from pathlib import Path

FEW = 9
"""Differences shown of one file."""

WIDE = 150
BEFORE_IT = 40
"""Characters shown of a line, and of those before the first that differs."""

JSON = {".json", ".sarif"}


def compared(before: Path, after: Path, left_out: Collection[str] = ()) -> bool:
    """Print what differs, and how much is equal; True if all is."""
    ours, theirs = (set(files_below(folder)) - set(left_out) for folder in (before, after))
    equal = 0
    for name in sorted(ours | theirs):
        if name not in ours or name not in theirs:
            print(f"{name}: only in {before if name in ours else after}")
        elif (before / name).read_bytes() == (after / name).read_bytes():
            equal += 1
        else:
            print(f"{name}: differs")
            for line in islice(differences(before / name, after / name), FEW):
                print(f"  {shown(line)}")
    print(f"{equal} of {len(ours | theirs)} files are equal")
    return bool(ours) and equal == len(ours | theirs)


def files_below(folder: Path) -> Iterator[str]:
    """The names of all files below a folder, relative to it."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def differences(before: Path, after: Path) -> Iterator[str]:
    """What differs between two files, the first of it first."""
    ours, theirs = (path.read_text(encoding="utf-8", errors="backslashreplace") for path in (before, after))
    if before.suffix in JSON:
        try:
            found = in_values("", json.loads(ours), json.loads(theirs))
        except ValueError:
            pass  # no JSON after all, or none in one of them
        else:
            return chain([next(found, "the values are equal; their order is not, or how they are written")], found)
    return in_lines(ours.splitlines(), theirs.splitlines())


def in_values(where: str, ours: object, theirs: object) -> Iterator[str]:
    """The places in two JSON values where they differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in dict.fromkeys([*ours, *theirs]):
            place = f"{where}.{key}" if where else str(key)
            if key not in ours or key not in theirs:
                yield f"{place}: only {'before' if key in ours else 'after'}"
            else:
                yield from in_values(place, ours[key], theirs[key])
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{where}: {len(ours)} before, {len(theirs)} after"
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from in_values(f"{where}[{number}]", one, other)
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{where}:"
        yield from beside(json.dumps(ours, ensure_ascii=False), json.dumps(theirs, ensure_ascii=False))


def in_lines(ours: list[str], theirs: list[str]) -> Iterator[str]:
    """The lines that differ."""
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, first, last, other_first, other_last in matcher.get_opcodes():
        if kind == "replace" and last - first == other_last - other_first:
            for one, other in zip(ours[first:last], theirs[other_first:other_last], strict=True):
                yield from beside(one, other)
        elif kind != "equal":
            yield from (f"- {line}" for line in ours[first:last])
            yield from (f"+ {line}" for line in theirs[other_first:other_last])


def beside(ours: str, theirs: str) -> Iterator[str]:
    """Two texts, from a little before where they begin to differ."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    first = next((at for at, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
    begin = max(0, first - BEFORE_IT)
    cut = "…" if begin else ""
    yield f"- {cut}{ours[begin:]}"
    yield f"+ {cut}{theirs[begin:]}"


def shown(line: str) -> str:
    """A line that does nothing to a terminal, and is not too long."""
    inert = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in line)
    return inert if len(inert) <= WIDE else f"{inert[: WIDE - 1]}…"
