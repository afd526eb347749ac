"""Symbols are found in an image; whatever is done to it, a bounded number of reads ends in an answer or a refusal."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncspy.sample.inject.elf import MAX_CHAIN, MAX_PROGRAM_HEADERS, Image
from asyncspy.sample.inject.refused import NotInjected
from tests.sample.inject.elf_image import BASE, DYNAMIC, HASH, SIZE, SYMBOLS, Memory, image

NAMES = [("_PyRuntime", 0x1100), ("PyRun_SimpleString", 0x1200), ("other", 0x1300)]
WHOLE = bytes(image(NAMES))


@pytest.mark.parametrize(("name", "offset"), [*NAMES, ("PyRun_Simple", None)])
def test_a_symbol_is_found_by_its_whole_name(name: str, offset: int | None) -> None:
    found = Image(Memory(WHOLE), BASE)
    assert found.machine == "x86_64"
    assert found.symbol(name) == (BASE + offset if offset else None)


def test_addresses_that_the_loader_has_put_there_are_known() -> None:
    data = bytearray(WHOLE)
    for at in range(DYNAMIC, DYNAMIC + 48, 16):
        (offset,) = struct.unpack_from("<Q", data, at + 8)
        struct.pack_into("<Q", data, at + 8, BASE + offset)
    assert Image(Memory(data), BASE).symbol("other") == BASE + 0x1300


@pytest.mark.parametrize(
    ("at", "value", "kind"),
    [
        (0, b"MZ", "damaged"),
        (4, b"\x01", "architecture"),
        (5, b"\x02", "architecture"),
        (32, b"\xff" * 8, "damaged"),
        (54, struct.pack("<H", 8), "damaged"),
        (56, struct.pack("<H", 0), "damaged"),
        (56, struct.pack("<H", MAX_PROGRAM_HEADERS + 1), "damaged"),
        (120, struct.pack("<I", 7), "damaged"),  # no dynamic segment
        (120 + 16, b"\xff" * 8, "damaged"),
        (120 + 40, struct.pack("<Q", 1 << 40), "damaged"),
        (DYNAMIC, bytes(8), "damaged"),
        (DYNAMIC + 8, b"\xf0" + b"\xff" * 7, "damaged"),
        (HASH, bytes(4), "damaged"),
        (HASH, b"\xff" * 4, "damaged"),
        (HASH + 8, b"\xff" * 4, "damaged"),
        (SYMBOLS + 24 + 8, b"\xff" * 8, "damaged"),  # an address outside of it
    ],
)
def test_damage_is_refused(at: int, value: bytes, kind: str) -> None:
    data = bytearray(WHOLE)
    data[at : at + len(value)] = value
    with pytest.raises(NotInjected) as refused:
        Image(Memory(data), BASE).symbol("_PyRuntime")
    assert refused.value.kind == kind


def test_a_chain_without_an_end_is_given_up() -> None:
    data = bytearray(WHOLE) + bytes(8 * MAX_CHAIN)
    for at in range(HASH + 28, HASH + 40, 4):
        data[at] &= 0xFE
    data[HASH + 40 :] = bytes(len(data) - HASH - 40)
    memory = Memory(data)
    with pytest.raises(NotInjected):
        Image(memory, BASE).symbol("none")
    assert memory.reads < MAX_CHAIN + 20


@given(st.lists(st.tuples(st.integers(0, SIZE - 9), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12))
def test_any_damage_ends_soon(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at : at + len(value)] = value
    memory = Memory(data)
    try:
        found = Image(memory, BASE).symbol("_PyRuntime")
    except NotInjected:
        pass
    else:
        assert found is None or isinstance(found, int)
    assert memory.reads <= 3 * MAX_CHAIN


@given(st.binary(max_size=600))
def test_anything_at_all_ends_soon(data: bytes) -> None:
    memory = Memory(WHOLE[:64] + data)
    with pytest.raises(NotInjected):
        Image(memory, BASE).symbol("_PyRuntime")
    assert memory.reads < 100
