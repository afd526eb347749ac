"""The saved form of the index beside a folder's stack dumps: when and how each was taken, and of which process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from asyncspy.errors import InputError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import AskedServer, Dump, Task, ThreadActivity
from asyncspy.recording.saved_form import Sources, decode_sources, encode_sources
from asyncspy.recording.saved_values import build, frame_of, is_count, is_number_text, list_or_empty

KEY = "asyncspy-looks"
FORMAT = 1
MAX_NANOSECONDS = 10**18
PLAIN_FIELDS = frozenset({"pid", "at", "path", "paused", "state", "counted", "cpus", "no_tasks"})


def encode(dumps: Sequence[Dump], targets: Sequence[Worker], sources: Sources | None = None) -> dict[str, Any]:
    """The index; the threads of each dump are in its own file."""
    looks = [{name: value for name, value in asdict(dump).items() if name != "threads"} for dump in dumps]
    index = {"format": FORMAT, "targets": [asdict(target) for target in targets], "looks": looks}
    return {KEY: {**index, "sources": encode_sources(sources)} if sources else index}


def decode(document: dict[str, Any]) -> tuple[list[Dump], list[Worker], dict[str, dict[int, str]]]:
    """The dumps without their threads, by the name of their file; their processes; the saved lines of code."""
    saved = document.get(KEY)
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise InputError(
            "this account of dumps is not one that this asyncspy reads",
            remedy="the dumps beside it can be read without it: name them one by one",
        )
    targets = [build(Worker, each) for each in _objects(saved.get("targets"))]
    return [_dump(each) for each in _objects(saved.get("looks"))], targets, decode_sources(saved.get("sources"))


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in list_or_empty(value) if isinstance(each, dict)]


def _dump(saved: dict[str, Any]) -> Dump:
    dump = build(Dump, {name: value for name, value in saved.items() if name in PLAIN_FIELDS})
    ran = saved.get("ran")
    activity = dict(_activity(ran)) if isinstance(ran, dict) else None
    asks = saved.get("asks")
    asked = dict(_asked(asks)) if isinstance(asks, dict) else None
    return replace(dump, ran=activity, tasks=tuple(_tasks(saved.get("tasks"))), asks=asked)


def _asked(saved: dict[str, Any]) -> Iterator[tuple[int, AskedServer]]:
    for thread, asked in saved.items():
        match asked:
            case [list(pids), port] if is_number_text(thread) and all(map(is_count, pids)) and is_count(port):
                yield int(thread), AskedServer(tuple(pids), port)


def _activity(saved: dict[str, Any]) -> Iterator[tuple[int, ThreadActivity]]:
    for thread, counts in saved.items():
        match counts:
            case [switches, nanoseconds] if all(is_count(each, MAX_NANOSECONDS) for each in counts):
                if is_number_text(thread):
                    yield int(thread), ThreadActivity(switches, nanoseconds)


def _tasks(saved: object) -> Iterator[Task]:
    """The tasks that are whole: a name, frames, the names of those that await it."""
    for task in list_or_empty(saved):
        match task:
            case [str(name), list(frames), list(awaited_by)] if all(isinstance(each, str) for each in awaited_by):
                sound = [frame for each in frames if (frame := frame_of(each)) is not None]
                if len(sound) == len(frames):
                    yield Task(name, tuple(sound), tuple(awaited_by))
