"""Where CPython keeps its queue of pending calls, by architecture and minor version (release builds with a GIL)."""

from __future__ import annotations

from typing import NamedTuple


class Layout(NamedTuple):
    """Offsets in bytes.

    In `_PyRuntime`: `main_interpreter`, `main_thread`, `main_state`, and the queue from 3.12 on (where `spare_queue` is
    set). In the main interpreter: the queue before that, `spare_queue`, and the breaker before 3.13; from 3.13 on
    (where `main_state` is set) the breaker is in the main thread's state. The others are in the queue.
    """

    main_interpreter: int
    main_thread: int
    queue: int
    breaker: int
    lock: int
    to_do: int
    calls: int
    slot: int
    slots: int
    first: int
    last: int
    spare_queue: int | None = None
    main_state: int | None = None
    limit: int | None = None
    loop_limit: int | None = None

    @property
    def size(self) -> int:
        """How long the queue is."""
        return max(self.first, self.last) + 4


OPEN_ARCHITECTURES = frozenset({"x86_64"})
"""Where this has been run. Nothing is tried on any other, though its layouts are known."""

_SMALL = {"slot": 16, "slots": 32}
_LOCK_FIRST = {**_SMALL, "lock": 0, "to_do": 8, "calls": 16, "first": 528, "last": 532}
_BUSY_FIRST = {**_SMALL, "lock": 8, "to_do": 16, "calls": 24, "first": 536, "last": 540}
_LARGE = {"slot": 24, "slots": 300, "lock": 8, "to_do": 12, "calls": 24, "first": 7224, "last": 7228}

_SINCE_3_13 = Layout(
    main_interpreter=640, main_thread=656, main_state=664, queue=2640, breaker=24, spare_queue=32, **_LARGE,
    limit=16, loop_limit=20,
)  # fmt: skip

_BY_VERSION = {
    (3, 9): (Layout(main_interpreter=40, main_thread=72, queue=80, breaker=72, **_LOCK_FIRST),),
    (3, 10): (Layout(main_interpreter=40, main_thread=72, queue=80, breaker=68, **_LOCK_FIRST),),
    (3, 11): (Layout(main_interpreter=48, main_thread=80, queue=112, breaker=100, **_LOCK_FIRST),),
    (3, 12): (Layout(main_interpreter=48, main_thread=64, queue=2016, breaker=368, **_BUSY_FIRST, spare_queue=400),),
    # since 3.13.12 there are 24 bytes more in front of the queue, for perf's trampoline (cpython's gh-143228)
    (3, 13): (_SINCE_3_13, _SINCE_3_13._replace(queue=2664)),
}
"""Taken from the headers of 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0 and of Debian's 3.9.2, 3.11.2, 3.13.5, 3.13.15 and
3.13.18 by `python -m benchmarks.inject.layouts`, which also compares them. Where several are known, the one is taken
whose queue reads as one (`fitting_layout`). A patch level may have another one still: the rehearsal finds out."""

LAYOUTS = {(machine, *version): known for machine in ("x86_64", "aarch64") for version, known in _BY_VERSION.items()}
"""By machine, major and minor version. Both machines have the same sizes and alignments."""
