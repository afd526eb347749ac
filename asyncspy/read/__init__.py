"""Read files that anybody may have made into `Profile`s, or refuse them with one clear `InputError`.

The format is chosen by what a file holds, never by its name. Of the readers only the one that is chosen is imported.
"""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import InputFile, Profile
from asyncspy.read import sniff
from asyncspy.read.open_file import STANDARD_INPUT, first_bytes, is_folder, name_errors, open_stream
from asyncspy.read.profile_sum import sum_by_mode

__all__ = ["FORMATS", "Format", "load", "load_all", "profile_of_document", "sum_by_mode"]

MAX_FILES = 10_000
RECORD_AGAIN = "record again with: py-spy record --format speedscope --full-filenames --gil --pid PID --output FILE"
UNREADABLE = "unknown"
EMPTY = "the file is empty, as a raw file of py-spy is that saw no samples"

ReadFunction = Callable[[BinaryIO, str], Profile]


class Format(NamedTuple):
    """One kind of file: its name, whether the first bytes of a file look like it, and the module that reads it."""

    name: str
    sniff: Callable[[bytes], bool]
    module: str


FORMATS = (
    Format("speedscope", sniff.is_speedscope, "speedscope.document"),
    Format("chrometrace", sniff.is_chrometrace, "chrometrace"),
    Format("looks", sniff.is_dump_index, "dumps.dump_folder"),
    Format("dump --json", sniff.is_dump_json, "dumps.dump_json"),
    Format("profiling.sampling --jsonl", sniff.is_profiling_jsonl, "profiling_jsonl"),
    Format("svg", sniff.is_svg, "svg.svg_file"),
    Format("pprof", sniff.is_pprof, "stores.pprof"),
    Format("OTLP profiles", sniff.is_otlp_profiles, "stores.otlp_profiles"),
    Format("django page", sniff.is_django_page, "logs.django_page"),
    Format("dump", sniff.is_dump_text, "dumps.dump_text"),
    Format("folded", sniff.is_austin, "text_stacks.austin"),
    Format("log", sniff.is_log, "logs.log_file"),
    Format("raw", sniff.is_folded, "text_stacks.folded"),  # last: nearly any text could be a folded stack
)
"""In the order in which they are tried."""


def import_reader(module: str) -> ReadFunction:
    """The reader in a module of this room, imported when it is needed."""
    read: ReadFunction = import_module(f"asyncspy.read.{module}").read
    return read


def load(path: Path) -> Profile:
    """Read one file, or standard input for `-`. Raises InputError, with the file named, for unknown formats."""
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    with open_stream(path) as stream, _paused_collector(), name_errors(name):
        head = first_bytes(stream)
        if not head.strip() and len(head) < io.DEFAULT_BUFFER_SIZE:
            if str(path) == STANDARD_INPUT:
                raise InputError("is empty", remedy="see whether what writes into the pipe failed")
            return Profile({}, inputs=(InputFile(name, "raw", 0, 0, (EMPTY,)),))
        known = next((one for one in FORMATS if one.sniff(head)), None)
        if known is None:
            raise InputError(
                f"not a recording of a known format ({', '.join(one.name for one in FORMATS)})",
                remedy=f"give a file that asyncspy attach or py-spy record wrote, a log, or {RECORD_AGAIN}",
            )
        return import_reader(known.module)(stream, name)


def profile_of_document(document: dict[str, Any], path: Path) -> Profile:
    """The profile of a recording that is still being made, as it would be read from its file."""
    from asyncspy.read.speedscope.document import profile_of

    with _paused_collector(), name_errors(str(path)):
        return profile_of(document, str(path))


def load_all(paths: Sequence[Path]) -> Iterator[Profile]:
    """Read files, and all that can be read in folders, one by one; a file there that cannot be read has no stacks.

    Dumps come last: what is known of them besides may be in any of the files.
    """
    dumps: list[Profile] = []
    with _paused_collector():
        for path in paths:
            for profile in _load_folder(path) if is_folder(path) else [load(path)]:
                if profile.dumps:
                    dumps.append(profile)
                else:
                    yield profile
    if dumps:
        from asyncspy.read.dumps.dump_folder import add_index

        yield from add_index(dumps)


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Pause the garbage collector: readers make millions of tuples and no cycles, which it would walk for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load_folder(folder: Path) -> Iterator[Profile]:
    """Read the files below a folder in the order of their names; links are not followed."""
    files, readable = 0, False
    for path in _files(folder):
        profile = _load_or_reason(path)
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


def _load_or_reason(path: Path) -> Profile:
    """The profile of a file, or one without stacks that says why it cannot be read."""
    try:
        return load(path)
    except InputError as error:
        reason = error.message.removeprefix(str(path)).lstrip(": ")
        return Profile({}, inputs=(InputFile(str(path), UNREADABLE, 0, 1, (reason,)),))
