"""Parse and check the queue of pending calls of a process, and build what is written to add a call or take it back.

`PyRun_SimpleString` is the function that is queued, and the address of a text its argument: what `Py_AddPendingCall`
would put there. Nothing here reads or writes by itself but `take_snapshot`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from .layouts import Layout
from .memory import Piece, read, read_pieces, refusal
from .refused import NotInjected

MAX_WAITING = 4
"""A queue with more calls in it is in heavy use: there is no hurry, and another moment is better."""

LIMITS = (32, 0)
"""From 3.13 on the queue names its own: so many calls may wait, and any number is run at a time."""

CALLS_BIT = 1 << 2
"""The bit of the breaker that says that calls wait, from 3.13 on; before that the breaker is 0 or 1."""

FREE_SEMAPHORE = 1
LOCK_SIZE = 4
"""From 3.13 on the lock is a byte, and the count of calls follows it as soon as that can."""


class WriteTarget(NamedTuple):
    """All that the writer has to know of a process; found out while it runs (`target_python`)."""

    pid: int
    identity: tuple[int, ...]
    layout: Layout
    runtime: int
    interpreter: int
    state: int
    run: int
    place: int
    room: int
    found: bytes
    """What was at `place` in the `room` for a text: zeros, or the text of an asyncspy that was killed."""

    @property
    def queue(self) -> int:
        """Its address."""
        return (self.interpreter if self.layout.spare_queue is None else self.runtime) + self.layout.queue

    @property
    def breaker(self) -> int:
        """The address of what makes the main thread look at the queue."""
        return (self.state or self.interpreter) + self.layout.breaker

    def as_json(self) -> dict[str, Any]:
        """For the writer's command line."""
        return {**self._asdict(), "found": self.found.hex()}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> WriteTarget:
        """What `as_json` gave."""
        changed = {"found": bytes.fromhex(fields["found"]), "layout": Layout(*fields["layout"])}
        return cls(**{**fields, **changed, "identity": tuple(fields["identity"])})


class Snapshot(NamedTuple):
    """What was read of a process in one go."""

    queue: bytes
    breaker: int
    interpreter: int
    main_thread: int
    state: int
    place: bytes
    semaphore: int | None


class PendingQueue(NamedTuple):
    """The queue as numbers; `waiting` are the functions and arguments that are in it, the next one first.

    `uncounted` is the last one where the count leaves it out: a writer was killed between two words.
    """

    first: int
    last: int
    to_do: int
    held: bool
    waiting: tuple[tuple[int, int], ...]
    uncounted: tuple[int, int] | None = None


def take_snapshot(target: WriteTarget) -> Snapshot:
    """Read all that has to be checked, in one system call; before 3.13 another one reads the lock's semaphore."""
    try:
        return _read_snapshot(target)
    except OSError as error:
        raise refusal(error) from None


def _read_snapshot(target: WriteTarget) -> Snapshot:
    layout, runtime = target.layout, target.runtime
    wanted = [(target.queue, layout.size), (target.breaker, 8), (target.place, target.room)]
    pointers = [layout.main_interpreter, layout.main_thread, *filter(None, [layout.main_state])]
    queue, breaker, place, *found = read_pieces(target.pid, [*wanted, *[(runtime + each, 8) for each in pointers]])
    interpreter, main_thread, *state = (struct.unpack("<Q", each)[0] for each in found)
    semaphore = None
    if layout.main_state is None:
        breaker = breaker[:4] + bytes(4)
        (lock,) = struct.unpack_from("<Q", queue, layout.lock)
        semaphore = struct.unpack("<I", read(target.pid, lock, 4))[0] if lock else None
    flags = struct.unpack("<Q", breaker)[0]
    return Snapshot(queue, flags, interpreter, main_thread, state[0] if state else 0, place, semaphore)


def parse(layout: Layout, seen: Snapshot) -> PendingQueue:
    """The queue in a snapshot. Raises NotInjected where it is none."""
    first, last, to_do = (number(seen.queue, at) for at in (layout.first, layout.last, layout.to_do))
    if not (0 <= first < layout.slots and 0 <= last < layout.slots):
        raise NotInjected("unexpected", f"a queue from {first} to {last} of {layout.slots}")
    count = (last - first) % layout.slots
    at = [layout.calls + layout.slot * ((first + number) % layout.slots) for number in range(count)]
    waiting = tuple(struct.unpack_from("<QQ", seen.queue, each) for each in at)
    if layout.limit is None or layout.loop_limit is None:
        if to_do not in {0, 1} or seen.breaker not in {0, 1} or seen.semaphore not in {0, 1}:
            said = f"calls to do {to_do}, breaker {seen.breaker}, semaphore {seen.semaphore}"
            raise NotInjected("unexpected", said)
        return PendingQueue(first, last, to_do, seen.semaphore != FREE_SEMAPHORE, waiting)
    limits = number(seen.queue, layout.limit), number(seen.queue, layout.loop_limit)
    lock = seen.queue[layout.lock : layout.to_do]  # one byte, and what lies between is never set
    held = any(lock)
    if len(lock) != LOCK_SIZE or limits != LIMITS or (count - to_do not in {0, 1} and not held):
        raise NotInjected("unexpected", f"limits {limits}, {to_do} of {count} calls to do")
    return PendingQueue(first, last, to_do, held, waiting, waiting[-1] if count > to_do and not held else None)


def check(
    target: WriteTarget, seen: Snapshot, queue: PendingQueue, code: Sequence[tuple[int, int]], thread: int | None = None
) -> None:
    """Raise NotInjected where anything is other than it must be; `thread` is the main thread's, once it is stopped."""
    if (seen.interpreter, seen.state) != (target.interpreter, target.state):
        raise NotInjected("unexpected", "its main interpreter is another one by now")
    if not all(any(start <= function < end for start, end in code) for function, _ in queue.waiting):
        raise NotInjected("unexpected", "what is queued is no code")
    if queue.uncounted not in {None, (target.run, target.place)}:
        raise NotInjected("unexpected", f"{queue.to_do} of {len(queue.waiting)} calls to do")
    counted = queue.waiting[:-1] if queue.uncounted else queue.waiting
    if any(target.place <= argument < target.place + target.room for _, argument in counted):
        raise NotInjected("another")
    if seen.place != target.found:
        raise NotInjected("another" if any(seen.place) else "busy")
    if len(queue.waiting) > MAX_WAITING:
        raise NotInjected("busy", f"{len(queue.waiting)} calls wait in its queue")
    if thread is None:
        return
    if thread != seen.main_thread:
        raise NotInjected("main_thread")
    if queue.held:
        raise NotInjected("busy", "its queue is being changed")


def added(target: WriteTarget, seen: Snapshot, queue: PendingQueue, text: bytes) -> list[Piece]:
    """What to write so that the text is run, in an order in which any number of pieces from the front is harmless.

    A text and a slot to which nothing refers do nothing. A queue that the breaker does not announce is looked at later.
    Before 3.13 a call is in the queue once `last` says so. From 3.13 on `last` and the count are on different pages and
    cannot change at once; a call that is not counted yet is taken back or counted later (`uncounted`).
    """
    layout = target.layout
    at = (queue.last - 1) % layout.slots if queue.uncounted else queue.last
    call = struct.pack("<QQ", target.run, target.place)
    changes = _changes(target, at, call, (at + 1) % layout.slots, len(queue.waiting) + (not queue.uncounted))
    breaker = struct.pack("<Q", seen.breaker | CALLS_BIT) if _has_count(layout) else struct.pack("<i", 1)
    return [(target.place, text), *changes, (target.breaker, breaker)]


def taken_back(target: WriteTarget, seen: Snapshot, queue: PendingQueue, text: bytes) -> list[Piece] | None:
    """What to write so that a text that waits is not run; None where it waits no more.

    First the text becomes empty, and an empty program does nothing. Where it was queued last, the call goes, too, in
    the reverse of the order in which it came. The text may be empty already, if who takes it back was killed.
    """
    ours = (target.run, target.place)
    if ours not in queue.waiting or not seen.place.startswith((text, b"\0")):
        return None
    empty: Piece = (target.place, bytes(len(text)))
    layout, waiting = target.layout, len(queue.waiting)
    if queue.waiting[-1] != ours:
        return [empty, _to_do(target, waiting)] if queue.uncounted else [empty]
    at = (queue.last - 1) % layout.slots
    return [empty, *reversed(_changes(target, at, b"", at, waiting - 1))]


def _changes(target: WriteTarget, at: int, call: bytes, last: int, waiting: int) -> list[Piece]:
    """The call in its slot, the end of the queue, and how many wait, in the order in which a call is added."""
    layout, queue = target.layout, target.queue
    slot = (queue + layout.calls + layout.slot * at, call.ljust(layout.slot, b"\0"))
    end = (queue + layout.last, struct.pack("<i", last))
    return [slot, end, _to_do(target, waiting)] if _has_count(layout) else [slot, _to_do(target, waiting), end]


def _to_do(target: WriteTarget, waiting: int) -> Piece:
    count = waiting if _has_count(target.layout) else int(waiting > 0)
    return target.queue + target.layout.to_do, struct.pack("<i", count)


def _has_count(layout: Layout) -> bool:
    """Whether `to_do` is the number of calls that wait; before 3.13 it says whether there are any."""
    return layout.limit is not None


def number(data: bytes, at: int) -> int:
    """The signed 32 bits there."""
    found: int = struct.unpack_from("<i", data, at)[0]
    return found
