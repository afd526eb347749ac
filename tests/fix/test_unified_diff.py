"""`git apply` and `patch -p1` make of the old file, with the diff, exactly the new one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncspy.analyse.remedy.text_edits import TextEdit, apply_edits
from asyncspy.fix.unified_diff import changed_lines, split_lines, unified_diff

LINES = st.lists(st.sampled_from(["", "a", "b", "\tc", "d\x0ce", "x = 1  # é"]), max_size=30)
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[TextEdit]]:
    """A text, and edits of it that do not overlap."""
    text = draw(ENDS).join(draw(LINES)) + draw(st.sampled_from(["", "\n"]))
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    edits = []
    for start, end in zip(places[::2], places[1::2], strict=False):
        edits.append(TextEdit(start, end, draw(st.sampled_from(["", "new", "import x\n", "a\nb\nc"]))))
    return text, edits


def made(text: str, edits: list[TextEdit], name: str = "f.py") -> tuple[bytes, bytes, bytes]:
    old, new = text.encode(), apply_edits(text, edits).encode()
    lines = split_lines(old)
    return old, new, unified_diff(name, lines, changed_lines(text, edits, lines, split_lines(new)))


def applied(folder: Path, program: list[str], name: str, old: bytes, diff: bytes) -> bytes:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(old)
    if diff:
        subprocess.run(program, cwd=folder, input=diff, check=True, capture_output=True, timeout=60)
    return (folder / name).read_bytes()


@pytest.mark.parametrize(
    "program", [["git", "apply", "--whitespace=nowarn"], ["patch", "-p1", "--binary"]], ids=" ".join
)
def test_other_programs_apply_it(program: list[str], tmp_path: Path) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")

    @settings(max_examples=60, deadline=None)
    @given(edited())
    def check(each: tuple[str, list[TextEdit]]) -> None:
        old, new, diff = made(*each)
        assert applied(tmp_path / "files", program, "f.py", old, diff) == new
        assert bool(diff) == (old != new)

    check()


@pytest.mark.parametrize("name", ["a b.py", "naïve.py", 'quo"te.py', "back\\slash.py", "tab\tbed.py", "sub/x.py"])
def test_names_that_need_care(name: str, tmp_path: Path) -> None:
    old, new, diff = made("x = 1\ny = 2\n", [TextEdit(4, 5, "3")], name)
    assert applied(tmp_path / "files", ["git", "apply"], name, old, diff) == new


def test_far_changes_are_hunks_of_their_own() -> None:
    text = "".join(f"line {n}\n" for n in range(40))
    _, _, diff = made(text, [TextEdit(0, 0, "import x\n"), TextEdit(text.index("line 30"), text.index("line 31"), "")])
    assert diff.decode().splitlines()[2] == "@@ -1,3 +1,4 @@"
    assert "@@ -28,7 +29,6 @@" in diff.decode()


def test_neighbours_are_changed_together() -> None:
    _, _, diff = made("a\nb\nc\n", [TextEdit(0, 1, "x"), TextEdit(2, 3, "y")])
    assert diff.decode().splitlines()[3:] == ["-a", "-b", "+x", "+y", " c"]
