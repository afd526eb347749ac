"""Whatever a file looks like: only the lines of the call change, byte for byte, and a second patch changes nothing."""

from __future__ import annotations

import io
import os
import sys
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncspy.source.files import decode_source
from tests.fix.planted import QUERY, own, patch_of, write_files

CALLS = st.sampled_from(
    [
        "n = Book.objects.count()",
        "n = (Book.objects  # all\n{i}    .count())",
        "return [Book.objects.count() for _ in range(3)], 'é'",
        "if Book.objects.filter(name='é').count():{n}{i}    pass",
        "x = {'é': Book.objects.count()}; y = 1",
        "return helper(Book.objects.count(), b'x')  # é, ü",
        "n = reduced(7)",
        "print(reduced(7),\n{i}      reduced)",
    ]
)
NOISE = st.lists(
    st.sampled_from(
        ["# é", "x = 'é'  # y", "", "'''a\n  b'''", "def f():\n\treturn 1", "# -*- x -*-", "\f", "y = 1 ;z = 2"]
    ),
    max_size=5,
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "iso-8859-15", "cp1252"])


@st.composite
def sources(draw: st.DrawFn) -> tuple[bytes, int, bool]:
    """A file with an async view, the line of its call, and whether that is of a helper."""
    encoding, newline = draw(ENCODINGS), draw(st.sampled_from(["\n", "\r\n"]))
    indent = draw(st.sampled_from(["    ", "\t", "  "]))
    call = draw(CALLS)
    declared = [] if encoding.startswith("utf-8") else [f"# -*- coding: {encoding} -*-"]
    before = "\n".join([*declared, *draw(NOISE), "from django.db import models", "async def view(request):"]) + "\n"
    body = indent + call.replace("{i}", indent).replace("{n}", "\n") + draw(st.sampled_from(["", "  # done: é"]))
    after = "\n" + "\n".join(draw(NOISE)) + draw(st.sampled_from(["", "\n"]))
    line = before.count("\n") + 1 + (1 if "\n    .count" in body.replace("\t", "    ").replace(indent, "    ") else 0)
    text = before + body + after
    return text.replace("\n", newline).encode(encoding), line, "reduced(" in call


def comments(text: str) -> list[str]:
    return [t.string for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT]


def test_only_the_call_changes(tmp_path: Path) -> None:
    @settings(max_examples=80, deadline=None)
    @given(sources())
    def check(each: tuple[bytes, int, bool]) -> None:
        data, line, by_helper = each
        helpers = "def reduced(x):\n    return Book.objects.count()\n"
        write_files(tmp_path, {"views.py": data, "helpers.py": helpers})
        helper = ["reduced helpers.py:2"] if by_helper else []
        made = patch_of(tmp_path, (own(tmp_path, f"view views.py:{line}", *helper), QUERY))
        (fix,) = made.patch.fixes
        assert fix.outcome == "patched", fix.reason
        (file,) = made.files
        old, new = list(file.old), file.new.split(b"\n")
        assert b"".join(old) == data
        kept = [text for number, text in enumerate(old) if not any(c.start <= number < c.end for c in file.changes)]
        assert len(old) - len(kept) <= 2, "a call on two lines is the longest here"
        text, encoding = decode_source(file.new)
        assert encoding == decode_source(data)[1]
        remaining = iter(new)
        assert all(line.rstrip(b"\n") in remaining for line in kept), "lines that stay are in their order"
        assert comments(text) == comments(decode_source(data)[0])
        assert (b"\r\n" in file.new) == (b"\r\n" in data)
        assert file.new.count(b"\r\n") in {0, file.new.count(b"\n")}

        write_files(tmp_path, {"views.py": file.new})
        moved = line + sum(len(c.new) - (c.end - c.start) for c in file.changes)
        again = patch_of(tmp_path, (own(tmp_path, f"view views.py:{moved}", *helper), QUERY))
        assert again.patch.diff == b"", "a patch that is made twice changes nothing more"

    check()


HUGE = b"x = 1\n" * 400_000
DEEP = b"async def view(request):\n    return " + b"(" * 3000 + b"Book.objects.count()" + b")" * 3000 + b"\n"
LONG = b"# x\n" * 100_000 + b"async def view(request):\n    return Book.objects.count()\n"


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        (HUGE, 2, "too large"),
        (DEEP, 2, "no async function of your own leads there"),
        (b"async def view(request):\n    return Book.objects.count(\n", 2, "no async function of your own leads there"),
        (b"async def view(request):\n    return Book.objects.count()\0\n", 2, "no async function"),
        (b"# coding: zlib_codec\nasync def view(request):\n    return Book.objects.count()\n", 3, "cannot be read"),
        (b"# coding: nonsense\nasync def view(request):\n    return Book.objects.count()\n", 3, "cannot be read"),
        (b"async def view(request):\n    return Book.objects.count()  # \xff\n", 2, "cannot be read"),
    ],
    ids=["huge", "deep", "syntax", "null", "codec", "unknown codec", "not utf-8"],
)
def test_hostile_files_are_left_in_words(tmp_path: Path, data: bytes, line: int, why: str) -> None:
    write_files(tmp_path, {"views.py": data})
    made = patch_of(tmp_path, (own(tmp_path, f"view views.py:{line}"), QUERY))
    assert made.patch.diff == b""
    assert why in (made.patch.fixes[0].reason or "")


def test_a_hundred_thousand_lines(tmp_path: Path) -> None:
    write_files(tmp_path, {"views.py": LONG})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:100002"), QUERY))
    assert b"\n+    return await Book.objects.acount()\n" in made.patch.diff


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is of Python 3.12")
def test_syntax_of_newer_pythons(tmp_path: Path) -> None:
    text = "type Books = list[int]\n\nasync def view[T](request: T):\n    return f\"{Book.objects.count()}{'}'}\"\n"
    write_files(tmp_path, {"views.py": text})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:4"), QUERY))
    assert b"{await Book.objects.acount()}" in made.patch.diff


@pytest.mark.parametrize(
    ("string", "outcome"),
    [
        ('f"{Book.objects.count()}"', "patched"),
        ('f"{Book.objects.count() = }"', "left"),
        ('f"{Book.objects.count()=!r}"', "left"),
    ],
)
def test_f_strings_show_what_they_did(tmp_path: Path, string: str, outcome: str) -> None:
    write_files(tmp_path, {"views.py": f"async def view(request):\n    return {string}\n"})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:2"), QUERY))
    (fix,) = made.patch.fixes
    assert fix.outcome == outcome or b"lambda: f" in made.patch.diff


def test_files_that_lead_out_of_the_root_are_not_touched(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write_files(outside, {"views.py": "async def view(request):\n    return Book.objects.count()\n"})
    root.mkdir()
    (root / "views.py").symlink_to(outside / "views.py")
    made = patch_of(root, (own(root, "view views.py:2"), QUERY))
    assert made.patch.diff == b""
    assert "is not below" in (made.patch.fixes[0].reason or "")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "views.py")
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:2"), QUERY))
    assert made.patch.diff == b""
