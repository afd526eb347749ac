"""What py-spy writes of a frame is read back, whatever names and files are called."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncspy.model.stacks import Frame, Stack
from asyncspy.read.frame_names import is_digits, parse_frame
from asyncspy.read.text_stacks import austin, folded

FUNCTIONS = st.from_regex(r"[\w.<>]{1,30}", fullmatch=True)
FILE_LETTERS = st.characters(exclude_characters=";\n\r", exclude_categories=["Cs"])
FILES = st.text(FILE_LETTERS, min_size=1, max_size=30).filter(lambda file: not is_digits(file.rpartition(":")[2]))
FRAMES = st.builds(Frame, FUNCTIONS, FILES, st.integers(0, 99_999))
COMMANDS = st.text(FILE_LETTERS | st.sampled_from('; "'), max_size=40)


def spelt(frame: Frame) -> str:
    """As py-spy's flamegraph.rs spells a frame."""
    if frame.line:
        return f"{frame.function} ({frame.file}:{frame.line})"
    return f"{frame.function} ({frame.file})" if frame.file else frame.function


def read_line(line: str) -> dict[Stack, int]:
    return dict(folded.read(io.BytesIO(f"{line}\n".encode()), "stacks.txt").stacks)


@given(st.lists(FRAMES, max_size=12), st.integers(1, 10**9))
def test_a_line_gives_its_frames_again(frames: list[Frame], count: int) -> None:
    line = ";".join(map(spelt, frames))
    assert read_line(f"{line} {count}") == {Stack(tuple(frames)): count}


@given(st.lists(FRAMES, min_size=1, max_size=6), st.integers(1, 10**9), COMMANDS)
def test_a_process_is_taken_off_whatever_its_command_line_holds(frames: list[Frame], pid: int, command: str) -> None:
    # A piece that looks like the next frame cannot be told from one, and no command line of Python begins with that.
    if any(piece.endswith(")") and " (" in piece for piece in command.split(";")):
        return
    line = f'process 1:"python -m it";process {pid}:"{command}";thread (77): Main Thread;' + ";".join(
        map(spelt, frames)
    )
    assert read_line(f"{line} 3") == {Stack(tuple(frames), pid, "Main Thread"): 3}


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("main (app.py:3)", Frame("main", "app.py", 3)),
        ("main (app.py)", Frame("main", "app.py")),
        ("main", Frame("main", "")),
        ("f.<locals>.<lambda> (<frozen runpy>:88)", Frame("f.<locals>.<lambda>", "<frozen runpy>", 88)),
        ("main (/srv/my app (copy)/app.py:3)", Frame("main", "/srv/my app (copy)/app.py", 3)),
        (r"main (C:\srv\app.py:3)", Frame("main", r"C:\srv\app.py", 3)),
        ("std::map<int, int>::at(int const&) (libx.so)", Frame("std::map<int, int>::at(int const&)", "libx.so")),
        ("main (app.py:1_0)", Frame("main", "app.py:1_0")),
        ("main (app.py:٣)", Frame("main", "app.py:٣")),
        ("main ()", Frame("main ()", "")),
        (" (app.py:3)", Frame(" (app.py:3)", "")),
        ("thread (12): pool (x)", Frame("thread (12): pool (x)", "")),
    ],
)
def test_frames_are_read_as_they_are_spelt(text: str, frame: Frame) -> None:
    assert parse_frame(text) == frame


@pytest.mark.parametrize(
    ("line", "pid", "thread", "functions"),
    [
        ('process 4:"x";main (a.py:1) 1', 4, "", ["main"]),
        ('process 4:"x";process 5:"y";main (a.py:1) 1', 5, "", ["main"]),
        ('process 4:"x" 1', 4, "", []),
        ('process 4:"sh -c a; f (b); c";main (a.py:1) 1', 4, "", ["main"]),
        ("thread (9): MainThread;main (a.py:1) 1", None, "MainThread", ["main"]),
        ("thread (0X7F00): ;main (a.py:1) 1", None, "", ["main"]),
        ("thread (9);main (a.py:1) 1", None, "", ["main"]),
        ("thread (x.py);main (a.py:1) 1", None, "", ["thread", "main"]),
        ('process 4:"x="1"; f (b); y";main (a.py:1) 1', 4, "", ["main"]),
        ("native;main (a.py:1) 1", None, "", ["native", "main"]),
        (" 1", None, "", []),
    ],
)
def test_processes_and_threads_are_taken_off(line: str, pid: int | None, thread: str, functions: list[str]) -> None:
    (stack,) = read_line(line)
    assert (stack.pid, stack.thread, [frame.function for frame in stack.frames]) == (pid, thread, functions)


def test_newlines_in_a_command_line_join_what_belongs_together_and_nothing_else(tmp_path: Path) -> None:
    text = 'a (a.py:1) 1\nprocess 4:"python -c x = 1\n\ny = 2";main (a.py:1) 3\nb (b.py:1) 5\n'
    stacks = folded.read(io.BytesIO(text.encode()), "stacks.txt").stacks
    assert {(stack.pid, stack.frames[0].function): count for stack, count in stacks.items()} == {
        (None, "a"): 1,
        (4, "main"): 3,
        (None, "b"): 5,
    }


def test_a_quote_that_never_closes_takes_no_other_record_with_it() -> None:
    text = 'process 4:"never\nprocess 5:"python -c a\nb";main (a.py:1) 2\n'
    profile = folded.read(io.BytesIO(text.encode()), "stacks.txt")
    assert {(stack.pid, stack.frames): count for stack, count in profile.stacks.items()} == {
        (5, (Frame("main", "a.py", 1),)): 2
    }
    assert profile.inputs[0].dropped == 1


def test_a_process_is_not_looked_for_in_line_after_line() -> None:
    """Only so many lines that could end a command line are tried: otherwise a small file would take hours."""
    lines = [f'say "{number} and 1' for number in range(folded.MAX_JOIN_ATTEMPTS)]
    text = "\n".join(['process 4:"python -c', *lines, 'z";main (a.py:1) 2', "b (b.py:1) 5", ""])
    profile = folded.read(io.BytesIO(text.encode()), "stacks.txt")
    assert {stack.pid for stack in profile.stacks} == {None}
    fewer = "\n".join(['process 4:"python -c', *lines[: folded.MAX_JOIN_ATTEMPTS - 1], 'z";main (a.py:1) 2', ""])
    assert 4 in {stack.pid for stack in folded.read(io.BytesIO(fewer.encode()), "stacks.txt").stacks}


SPELT = re.compile(r"(.*?):([^:]*(?:::[^:]*)*):([0-9]{1,9})\Z", re.DOTALL)
"""A file, a function, a line: what is meant, in one pattern, which tries each colon against all that follow."""


@given(st.text(st.sampled_from(":::a/.7\n"), max_size=12))
def test_a_file_a_function_and_a_line(text: str) -> None:
    told = SPELT.match(text)
    frame = austin._parse_frame(text)
    if told is not None:
        assert frame == Frame(told[2], told[1], int(told[3]))
    else:
        assert frame is None or frame == Frame(text, "")
