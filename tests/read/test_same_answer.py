"""What is read at once for many lines gives the very answer that reading each line by itself gives."""

from __future__ import annotations

import importlib
import io
import json
import re
import sys
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, Profile
from asyncspy.read import logs
from asyncspy.read.logs.records import BEGIN, Line
from asyncspy.read.logs.repeats import Repeats
from asyncspy.read.text_stacks import austin
from tests.read.fixtures import FIXTURES

anchors, repeats, windows = (
    importlib.import_module(f"asyncspy.read.logs.{name}") for name in ("anchors", "repeats", "windows")
)

QUICKLY = settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)

TRACEBACKS = [
    "Traceback (most recent call last):\n",
    '  File "/srv/app/views.py", line 3, in view\n    bad()\n',
    '  File "/site-packages/django/utils/asyncio.py", line 24, in inner\n    raise SynchronousOnlyOperation(message)\n',
    "django.core.exceptions.SynchronousOnlyOperation: You cannot call this from an async context.\n",
    "KeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n",
]
VIOLATION = "".join((TRACEBACKS[0], *TRACEBACKS[1:4]))
OTHER = """\
bad Traceback (most recent call last):
bad   File "/srv/c.py", line 1, in other
"""
END_OF_OTHER = f"bad {TRACEBACKS[3]}"
CLOSING = VIOLATION.replace("bad()", "badly: int = bad()")
"""Its source line looks like the end of the other traceback."""
JSON_CUT = '{"message": "web-1 SynchronousOnlyOperation: x\n'
FRAME_OF_A_WRITER = 'web-1 File "/srv/app/views.py", line 3, in view\n'
LONGER_JSON = f'{{"x": "{"y" * 60}", "exc_type": "{BEGIN}", "message": "web-1 SynchronousOnlyOperation: x"}}\n'
IN_A_GROUP = "".join(f"    | {line}\n" for line in VIOLATION.splitlines())
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/srv/app/views.py", line 7, in group
  |     async with asyncio.TaskGroup() as tasks:
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
"""
LOG_PIECES = st.sampled_from(
    [
        *(IN_A_GROUP, GROUP, f"{GROUP}{IN_A_GROUP}", IN_A_GROUP.replace("    | D", "bad | D")),
        *(VIOLATION, VIOLATION, TRACEBACKS[0] + TRACEBACKS[1] + TRACEBACKS[4] + VIOLATION, *TRACEBACKS),
        VIOLATION.replace("view", "other"),
        "".join(f"web-1 | {line}\n" for line in VIOLATION.splitlines()),
        VIOLATION.replace("    bad()", "    bad('2026-01-01 00:00:00')"),
        VIOLATION.replace("    bad()", '{"log": "2026-11-21 SynchronousOnlyOperation", "stream": "a", "time": 5}'),
        VIOLATION.replace("\n", "\\n") + "\n",
        *(OTHER, CLOSING, END_OF_OTHER),
        "".join((*TRACEBACKS[:3], OTHER, TRACEBACKS[3])),
        *("2026-11-21 09:00:00 ERROR x: y\n", "2026-11-21 10:00:00 INFO z\n", "\n", "text\n", "  indented\n"),
        *(JSON_CUT, FRAME_OF_A_WRITER, LONGER_JSON, "Asynchronous handler adapted for middleware shop.M.\n"),
        "SynchronousOnly is only a word\n",
        '{"log": "2026-11-21 12:00:00 INFO z", "stream": "a"}\n',
        "".join(f"{json.dumps({'log': line, 'stream': 'a'})}\n" for line in VIOLATION.splitlines()),
    ]
)
LOGS = sorted((FIXTURES / "logs").iterdir())


def outcome(reader: object, text: str) -> Profile | str:
    try:
        return reader.read(io.BytesIO(text.encode("utf-8", "surrogateescape")), "x")  # type: ignore[attr-defined, no-any-return]
    except InputError as error:
        return error.message


@given(st.lists(LOG_PIECES, max_size=12))
@example([CLOSING, OTHER, CLOSING, END_OF_OTHER])
@QUICKLY
def test_tracebacks_that_came_before(pieces: list[str]) -> None:
    text = "".join(pieces)
    quick = outcome(logs, text)
    with pytest.MonkeyPatch.context() as patch:
        read_each_line(patch)
        assert outcome(logs, text) == quick


def read_each_line(patch: pytest.MonkeyPatch) -> None:
    """No text is known from before, and no line passed over."""
    patch.setattr(Repeats, "_keep", lambda *_: None)
    patch.setattr(repeats, "_may_begin", lambda _: True)


@given(st.lists(LOG_PIECES, max_size=8), st.integers(1, 60), st.sampled_from([0, 1, 2, 60]))
@example([FRAME_OF_A_WRITER, "text\n", JSON_CUT], 50, 1)
@QUICKLY
def test_what_earlier_blocks_left_in_the_buffer_tells_nothing(pieces: list[str], size: int, short: int) -> None:
    text = "".join(pieces)
    data = text[: len(text) - short].encode()
    left = f'\n"exc_type": {BEGIN}'.encode()
    assert list(windows.windows(Dribbling(data, size, left))) == list(windows.windows(Dribbling(data, size)))


class Dribbling(io.BytesIO):
    """A stream that gives a few bytes at once, and leaves behind them what blocks before might have left."""

    def __init__(self, data: bytes, size: int, left: bytes = b"") -> None:
        super().__init__(data)
        self._size, self._left = size, left

    def readinto(self, buffer: Any) -> int:
        room = memoryview(buffer)
        count = super().readinto(room[: self._size])
        end = min(len(room), count + len(self._left))
        room[count:end] = self._left[: end - count]
        return count


def test_a_line_longer_than_all_that_is_looked_back_at() -> None:
    long = "x" * (windows.LOOKBACK + 2 * windows.BLOCK + 7)
    (logged,) = logs.read(io.BytesIO(f"{VIOLATION}{long}\n{VIOLATION}{long}".encode()), "x").events.values()
    assert logged.times == 2


def test_recorded_logs_twice_over() -> None:
    text = "".join(path.read_text("utf-8", "surrogateescape") for path in LOGS) * 2
    quick = outcome(logs, text)
    with pytest.MonkeyPatch.context() as patch:
        read_each_line(patch)
        assert outcome(logs, text) == quick


def test_a_traceback_that_came_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    lines = Repeats._lines

    def noted(self: Repeats, text: bytes) -> list[Line]:
        read.append(text)
        return lines(self, text)

    monkeypatch.setattr(Repeats, "_lines", noted)
    (logged,) = logs.read(io.BytesIO(VIOLATION.encode() * 50), "x").events.values()
    assert logged.times == 50
    assert b"".join(read).count(b"Traceback") < 5


SEARCHES = [anchors.one_by_one, anchors.search()]
NEEDLES = st.sampled_from(
    [
        *(b"SynchronousOnlyOperation", b"Asynchronous handler adapted", b"Asynchronous middleware ", b"ynchronous"),
        *(b"S", b"As", b"\n", b"\n", b"x", b"synchronous handler adapted", b"SynchronousOnly", b"OnlyOperation"),
    ]
)


@given(st.lists(NEEDLES, max_size=14), st.integers(0, 40))
@QUICKLY
def test_the_words_that_are_looked_for(pieces: list[bytes], short: int) -> None:
    data = bytearray(b"".join(pieces))
    end = max(0, len(data) - short)
    right = list(first_of_each_line(bytes(data[:end])))
    for search in SEARCHES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(anchors, "search", lambda search=search: search)
            assert list(anchors.anchored(data, end)) == right


def test_both_searches_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the library and without it."""
    pytest.importorskip("ahocorasick_rs")
    assert SEARCHES[1].func is anchors.all_at_once
    monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    assert anchors.search.__wrapped__() is SEARCHES[0]


def first_of_each_line(data: bytes) -> Iterator[tuple[int, int]]:
    lines = data.splitlines(keepends=True)
    for line, end in zip(lines, accumulate(map(len, lines)), strict=True):
        found = [at for anchor in anchors.ANCHORS if (at := line.find(anchor)) >= 0]
        if found:
            yield end - len(line) + min(found), end


SPELT = re.compile(r"(.*?):([^:]*(?:::[^:]*)*):([0-9]{1,9})\Z", re.DOTALL)
"""A file, a function, a line: what is meant, in one pattern, which tries each colon against all that follow."""


@given(st.text(st.sampled_from(":::a/.7\n"), max_size=12))
@QUICKLY
def test_a_file_a_function_and_a_line(text: str) -> None:
    told = SPELT.match(text)
    frame = austin._parse_frame(text)
    if told is not None:
        assert frame == Frame(told[2], told[1], int(told[3]))
    else:
        assert frame is None or frame == Frame(text, "")
