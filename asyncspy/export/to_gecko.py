"""Write a profile in the Gecko format, which profiler.firefox.com opens: one entry for each sample of a thread."""

from __future__ import annotations

from typing import Any

from asyncspy import __version__
from asyncspy.errors import OutputError
from asyncspy.export.by_thread import ExportedProfile, ExportedThread, Numbering, frame_name
from asyncspy.model.stacks import Profile
from asyncspy.untrusted import to_json

VERSION = 24
"""Of the format: what Linux's and Android's tools write too; the profiler upgrades it as it reads."""

MAX_SAMPLES = 5_000_000
MILLISECONDS = 1000

FRAMES = ("location", "relevantForJS", "innerWindowID", "implementation", "optimizations", "line", "column", "category",
          "subcategory")  # fmt: skip


def export(profile: Profile) -> bytes:
    """The format knows no weights: a stack that was sampled often is listed as often, one interval after the other."""
    if profile.total > MAX_SAMPLES:
        raise OutputError(
            f"the Gecko format lists every sample, and {profile.total:,} are too many of them",
            remedy="export to speedscope or pprof instead",
        )
    exported = ExportedProfile(profile)
    each = (exported.interval or 0.001) * MILLISECONDS
    threads = [_thread(number, thread, each) for number, thread in enumerate(exported.threads, 1)]
    meta = {
        "version": VERSION,
        "product": f"asyncspy {__version__}",
        "interval": each,
        "processType": 0,
        "startTime": 0,
        "shutdownTime": None,
        "stackwalk": 1,
        "debug": 0,
        "gcpoison": 0,
        "asyncstack": 0,
        "presymbolicated": True,
        "categories": [{"name": "Other", "color": "grey", "subcategories": ["Other"]}],
        "markerSchema": [],
    }
    document = {"meta": meta, "libs": [], "threads": threads, "processes": [], "pausedRanges": []}
    return to_json(document, compact=True).encode()


def _thread(number: int, thread: ExportedThread, each: float) -> dict[str, Any]:
    names, frames = Numbering[str](), Numbering[tuple[int, int]]()
    stacks = Numbering[tuple[int | None, int]]()
    order: list[int | None] = []
    for path, weight in thread.stacks:
        leaf: int | None = None
        for frame in path:
            leaf = stacks[leaf, frames[names[frame_name(frame)], frame.line]]
        order += [leaf] * weight
    return {
        "name": thread.title,
        "processType": "default",
        "pid": thread.pid or 0,
        "tid": number,
        "registerTime": 0,
        "unregisterTime": None,
        "markers": {"schema": _schema("name", "startTime", "endTime", "phase", "category", "data"), "data": []},
        "samples": {
            "schema": _schema("stack", "time", "responsiveness"),
            "data": [[leaf, round(i * each, 3), 0] for i, leaf in enumerate(order)],
        },
        "frameTable": {"schema": _schema(*FRAMES), "data": [_frame(*one) for one in frames.numbers]},
        "stackTable": {"schema": _schema("prefix", "frame"), "data": list(stacks.numbers)},
        "stringTable": list(names.numbers),
    }


def _schema(*names: str) -> dict[str, int]:
    return {name: column for column, name in enumerate(names)}


def _frame(name: int, line: int) -> list[Any]:
    return [name, False, None, None, None, line if line > 0 else None, None, 0, 0]
