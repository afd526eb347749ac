"""Lines in pieces come out whole, from however many containers and in whatever order, and no two are mixed."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncspy.model.stacks import Profile
from asyncspy.read import load
from asyncspy.read.logs import log_file, split_lines
from tests.read.logs.test_log_file import LOGS, MADE, counted

QUICKLY = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
LIMIT = 70
"""The limit of these pieces, instead of 16 KB."""

Wrap = Callable[[int, str, bool, str], str]
"""A piece's record, given its pod, its text, whether it is the last, and the time of its line."""


def record(pod: int, number: int) -> str:
    """A JSON record with a violation of this pod; nothing of another pod's could take its place."""
    place = f"pod{pod}_{number}"
    text = "Traceback (most recent call last):\n" + "".join(
        f'  File "/srv/{place}/{name}.py", line {number + 1}, in {name}_{place}\n    x = {{"{name}": 1}}\n'
        for name in ("view", "bad")
    )
    text += "django.core.exceptions.SynchronousOnlyOperation: You cannot call this from an async context.\n"
    return json.dumps({"event": f"failed {place}", "locals": {"a": {"event": 1}}, "exception": text})


def fine(pod: int, number: int) -> str:
    return json.dumps({"event": f"served {number} of {pod}"})


def cri(pod: int, text: str, last: bool, at: str) -> str:
    return f"pod-{pod} 2026-11-28T09:00:00.{at}Z stderr {'F' if last else 'P'} {text}\n"


def unnamed_cri(pod: int, text: str, last: bool, at: str) -> str:
    return cri(pod, text, last, at).partition(" ")[2]


def docker(pod: int, text: str, last: bool, at: str) -> str:
    log = json.dumps(text + ("\n" if last else ""))
    return f'{{"log":{log},"stream":"stderr","time":"2026-11-28T09:00:00.{at}Z"}}\n'


def fluentd(pod: int, text: str, last: bool, at: str) -> str:
    partial = {"partial_message": "true", "partial_id": at, "partial_last": "true" if last else "false"}
    return json.dumps({"log": text, "source": "stderr", "container_id": f"c{pod}", **partial}) + "\n"


def docker_in_journal(pod: int, text: str, last: bool, at: str) -> str:
    more = {} if last else {"CONTAINER_PARTIAL_MESSAGE": "true"}
    return json.dumps({"MESSAGE": text, "CONTAINER_ID_FULL": f"c{pod}", "PRIORITY": "3", **more}) + "\n"


def journal(pod: int, text: str, last: bool, at: str) -> str:
    more = {} if last else {"_LINE_BREAK": "line-max"}
    return json.dumps({**more, "_STREAM_ID": f"{pod}", "MESSAGE": text, "_PID": "7"}) + "\n"


def journal_in_numbers(pod: int, text: str, last: bool, at: str) -> str:
    document = json.loads(journal(pod, text, last, at))
    return json.dumps({**document, "MESSAGE": list(text.encode())}) + "\n"


EXACT = [cri, docker, fluentd, docker_in_journal, journal, journal_in_numbers]


def wrapped(lines: list[str], pod: int, wrap: Wrap) -> Iterator[str]:
    for number, line in enumerate(lines):
        at = f"{pod + 1}{number + 1:04}"
        pieces = [line[start : start + LIMIT] for start in range(0, len(line), LIMIT)]
        for place, piece in enumerate(pieces):
            yield wrap(pod, piece, place == len(pieces) - 1, at)


def mixed(wrap: Wrap, order: list[int], kinds: list[bool]) -> tuple[str, Counter[str]]:
    """The records of three pods, whose pieces come in this order, and what was planted in them."""
    pods: list[list[str]] = [[], [], []]
    planted: Counter[str] = Counter()
    for number, bad in enumerate(kinds):
        pod = number % 3
        pods[pod].append(record(pod, number) if bad else fine(pod, number))
        planted.update({f"bad_pod{pod}_{number}": 1} if bad else {})
    queues = [list(wrapped(lines, pod, wrap)) for pod, lines in enumerate(pods)]
    text = "".join(queues[pod].pop(0) for pod in order if queues[pod])
    return text + "".join(line for queue in queues for line in queue), planted


def read(text: str, block_size: int = 1 << 18) -> Profile:
    return log_file.read(io.BytesIO(text.encode()), "x", block_size)


ORDERS = st.lists(st.integers(0, 2), max_size=80)
KINDS = st.lists(st.booleans(), max_size=7)


@pytest.mark.parametrize("wrap", EXACT)
@given(order=ORDERS, kinds=KINDS, block_size=st.integers(20, 900))
@QUICKLY
def test_pieces_that_say_whose_they_are_come_out_whole(
    wrap: Wrap, order: list[int], kinds: list[bool], block_size: int
) -> None:
    text, planted = mixed(wrap, order, kinds)
    assert counted(read(text, block_size)) == planted


@given(order=ORDERS, kinds=KINDS)
@QUICKLY
def test_pieces_that_do_not_say_it_are_never_mixed(order: list[int], kinds: list[bool]) -> None:
    text, planted = mixed(unnamed_cri, order, kinds)
    profile = read(text)
    assert set(counted(profile)) <= set(planted)
    for event in profile.events:
        (place,) = {frame.file.split("/")[2] for frame in event.frames}
        assert [frame.function for frame in event.frames] == [f"view_{place}", f"bad_{place}"]
    assert len(counted(profile)) == len(planted) or profile.inputs[0].dropped > 0


@pytest.mark.parametrize("wrap", [*EXACT, unnamed_cri])
def test_one_pod_needs_no_name(wrap: Wrap) -> None:
    lines = [record(0, 1), fine(0, 2), record(0, 3), record(0, 4)]
    assert counted(read("".join(wrapped(lines, 0, wrap)))) == {f"bad_pod0_{number}": 1 for number in (1, 3, 4)}


def test_a_record_whose_end_never_comes_is_counted() -> None:
    lines = list(wrapped([record(0, 1)], 0, cri))[:-1]
    later = cri(1, fine(1, 1), True, "1") * 2
    (read_in,) = read("".join(lines) + later).inputs
    assert read_in.dropped == 1
    assert any("cannot be put together" in note for note in read_in.notes)


def test_what_journalctl_left_out_is_said() -> None:
    (read_in,) = load(LOGS / "journal-split-left-out.json.log").inputs
    assert any(note.startswith("7 messages were left out") and "--all" in note for note in read_in.notes)


@pytest.mark.parametrize("name", sorted(name for name in MADE if "split" in name))
def test_the_size_of_the_blocks_makes_no_difference(name: str) -> None:
    data = (LOGS / name).read_bytes()
    for block_size in (1_000, 16_384, 50_000):
        assert log_file.read(io.BytesIO(data), "x", block_size).events == load(LOGS / name).events


def test_lines_that_stay_open_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_lines, "MAX_LINE_BYTES", 10_000)
    block = "".join(cri(pod, "x" * 60, False, "1") for pod in range(300)).encode()
    split = split_lines.SplitLines()
    largest = 0
    for _ in split.rejoin(block for _ in range(60)):
        largest = max(largest, sum(each.size for each in split._open))
    assert largest <= split_lines.MAX_OPEN * 11_000


def test_export_with_a_length_that_lies_is_read_to_its_end() -> None:
    good = "__CURSOR=a\n_PID=7\nMESSAGE=SynchronousOnlyOperation: x\n\n"
    data = good.encode() + b"__CURSOR=b\nMESSAGE\n" + (1 << 62).to_bytes(8, "little") + b"short\n\n" + good.encode()
    profile = log_file.read(io.BytesIO(data), "x")
    assert profile.inputs[0].dropped == 2
