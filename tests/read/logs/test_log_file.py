"""Every violation that a log tells of is found, and none is invented, however the log was wrapped."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Event, Occurrences, Profile
from asyncspy.read import load
from asyncspy.read.logs import log_file, windows
from asyncspy.read.logs.windows import BLOCK, LOOKBACK
from tests.read.fixtures import FIXTURES

LOGS = FIXTURES / "logs"
MADE = json.loads((FIXTURES / "logs.json").read_text())
BEGIN = "Traceback (most recent call last):\n"
END = "django.core.exceptions.SynchronousOnlyOperation: You cannot call this from an async context.\n"
GUARD = """\
  File "/site-packages/django/utils/asyncio.py", line 24, in inner
    raise SynchronousOnlyOperation(message)
"""


def findings(profile: Profile) -> tuple[Finding, ...]:
    return analyse(profile).findings


def counted(profile: Profile) -> dict[str, int]:
    """How often each culprit is in the log."""
    found: Counter[str] = Counter()
    for finding in findings(profile):
        if finding.kind == "async-unsafe":
            found[finding.culprit.frame.function] += finding.evidence.logged
    return dict(found)


def read_text(text: str) -> Profile:
    return log_file.read(io.BytesIO(text.encode()), "web.log")


def frame(function: str, file: str = "/srv/app/views.py", line: int = 3) -> str:
    return f'  File "{file}", line {line}, in {function}\n    return {function}()\n'


def test_every_log_has_its_planted_counts() -> None:
    assert {path.name for path in LOGS.iterdir()} == set(MADE)
    assert len(MADE) >= 15


@pytest.mark.parametrize("name", sorted(MADE))
def test_all_that_was_planted_is_found_and_nothing_else(name: str) -> None:
    profile = load(LOGS / name)
    assert profile.inputs[0].format == "log"
    assert counted(profile) == MADE[name]["planted"]
    assert profile.total == 0


@pytest.mark.parametrize("name", sorted(MADE))
def test_no_secret_of_a_local_variable_comes_out(name: str) -> None:
    assert "hunter2" not in repr(load(LOGS / name))


def test_some_logs_do_hold_secrets() -> None:
    assert "hunter2" in (LOGS / "structlog-dict.json.log").read_text()


def test_times_are_those_of_the_records() -> None:
    (logged,) = {
        logged
        for event, logged in load(LOGS / "plain.log").events.items()
        if "bad_atomic" in [one.function for one in event.frames]
    }
    records = [line for line in (LOGS / "plain.log").read_text().splitlines() if line.endswith(": /atomic")]
    assert logged == Occurrences(3, records[0][:23], records[-1][:23])


def test_a_log_without_violations_says_that_this_proves_nothing() -> None:
    (read,) = load(LOGS / "innocent.log").inputs
    assert any("proves nothing" in note for note in read.notes)
    assert any("5 lines name SynchronousOnlyOperation without a traceback" in note for note in read.notes)


def test_a_middleware_that_the_handler_was_adapted_for_is_a_finding() -> None:
    (found,) = [one for one in findings(load(LOGS / "start-up.log")) if one.kind == "sync-middleware"]
    assert (found.culprit.frame.function, found.culprit.frame.file) == ("LegacyMiddleware", "logshop.py")
    assert found.evidence.logged == 1
    assert found.remedies


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("Asynchronous handler adapted for middleware shop.mw.Legacy.", "shop.mw.Legacy"),
        ("DEBUG 2026-11-21 django.request Asynchronous middleware shop.mw.Legacy adapted.", "shop.mw.Legacy"),
        ('{"event": "Asynchronous handler adapted for middleware shop.mw.Legacy."}', "shop.mw.Legacy"),
        ("Synchronous handler adapted for middleware shop.mw.Modern.", None),
    ],
)
def test_both_wordings_of_the_start_up_line(line: str, subject: str | None) -> None:
    events = list(read_text(f"{line}\n").events)
    assert events == ([Event("sync-middleware", subject=subject)] if subject else [])


def test_an_exception_that_only_follows_another_traceback_is_not_its_end() -> None:
    text = BEGIN + frame("other") + "ValueError: no\n" + "django.core.exceptions.SynchronousOnlyOperation: told\n"
    profile = read_text(text)
    assert profile.events == {}
    assert profile.inputs[0].dropped == 1


def test_lines_of_others_in_the_middle_do_not_end_a_traceback() -> None:
    text = BEGIN + frame("view") + 'INFO:     127.0.0.1:1 - "GET / HTTP/1.1" 200 OK\n' + frame("bad") + GUARD + END
    ((event, logged),) = read_text(text).events.items()
    assert [one.function for one in event.frames] == ["view", "bad", "inner"]
    assert logged.times == 1


def test_a_traceback_is_found_wherever_the_blocks_end() -> None:
    record = "2026-11-21 10:00:00 ERROR x: y\n" + BEGIN + frame("view") + frame("bad") + GUARD + END
    first = BLOCK + 2 * LOOKBACK
    for before in (first - 200, first - 10, first - len(record) // 2, first + 10, first + BLOCK - 10, LOOKBACK):
        filler = "2026-11-21 09:00:00 INFO access: nothing of note\n" * (before // 49 + 1)
        text = filler[-before:] + record + filler + record
        ((event, logged),) = read_text(text).events.items()
        assert ([one.function for one in event.frames], logged.times) == (["view", "bad", "inner"], 2)


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_left_unread_before_an_exception_tells_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    events = load(LOGS / name).events
    monkeypatch.setattr(windows, "_may_belong_to_earlier", lambda *_: True)
    assert load(LOGS / name).events == events


def test_a_long_log_takes_little_memory() -> None:
    line = b"2026-11-21 09:00:00 INFO access: GET /orders/ 200 in 12 ms\n"
    record = (BEGIN + frame("view") + frame("bad") + GUARD + END).encode()
    profile, peak = traced(_Repeated(line * 20_000 + record, 40))
    assert [logged.times for logged in profile.events.values()] == [40]
    assert peak < 30 * 1024**2


@pytest.mark.parametrize("first", [b"", b"2026-11-21 09:00:00 INFO the next line does not end\n"])
def test_a_line_that_never_ends_takes_little_memory(first: bytes) -> None:
    profile, peak = traced(io.BytesIO(first + b"SynchronousOnlyOperation " * 700_000))
    assert not profile.events
    assert peak < 60 * 1024**2


def traced(stream: BinaryIO) -> tuple[Profile, int]:
    """What a log tells, and what memory it took at most."""
    tracemalloc.start()
    try:
        return log_file.read(stream, "web.log"), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class _Repeated(io.RawIOBase, BinaryIO):
    """A long stream that is never in memory as a whole."""

    def __init__(self, data: bytes, times: int) -> None:
        self._data, self._left, self._rest = data, times, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer) and self._left:
            self._rest += self._data
            self._left -= 1
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def test_logs_and_samples_of_one_line_are_one_finding(tmp_path: Path) -> None:
    recorded = load(FIXTURES / "formats" / "py-spy-speedscope.json")
    (sampled,) = findings(recorded)
    culprit = sampled.culprit.frame
    caller = next(link for link in sampled.chain if link.function == "checkout")
    text = (
        BEGIN
        + frame("checkout", caller.file, caller.line)
        + frame("helper_count", culprit.file, culprit.line)
        + frame("count", "/site-packages/django/db/models/query.py", 604)
        + GUARD
        + END
    )
    events = read_text(text * 3).events
    (both,) = findings(Profile(recorded.stacks, recorded.origins, events=events))
    assert both.evidence.samples == sampled.evidence.samples
    assert both.evidence.logged == 3
    assert both.share == sampled.share


def test_a_chain_caught_half_way_is_completed_from_a_sampled_one() -> None:
    recorded = load(FIXTURES / "formats" / "py-spy-speedscope.json")
    (sampled,) = findings(recorded)
    culprit = sampled.culprit.frame
    text = (
        BEGIN
        + frame("helper_count", culprit.file, culprit.line)
        + frame("first", "/site-packages/django/db/models/query.py", 1106)
        + GUARD
        + END
    )
    _, logged = findings(Profile(recorded.stacks, recorded.origins, events=read_text(text).events))
    assert logged.completed
    assert logged.chain[0].function == "checkout"
    assert logged.evidence.logged == 1


def times(text: str) -> list[Occurrences]:
    return list(read_text(text).events.values())


VIOLATION = BEGIN + frame("bad") + GUARD + END
OTHERS = [
    "2026-11-21 10:00:00 INFO shop: nothing of note\n",
    "2026-11-21 10:00:00 DEBUG shop: nothing of note\n",
    '127.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12\n',
    "2026-11-21 10:00:00 ERROR shop: something else\nprinted\n",
    "2026-11-21 10:00:00 ERROR shop: something else\nValueError: no\n",
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_traceback_without_a_time_takes_none_of_another_line(other: str) -> None:
    assert times(other + VIOLATION) == [Occurrences(1)]
    assert times(other + VIOLATION + other + VIOLATION) == [Occurrences(2)]


@pytest.mark.parametrize("heading", ["2026-11-21 10:00:00 ERROR django.request: Internal Server Error: /\n", ""])
def test_the_tracebacks_of_a_record_have_its_time(heading: str) -> None:
    chained = (
        BEGIN
        + frame("load") * 9
        + "KeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n"
    )
    known = "2026-11-21 10:00:00" if heading else None
    assert times(heading + VIOLATION) == [Occurrences(1, known, known)]
    before = "2026-11-20 09:00:00 ERROR django.request: another\n" + BEGIN + frame("x") * 400 + "ValueError: no\n"
    assert times(before + heading + chained + chained + VIOLATION) == [Occurrences(1, known, known)]
