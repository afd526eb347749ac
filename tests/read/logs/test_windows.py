"""The windows of a log are found whatever the blocks are that it is read in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import accumulate

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asyncspy.model.stacks import Event, Profile
from asyncspy.read.logs import log_file, windows
from asyncspy.read.logs.exceptions import BEGIN

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


def read(data: bytes, block_size: int = windows.BLOCK) -> Profile:
    return log_file.read(io.BytesIO(data), "x", block_size)


@given(st.lists(LOG_PIECES, max_size=8), st.integers(1, 60), st.sampled_from([0, 1, 2, 60]))
@example([CLOSING, OTHER, CLOSING, END_OF_OTHER], 50, 0)
@example([FRAME_OF_A_WRITER, "text\n", JSON_CUT], 50, 1)
@QUICKLY
def test_the_size_of_the_blocks_makes_no_difference(pieces: list[str], size: int, cut: int) -> None:
    text = "".join(pieces)
    data = text[: len(text) - cut].encode()
    at_once = times_of_events(data)
    assert times_of_events(data, size) == at_once


def times_of_events(data: bytes, block_size: int = windows.BLOCK) -> dict[Event, int]:
    return {event: logged.times for event, logged in read(data, block_size).events.items()}


def test_a_line_longer_than_all_that_is_looked_back_at() -> None:
    long = "x" * (windows.LOOKBACK + 2 * windows.BLOCK + 7)
    (logged,) = read(f"{VIOLATION}{long}\n{VIOLATION}{long}".encode()).events.values()
    assert logged.times == 2


ANCHORS = (b"SynchronousOnlyOperation", b"Asynchronous handler adapted", b"Asynchronous middleware ")
WORDS = st.sampled_from(
    [
        *ANCHORS,
        *(b"S", b"As", b"\n", b"\n", b"x", b"ynchronous", b"synchronous handler adapted", b"SynchronousOnly"),
    ]
)


@given(st.lists(WORDS, max_size=14), st.integers(0, 40))
@QUICKLY
def test_the_words_that_are_looked_for(pieces: list[bytes], cut: int) -> None:
    data = b"".join(pieces)
    end = max(0, len(data) - cut)
    found = [(data.rfind(b"\n", 0, at) + 1, line_end) for at, line_end in windows._anchored_lines(data, end)]
    assert found == list(lines_with_an_anchor(data[:end]))


def lines_with_an_anchor(data: bytes) -> Iterator[tuple[int, int]]:
    lines = data.splitlines(keepends=True)
    for line, end in zip(lines, accumulate(map(len, lines)), strict=True):
        if any(anchor in line for anchor in ANCHORS):
            yield end - len(line), end
