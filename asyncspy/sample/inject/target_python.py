"""Find the interpreter in a running process, and where in its memory a call is to be written.

The process is only read. What its files and memory say is not trusted further than the rehearsal confirms it.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from asyncspy.sample.inject.elf import HEADER_SIZE, PF_WRITE, Image, machine
from asyncspy.sample.inject.layouts import LAYOUTS, OPEN_ARCHITECTURES, Layout
from asyncspy.sample.inject.memory import PAGE, Mapping, Reader, mappings, process_identity, read, refusal, word
from asyncspy.sample.inject.pending_queue import FREE_SEMAPHORE, LIMITS, WriteTarget, number
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.kernel_state import STOPPED, status_of

Layouts = Dictionary[tuple[str, int, int], Sequence[Layout]]
File = tuple[str, int, str]
"""A mapped file: device, inode, path."""

OLDEST, NEWEST = (3, 9), (3, 13)
ROOM = 512
"""Bytes for a text."""

LEAST_ROOM = 288
MAX_INTERPRETERS = 1 << 31
SPARE_LIMITS = (300, 100)
"""What the interpreter's own queue says of itself from 3.13 on."""

TEXT_START = b"try:\n try:exec(compile(("
"""How every text begins (`texts`): what is left of one that was killed is known by it."""

LIBRARIES = ("libpython", "libc.so", "libc-", "libm.so", "libm-", "libz.so", "libexpat.so")
"""Before 3.12 the text lies behind the data of one of these, in this order; all are there from the start."""

INTERPRETER_NAME = re.compile(r"python(\d(\.\d+)?)?([a-z]*)")
FREE_THREADED, DEBUG = "_Py_DecRefShared", "_Py_NegativeRefcount"
"""Functions that only such builds have."""


class TargetPython(NamedTuple):
    """What was found: where to write, and what a copy of this process has to have in common with it."""

    write: WriteTarget
    version: tuple[int, int]
    program: File
    library: File
    offsets: tuple[int, ...]
    """Where in `library` the queue and the function lie."""
    place: tuple[str, int]
    """Where the text lies, and how much room is there, in a way that a copy can be compared by."""

    def differences(self, other: TargetPython) -> list[str]:
        """What of it is not as in another process."""
        names = [name for name in self._fields if name != "write" and getattr(self, name) != getattr(other, name)]
        return [*names, *["layout"] * (self.write.layout != other.write.layout)]


def find_python(pid: int, layouts: Layouts = LAYOUTS) -> TargetPython:
    """Look at a process while it runs. Raises NotInjected where anything is other than expected."""
    identity = process_identity(pid)
    _check_state(pid)
    architecture = _architecture(pid)
    mapped = mappings(pid)
    program = _program(pid, mapped)
    if any(each.name.startswith(("ld-musl", "libc.musl")) for each in mapped):
        raise NotInjected("musl")
    found, image = _interpreter(pid, mapped, program)
    version = _version(pid, image, found, mapped)
    known = layouts.get((architecture, *version))
    if not OLDEST <= version <= NEWEST or not known:
        kind = "older" if version < OLDEST else "newer" if version > NEWEST else "version"
        raise NotInjected(kind, "{}.{}".format(*version))
    runtime, run = _symbol(image, "_PyRuntime"), _symbol(image, "PyRun_SimpleString")
    at = partial(read, pid)
    try:
        layout = fitting_layout(at, runtime, known)
        interpreter = word(at, runtime + layout.main_interpreter)
        interpreters = word(at, runtime + layout.main_interpreter + 8)
        state = word(at, runtime + layout.main_state) if layout.main_state is not None else 0
        place, named = _place(pid, mapped, layout, interpreter)
        content = read(pid, place, named[1])
    except OSError as error:
        raise refusal(error) from None
    if not 0 < interpreters < MAX_INTERPRETERS:
        raise NotInjected("unexpected", "what follows its main interpreter is no count of interpreters")
    write = WriteTarget(pid, identity, layout, runtime, interpreter, state, run, place, named[1], content)
    return TargetPython(write, version, _file(program), _file(found), (runtime - image.bias, run - image.bias), named)


def fitting_layout(read_at: Reader, runtime: int, known: Sequence[Layout]) -> Layout:
    """The one of a version's layouts by which the queue reads as one; the first where that is none of them."""
    for layout in known if len(known) > 1 else ():
        if _limits(layout, read_at(runtime + layout.queue, layout.size)) == LIMITS:
            return layout
    return known[0]


def _limits(layout: Layout, queue: bytes) -> tuple[int, int] | None:
    """What a queue says of itself from 3.13 on."""
    if layout.limit is None or layout.loop_limit is None:
        return None
    return number(queue, layout.limit), number(queue, layout.loop_limit)


def _check_state(pid: int) -> None:
    """Raise NotInjected for one that is stopped, dead, or traced by somebody at this moment."""
    status = status_of(pid)
    if not status or status["State"][0] in "ZX":
        raise NotInjected("gone")
    if status["TracerPid"] != "0":
        raise NotInjected("traced")
    if status["State"].startswith(STOPPED):
        raise NotInjected("stopped")


def _architecture(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/exe", "rb") as file:  # noqa: PTH123 - the link itself is opened
            built_for = machine(file.read(HEADER_SIZE))
    except PermissionError:
        raise NotInjected("denied") from None
    except OSError:
        raise NotInjected("gone") from None
    ours = os.uname().machine
    if built_for != ours or ours not in OPEN_ARCHITECTURES:
        raise NotInjected("architecture", built_for if built_for != ours else ours)
    return built_for


def _program(pid: int, mapped: Sequence[Mapping]) -> Mapping:
    """The mapping of the executable. Raises NotInjected where it is no python, or is not on disk any more."""
    try:
        path = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115
        about = os.stat(f"/proc/{pid}/exe")  # noqa: PTH116
    except OSError:
        raise NotInjected("gone") from None
    if path.endswith(" (deleted)"):
        raise NotInjected("replaced", path.removesuffix(" (deleted)"))
    name = INTERPRETER_NAME.fullmatch(path.rpartition("/")[2])
    if name is None:
        raise NotInjected("embedded", path.rpartition("/")[2])
    for mapping in mapped:
        if mapping.inode == about.st_ino and mapping.offset == 0:
            return mapping
    raise NotInjected("embedded", path.rpartition("/")[2])


def _interpreter(pid: int, mapped: Sequence[Mapping], program: Mapping) -> tuple[Mapping, Image]:
    """The image that has the interpreter's symbols: a shared libpython, else the program itself."""
    shared = [each for each in mapped if each.offset == 0 and each.inode and each.name.startswith("libpython")]
    found = []
    for mapping in [*shared, program]:
        if mapping.path.endswith(" (deleted)"):
            raise NotInjected("replaced", mapping.path.removesuffix(" (deleted)"))
        image = Image(partial(read, pid), mapping.start)
        if image.symbol("_PyRuntime") is not None:
            found.append((mapping, image))
    if len(found) > 1:
        raise NotInjected("unexpected", "two interpreters")
    if not found:
        raise NotInjected("no_symbols")
    return found[0]


def _version(pid: int, image: Image, found: Mapping, mapped: Sequence[Mapping]) -> tuple[int, int]:
    """Since 3.11 the interpreter says it; before that its file's name or its standard library's folder does."""
    if image.symbol(FREE_THREADED) is not None or re.search(r"python3\.\d+t", found.name):
        raise NotInjected("free_threaded")
    if image.symbol(DEBUG) is not None or re.search(r"python3\.\d+d", found.name):
        raise NotInjected("debug_build")
    stated = image.symbol("Py_Version")
    if stated is not None:
        number = word(partial(read, pid), stated)
        return (number >> 24 & 255, number >> 16 & 255)
    names = [found.name, *(each.path for each in mapped if "/lib-dynload/" in each.path)]
    versions = {(int(match[1]), int(match[2])) for name in names for match in re.finditer(r"python(\d)\.(\d+)", name)}
    if len(versions) != 1:
        raise NotInjected("version", "unknown")
    return versions.pop()


def _symbol(image: Image, name: str) -> int:
    address = image.symbol(name)
    if address is None:
        raise NotInjected("no_symbols", name)
    return address


def _place(pid: int, mapped: Sequence[Mapping], layout: Layout, interpreter: int) -> tuple[int, tuple[str, int]]:
    """Unused memory, where the text waits; and that place in words, with its size.

    From 3.12 on the end of the interpreter's own queue, of which only subinterpreters use the beginning. Before that
    what is left of the last page of a library's data, which glibc leaves alone (musl gives it to malloc).
    """
    if layout.spare_queue is not None:
        _check_spare_queue(pid, layout, interpreter + layout.spare_queue)
        end = layout.spare_queue + layout.calls + layout.slot * layout.slots
        return interpreter + end - ROOM, ("the interpreter's own queue", ROOM)
    for wanted in LIBRARIES:
        for mapping in mapped:
            if mapping.offset == 0 and mapping.inode and mapping.name.startswith(wanted):
                free = _behind_data(pid, mapping)
                if free is not None:
                    return free[0], (f"{mapping.path}+{free[0] - mapping.start:#x}", free[1])
    raise NotInjected("no_room")


def _check_spare_queue(pid: int, layout: Layout, address: int) -> None:
    """Raise NotInjected unless this is a queue that has never been used."""
    content = read(pid, address, layout.size)
    first, last, to_do = (number(content, at) for at in (layout.first, layout.last, layout.to_do))
    if (limits := _limits(layout, content)) is not None:
        sound = limits == SPARE_LIMITS
    else:
        (lock,) = struct.unpack_from("<Q", content, layout.lock)
        sound = lock != 0 and number(read(pid, lock, 4), 0) == FREE_SEMAPHORE
    if not sound or first or last or to_do:
        raise NotInjected("unexpected", "the interpreter's own queue is in use")


def _behind_data(pid: int, mapping: Mapping) -> tuple[int, int] | None:
    """Address and size of what is left of the last page of an image's data, if that is enough and not in use."""
    last = max(Image(partial(read, pid), mapping.start).segments)
    end = -(-(last.address + last.size) // 16) * 16
    room = min(ROOM, -end % PAGE)
    if not last.flags & PF_WRITE or room < LEAST_ROOM:
        return None
    start = end + -end % PAGE - room
    content = read(pid, start, room)
    return (start, room) if not any(content) or content.startswith(TEXT_START) else None


def _file(mapping: Mapping) -> File:
    return mapping.device, mapping.inode, mapping.path
