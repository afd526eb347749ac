"""Takes the threads of a dump; gives the `Profile` in which each is one sample of all threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from asyncspy.model.stacks import Dump, InputFile, Origin, Profile, Stack, ThreadSnapshot
from asyncspy.read.frame_names import notes_on_names

ONE_MOMENT = "one moment, not a recording: each thread counts as one sample"


def profile_of(threads: Sequence[ThreadSnapshot], path: str, form: str, dropped: int) -> Profile:
    """The stacks, with the threads as they were told beside them."""
    stacks = Counter(Stack(thread.frames, thread.pid, thread.name) for thread in threads)
    frames = set(chain.from_iterable(thread.frames for thread in threads))
    notes = (ONE_MOMENT, *notes_on_names(frames))
    origin = Origin("py-spy dump", mode="wall", samples=len(threads))
    return Profile(
        stacks, (origin,), (InputFile(path, form, len(threads), dropped, notes),), dumps=_dumps(threads, path)
    )


def _dumps(threads: Sequence[ThreadSnapshot], path: str) -> tuple[Dump, ...]:
    """One of each process."""
    pids = dict.fromkeys(thread.pid for thread in threads)
    return tuple(Dump(tuple(thread for thread in threads if thread.pid == pid), pid, path=path) for pid in pids)
