"""Build the `Profile` of a dump, in which each thread is one sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asyncspy.model.stacks import Dump, InputFile, Origin, Profile, Stack, ThreadSnapshot
from asyncspy.read.frame_names import notes_on_stacks

ONE_MOMENT = "one moment, not a recording: each thread counts as one sample"


def profile_of_threads(threads: Sequence[ThreadSnapshot], path: str, format_name: str, dropped: int) -> Profile:
    """The stacks of all threads, and one dump for each process."""
    stacks = Counter(Stack(thread.frames, thread.pid, thread.name) for thread in threads)
    notes = (ONE_MOMENT, *notes_on_stacks(stacks))
    origin = Origin("py-spy dump", mode="wall", samples=len(threads))
    read_in = InputFile(path, format_name, len(threads), dropped, notes)
    return Profile(stacks, (origin,), (read_in,), dumps=_dumps(threads, path))


def _dumps(threads: Sequence[ThreadSnapshot], path: str) -> tuple[Dump, ...]:
    pids = dict.fromkeys(thread.pid for thread in threads)
    return tuple(Dump(tuple(thread for thread in threads if thread.pid == pid), pid, path=path) for pid in pids)
