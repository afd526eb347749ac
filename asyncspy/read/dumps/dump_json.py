"""Parse what `py-spy dump --json` prints into a `Profile`: each thread's stack is one sample.

Locals can hold secrets and are never looked at.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, Profile, ThreadSnapshot
from asyncspy.read.decode_json import AS_WRITTEN, JsonObject, decode, line_number, whole_number
from asyncspy.read.dumps.thread_snapshots import profile_of_threads
from asyncspy.read.frame_names import printable
from asyncspy.read.open_file import read_all

MAX_PID = 1 << 32
MAX_ID = 1 << 64


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every thread whose frames are sound; the others are counted as dropped."""
    entries = decode(read_all(stream))
    threads = [_thread(entry) for entry in entries] if isinstance(entries, list) else []
    sound = [thread for thread in threads if thread is not None]
    if not sound:
        raise InputError(f"none of its {len(threads):,} threads can be used", remedy=AS_WRITTEN)
    return profile_of_threads(sound, path, "dump --json", len(threads) - len(sound))


def _thread(entry: Any) -> ThreadSnapshot | None:
    if not isinstance(entry, dict) or not isinstance(listed := entry.get("frames"), list):
        return None
    frames = [_frame(frame) for frame in listed]
    if None in frames:
        return None
    name = entry.get("thread_name")
    return ThreadSnapshot(
        tuple(frame for frame in reversed(frames) if frame),
        printable(name) if isinstance(name, str) else "",
        whole_number(entry.get("pid"), MAX_PID),
        whole_number(entry.get("thread_id"), MAX_ID),
        whole_number(entry.get("os_thread_id"), MAX_ID),
        _flag(entry, "active"),
        _flag(entry, "owns_gil"),
        _selves(listed),
    )


def _selves(listed: list[Any]) -> tuple[str, ...]:
    """The classes of `self`: all that asyncspy dump --locals keeps of the variables."""
    names = [frame.get("self") for frame in reversed(listed)]
    return tuple(printable(name) if isinstance(name, str) else "" for name in names) if any(names) else ()


def _flag(entry: JsonObject, key: str) -> bool | None:
    value = entry.get(key)
    return value if isinstance(value, bool) else None


def _frame(entry: Any) -> Frame | None:
    if not isinstance(entry, dict):
        return None
    name, file = entry.get("name"), entry.get("filename") or entry.get("short_filename") or ""
    if not isinstance(name, str) or not isinstance(file, str):
        return None
    return Frame(printable(name), printable(file), line_number(entry.get("line")))
