"""Memory of a process is read and written; here that process is our own."""

from __future__ import annotations

import ctypes
import os

import pytest

from asyncspy.sample.inject.memory import (
    PreparedWrite,
    executable_ranges,
    mappings,
    parse_mapping,
    process_identity,
    read,
    read_pieces,
)
from asyncspy.sample.inject.refused import NotInjected

ME, NO_PID = os.getpid(), 2**22 + 7


def test_pieces_are_read_and_written_in_order() -> None:
    one, other = ctypes.create_string_buffer(b"one"), ctypes.create_string_buffer(b"other")
    at = [ctypes.addressof(each) for each in (one, other)]
    assert read_pieces(ME, [(at[0], 3), (at[1], 5)]) == [b"one", b"other"]
    PreparedWrite(ME, [(at[0], b"two"), (at[1], b"oth")])()
    assert (one.value, other.value) == (b"two", b"other")


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad address"):
        read(ME, 8, 8)
    with pytest.raises(OSError, match="Bad address"):
        PreparedWrite(ME, [(8, b"x")])()
    with pytest.raises(ProcessLookupError):
        read(NO_PID, 8, 8)


def test_our_own_mappings_hold_our_code() -> None:
    mapped = mappings(ME)
    assert any(each.name.startswith(("python", "libpython")) for each in mapped)
    assert executable_ranges(mapped)
    assert process_identity(ME) == process_identity(ME)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("7f00-7f01 r-xp 00000000 fe:01 12 /usr/lib/lib with blanks.so\n", "/usr/lib/lib with blanks.so"),
        ("7f00-7f01 rw-p 00000000 00:00 0\n", ""),
        ("7f00-7f01 rw-p 00000000 00:00 0 [heap]\n", "[heap]"),
        ("7f00-7f01 r--p 00001000 fe:01 12 /x (deleted)", "/x (deleted)"),
    ],
)
def test_a_line_of_maps(line: str, path: str) -> None:
    found = parse_mapping(line)
    assert (found.start, found.end, found.path) == (0x7F00, 0x7F01, path)


@pytest.mark.parametrize("line", ["", "nonsense", "7f00-7f01 rw-p"])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(NotInjected):
        parse_mapping(line)


def test_a_process_that_is_gone_is_said_to_be() -> None:
    for look in (mappings, process_identity):
        with pytest.raises(NotInjected) as refused:
            look(NO_PID)
        assert refused.value.kind == "gone"
