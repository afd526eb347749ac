"""A queue is read, a call added and taken back, in the layout of every version; all that is odd is refused."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncspy.sample.inject import pending_queue
from asyncspy.sample.inject.layouts import LAYOUTS, Layout
from asyncspy.sample.inject.memory import Piece
from asyncspy.sample.inject.pending_queue import (
    MAX_WAITING,
    PendingQueue,
    Snapshot,
    WriteTarget,
    added,
    check,
    parse,
    taken_back,
)
from asyncspy.sample.inject.refused import NotInjected

RUN, PLACE, RUNTIME, INTERPRETER, STATE, THREAD, CODE = (
    0x5000,
    0x9000,
    0x100000,
    0x200000,
    0x300000,
    0x7777,
    (0x4000, 0x6000),
)
OWN = (0xA1, 0xA2, 0xA3)
TEXT = b"try:1\n\0"
VERSIONS = sorted({key[1:] for key in LAYOUTS})
each_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda each: "{}.{}".format(*each))


def target(version: tuple[int, int], **changed: Any) -> WriteTarget:
    layout = LAYOUTS[("x86_64", *version)][0]
    state = STATE if layout.main_state is not None else 0
    made = WriteTarget(7, (1, 2), layout, RUNTIME, INTERPRETER, state, RUN, PLACE, 64, bytes(64))
    return made._replace(**changed)


def snapshot(of: WriteTarget, calls: int = 0, first: int = 0, **changed: Any) -> Snapshot:
    """One with so many calls in its queue, from slot `first` on."""
    layout = of.layout
    data = bytearray(layout.size)
    for number in range(calls):
        at = layout.calls + layout.slot * ((first + number) % layout.slots)
        struct.pack_into("<QQ", data, at, RUN, number)
    struct.pack_into("<i", data, layout.first, first)
    struct.pack_into("<i", data, layout.last, (first + calls) % layout.slots)
    modern = layout.limit is not None
    struct.pack_into("<i", data, layout.to_do, calls if modern else int(calls > 0))
    if layout.limit is not None:
        struct.pack_into("<ii", data, layout.limit, 32, 0)
    semaphore = None if modern else 1
    made = Snapshot(bytes(data), 0x900 if modern else 0, INTERPRETER, THREAD, of.state, bytes(64), semaphore)
    return made._replace(**changed)


def after(seen: Snapshot, of: WriteTarget, pieces: list[tuple[int, bytes]]) -> Snapshot:
    """What is there once these are written."""
    queue, place, breaker = bytearray(seen.queue), bytearray(seen.place), seen.breaker
    for address, data in pieces:
        if address == of.place:
            place[: len(data)] = data
        elif address == of.breaker:
            breaker = int.from_bytes(data, "little")
        else:
            at = address - of.queue
            assert at > of.layout.lock
            queue[at : at + len(data)] = data
    return seen._replace(queue=bytes(queue), place=bytes(place), breaker=breaker)


@each_version
@pytest.mark.parametrize("calls", [0, 1, MAX_WAITING])
@pytest.mark.parametrize("from_the_end", [0, 1, 2])
def test_a_call_is_added_behind_the_others_and_taken_back(
    version: tuple[int, int], calls: int, from_the_end: int
) -> None:
    of = target(version)
    seen = snapshot(of, calls, first=(of.layout.slots - from_the_end) % of.layout.slots)
    queue = parse(of.layout, seen)
    check(of, seen, queue, [CODE], THREAD)
    text, *changes, breaker = added(of, seen, queue, TEXT)
    assert (text, breaker[0]) == ((PLACE, TEXT), of.breaker)
    written = after(seen, of, [text, *changes, breaker])
    now = parse(of.layout, written)
    assert now.waiting == (*queue.waiting, (RUN, PLACE))
    assert written.breaker == (0x904 if of.state else 1)
    back = taken_back(of, written, now, TEXT)
    assert back is not None
    restored = after(written, of, back)
    assert restored.queue == seen.queue
    assert restored.place == bytes(64)


def parts(pieces: list[Piece]) -> list[list[Piece]]:
    """All that may be written of these: pieces from the front, and of the next one what lies in its first pages."""
    found = []
    for number, (address, data) in enumerate(pieces):
        found += [[*pieces[:number], (address, data[:cut])] for cut in range(0, len(data), 4)]
    return [*found, pieces]


def interpreted(of: WriteTarget, seen: Snapshot) -> list[tuple[int, int]]:
    """What the interpreter runs if its program adds three calls of its own, and all that wait are made after each."""
    layout, queue, ran = of.layout, bytearray(seen.queue), []

    def field(at: int, change: int = 0, modulo: int = 1 << 30) -> int:
        now: int = (struct.unpack_from("<i", queue, at)[0] + change) % modulo
        struct.pack_into("<i", queue, at, now)
        return now

    def slot(at: int) -> int:
        return layout.calls + layout.slot * at

    for argument in OWN:
        struct.pack_into("<QQ", queue, slot(field(layout.last)), RUN, argument)
        field(layout.last, +1, layout.slots)
        field(layout.to_do, +1)
        while field(layout.to_do) if of.state else field(layout.first) != field(layout.last):
            at = slot(field(layout.first))
            call = struct.unpack_from("<QQ", queue, at)
            queue[at : at + layout.slot] = bytes(layout.slot)
            field(layout.first, +1, layout.slots)
            field(layout.to_do, -1 if of.state else 0)
            if call == (0, 0):
                break
            ran.append(call)
    return ran


@each_version
@pytest.mark.parametrize("calls", [0, 2])
@pytest.mark.parametrize("from_the_end", [0, 1, 3])
def test_whatever_part_is_written_the_queue_is_one_and_can_be_taken_back(
    version: tuple[int, int], calls: int, from_the_end: int
) -> None:
    of = target(version)
    seen = snapshot(of, calls, first=(of.layout.slots - from_the_end) % of.layout.slots)
    waiting = parse(of.layout, seen).waiting
    for part in parts(added(of, seen, parse(of.layout, seen), TEXT)):
        written = after(seen, of, part)
        queue = parse(of.layout, written)
        theirs = [*waiting, *((RUN, each) for each in OWN)]
        ran = [call for call in interpreted(of, written) if call != (RUN, PLACE)]
        assert ran == (theirs[:-1] if queue.uncounted else theirs)  # one that is not counted puts others off by one
        back = taken_back(of, written, queue, TEXT)
        assert (back is None) == (queue.waiting == waiting)
        for part_back in parts(back or []):
            less = after(written, of, part_back)
            again = taken_back(of, less, parse(of.layout, less), TEXT)
            clean = after(less, of, again or [])
            assert parse(of.layout, clean)._replace(to_do=0) == parse(of.layout, seen)._replace(to_do=0)
            assert interpreted(of, clean) == theirs


@each_version
def test_one_that_is_not_counted_is_counted_by_the_next_writer(version: tuple[int, int]) -> None:
    of = target(version)
    seen = snapshot(of, 1)
    whole = added(of, seen, parse(of.layout, seen), TEXT)
    written = after(seen, of, whole[:3])
    if not of.state:
        assert parse(of.layout, written).uncounted is None
        return
    queue, found = parse(of.layout, written), of._replace(found=written.place)
    check(found, written, queue, [CODE], THREAD)
    assert after(written, of, added(found, written, queue, TEXT)) == after(seen, of, whole)
    foreign = of._replace(place=PLACE + 1024)
    assert refusal(foreign, written._replace(place=bytes(64))) == "unexpected"


@each_version
def test_one_that_others_wait_behind_becomes_an_empty_program(version: tuple[int, int]) -> None:
    of = target(version)
    seen = snapshot(of)
    written = after(seen, of, added(of, seen, parse(of.layout, seen), TEXT))
    more = after(written, of, added(of._replace(place=0x10), written, parse(of.layout, written), TEXT)[1:])
    assert taken_back(of, more, parse(of.layout, more), TEXT) == [(PLACE, bytes(len(TEXT)))]


@each_version
def test_what_has_been_run_is_left_as_it_is(version: tuple[int, int]) -> None:
    of = target(version)
    seen = snapshot(of, 1)._replace(place=TEXT.ljust(64, b"\0"))
    assert taken_back(of, seen, parse(of.layout, seen), TEXT) is None


@each_version
def test_the_target_goes_to_the_writer_and_is_the_same_there(version: tuple[int, int]) -> None:
    of = target(version)
    assert WriteTarget.from_json(of.as_json()) == of


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("another interpreter", {"interpreter": 1}, "unexpected"),
    ("another main thread", {"main_thread": 1}, "main_thread"),
    ("somebody's text", {"place": b"x" * 64}, "another"),
]


@each_version
@pytest.mark.parametrize(("_name", "changed", "kind"), ODD, ids=[each[0] for each in ODD])
def test_what_is_odd_is_refused(version: tuple[int, int], _name: str, changed: dict[str, Any], kind: str) -> None:
    of = target(version)
    seen = snapshot(of, **changed)
    assert refusal(of, seen) == kind


@each_version
def test_a_queue_in_use_is_refused(version: tuple[int, int]) -> None:
    of = target(version)
    assert refusal(of, snapshot(of, MAX_WAITING + 1)) == "busy"
    assert refusal(of._replace(run=1, place=0), snapshot(of, 1)) == "another"
    held = bytearray(snapshot(of).queue)
    held[of.layout.lock] = 1
    assert refusal(of, snapshot(of, semaphore=0) if not of.state else snapshot(of, queue=bytes(held))) == "busy"
    assert refusal(of, snapshot(of, 1), code=(0, 1)) == "unexpected"


def refusal(of: WriteTarget, seen: Snapshot, code: tuple[int, int] = CODE) -> str | None:
    try:
        check(of, seen, parse(of.layout, seen), [code], THREAD)
    except NotInjected as refused:
        return refused.kind
    return None


@given(st.sampled_from(VERSIONS), st.data())
def test_any_bytes_are_read_or_refused(version: tuple[int, int], data: st.DataObject) -> None:
    of = target(version)
    raw = data.draw(st.binary(min_size=600, max_size=600)).ljust(of.layout.size, b"\0")[-of.layout.size :]
    seen = snapshot(of)._replace(
        queue=raw, breaker=data.draw(st.integers(0, 2)), semaphore=data.draw(st.integers(0, 2))
    )
    try:
        queue: PendingQueue | None = parse(of.layout, seen)
    except NotInjected:
        queue = None
    assert queue is None or len(queue.waiting) < of.layout.slots


def test_every_offset_lies_in_its_own_place() -> None:
    for layout in {layout for known in LAYOUTS.values() for layout in known}:
        of_queue = [
            layout.lock,
            layout.to_do,
            layout.first,
            layout.last,
            *filter(None, [layout.limit, layout.loop_limit]),
        ]
        inside = range(layout.calls, layout.calls + layout.slot * layout.slots)
        assert len(set(of_queue)) == len(of_queue)
        assert not any(at in inside for at in of_queue)
        assert isinstance(layout, Layout)
    assert pending_queue.CALLS_BIT == 4
