"""Which layout is taken where the patch levels of a version differ."""

from __future__ import annotations

import struct

import pytest

from asyncspy.sample.inject.layouts import LAYOUTS, Layout
from asyncspy.sample.inject.pending_queue import LIMITS, WriteTarget
from asyncspy.sample.inject.target_python import TargetPython, fitting_layout
from tests.sample.inject.elf_image import BASE, Memory

SIZE = 16_384
DIFFERING = [known for known in LAYOUTS.values() if len(known) > 1]


def memory_of(layout: Layout | None, filled: int = 0) -> Memory:
    """A runtime with a queue that this layout describes, all its slots used, and something in front of it."""
    data = bytearray([filled]) * SIZE
    if layout is not None:
        assert layout.limit is not None
        at = layout.queue
        data[at : at + layout.size] = bytes(layout.size)
        struct.pack_into("<ii", data, at + layout.limit, *LIMITS)
        for slot in range(layout.slots):
            struct.pack_into(
                "<QQQ", data, at + layout.calls + layout.slot * slot, 0x55D0_0000_1000, 0x7F00_0000_2000, 1
            )
    return Memory(data)


def test_more_than_one_is_known_of_a_version() -> None:
    assert DIFFERING


@pytest.mark.parametrize("filled", [0, 1, 32, 255])
@pytest.mark.parametrize("known", DIFFERING)
def test_the_one_is_taken_whose_queue_reads_as_one(known: tuple[Layout, ...], filled: int) -> None:
    for layout in known:
        for order in (known, known[::-1]):
            assert fitting_layout(memory_of(layout, filled), BASE, order) == layout


@pytest.mark.parametrize("known", LAYOUTS.values())
def test_where_none_fits_the_first_is_left_to_the_rehearsal(known: tuple[Layout, ...]) -> None:
    assert fitting_layout(memory_of(None), BASE, known) == known[0]


def test_a_copy_with_another_layout_is_another_python() -> None:
    file = ("08:01", 1, "/usr/bin/python3.13")
    first, second = LAYOUTS["x86_64", 3, 13]
    found = [
        TargetPython(WriteTarget(1, (), layout, 0, 0, 0, 0, 0, 0, b""), (3, 13), file, file, (1, 2), ("queue", 512))
        for layout in (first, second)
    ]
    assert found[0].differences(found[1]) == ["layout"]
    assert found[0].differences(found[0]._replace(write=found[0].write._replace(pid=2))) == []
