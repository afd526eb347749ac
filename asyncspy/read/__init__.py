"""Takes files that anybody may have made; gives `Profile`s, or one clear `InputError`.

Formats are chosen by what the file holds, never by its name; `FORMATS` is tried in order.
"""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import InputFile, Profile
from asyncspy.read import chrometrace, logs, profiling_jsonl
from asyncspy.read.dumps import dump_folder, dump_json, dump_text
from asyncspy.read.open_file import STANDARD_INPUT, first_bytes, is_folder, name_errors, open_stream, told_of, read_all
from asyncspy.read.speedscope import reader
from asyncspy.read.svg import flame_graph
from asyncspy.read.text_stacks import austin, folded

__all__ = ["FORMATS", "Format", "load", "load_all", "profile_of_document"]

MAX_FILES = 10_000
RECORD_AGAIN = "record again with: py-spy record --format speedscope --full-filenames --gil --pid PID --output FILE"
UNREADABLE = "unknown"


class Format(NamedTuple):
    """One kind of file: whether the first bytes look like it, and how to read all of them."""

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[BinaryIO, str], Profile]


def _of_bytes(read: Callable[[bytes, str], Profile]) -> Callable[[BinaryIO, str], Profile]:
    """A reader that wants all bytes at once as one that takes a stream."""
    return lambda stream, path: read(read_all(stream), path)


FORMATS = (
    Format("speedscope", reader.sniff, reader.read),
    Format("chrometrace", chrometrace.sniff, _of_bytes(chrometrace.read)),
    Format("looks", dump_folder.sniff, _of_bytes(dump_folder.read)),
    Format("dump --json", dump_json.sniff, _of_bytes(dump_json.read)),
    Format("profiling.sampling --jsonl", profiling_jsonl.sniff, profiling_jsonl.read),
    Format("svg", flame_graph.sniff, _of_bytes(flame_graph.read)),
    Format("dump", dump_text.sniff, _of_bytes(dump_text.read)),
    Format("folded", austin.sniff, austin.read),
    Format("log", logs.sniff, logs.read),
    Format("raw", folded.sniff, folded.read),  # last: nearly any text could be a folded stack
)


def load(path: Path) -> Profile:
    """Read one file, or standard input for `-`. Raises InputError, with the file named, for what is no known format."""
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    with open_stream(path) as stream, _no_collector(), told_of(name), name_errors(name):
        return _read(stream, name)


def profile_of_document(document: dict[str, Any], path: Path) -> Profile:
    """A recording that is still being made, as it would be read from its file."""
    with _no_collector(), name_errors(str(path)):
        return reader.of(document, str(path))


def load_all(paths: Sequence[Path]) -> Iterator[Profile]:
    """Read files, and all that can be read in folders, one by one; what cannot be read there is without stacks.

    Dumps come last: what is told of them may lie in any of the files.
    """
    dumps: list[Profile] = []
    with _no_collector():  # else it walks all that was read, after each of a thousand files
        for path in paths:
            for profile in _folder(path) if is_folder(path) else [load(path)]:
                if profile.dumps:
                    dumps.append(profile)
                else:
                    yield profile
    yield from dump_folder.joined(dumps)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Readers make millions of tuples and no cycles: the garbage collector would only walk them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(stream: io.BufferedReader, name: str) -> Profile:
    head = first_bytes(stream)
    if not head.strip() and len(head) < io.DEFAULT_BUFFER_SIZE:
        raise InputError(
            "is empty: py-spy writes an empty raw file when it saw no samples",
            remedy="record again while the worker serves requests",
        )
    known = next((one for one in FORMATS if one.sniff(head)), None)
    if known is None:
        raise InputError(
            f"not a recording of a known format ({', '.join(one.name for one in FORMATS)})",
            remedy=f"give a file that asyncspy attach or py-spy record wrote, a log, or {RECORD_AGAIN}",
        )
    return known.read(stream, name)


def _folder(folder: Path) -> Iterator[Profile]:
    """The files below a folder in the order of their names; links are not followed."""
    files, readable = 0, False
    for path in _files(folder):
        profile = _or_why_not(path)
        files, readable = files + 1, readable or profile.inputs[0].format != UNREADABLE
        yield profile
    if not readable:
        raise InputError(
            f"{folder}: none of its {files:,} files is a recording or a log",
            remedy="give the files that asyncspy attach or py-spy record wrote, or logs",
        )


def _files(folder: Path) -> Iterator[Path]:
    found = 0
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(where, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                found += 1
                if found > MAX_FILES:
                    raise InputError(f"{folder} holds more than {MAX_FILES:,} files", remedy="name the files you mean")
                yield path


def _or_why_not(path: Path) -> Profile:
    try:
        return load(path)
    except InputError as error:
        why = error.message.removeprefix(str(path)).lstrip(": ")
        return Profile({}, inputs=(InputFile(str(path), UNREADABLE, 0, 1, (why,)),))
