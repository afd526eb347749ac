"""Look at the tasks of one event loop a few times a second: the way of each from its own coroutine to what it awaits.

A look reads where coroutines stand and the states of futures, and no local variable. It takes about a millisecond:
of more tasks than that is enough for, it takes a share that is drawn anew each time, and counts each for several.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = object

LOOK_SECONDS, LOOK_BUDGET = 0.25, 0.001
MAX_TASKS, MAX_AWAITS, MAX_WAYS = 100, 60, 1_000
SLOW_LOOK, MAX_SLOW = 0.02, 3
"""After so many looks in a row that took so long, there are no more."""

STEPS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))
"""Where a coroutine, a generator and an async generator stand, and what each awaits."""

THREAD_STATES = {"PENDING": "queued", "RUNNING": "running", "FINISHED": "ready"}
FUNCTION = type(lambda: None)
CLOSURES_OF = ("asyncio.futures", "asyncio.tasks")


class SeenWay:
    """One way: how often it was seen, and the sum of the squares of how often each single wait was."""

    __slots__ = ("codes", "frames", "on", "seen", "squares")

    def __init__(self, frames: list[Any], on: str) -> None:
        self.on, self.seen, self.squares = on, 0.0, 0.0
        self.codes = [frame.f_code for frame in frames]  # so that no other code gets their ids
        self.frames = [
            (getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno or 0)
            for code, frame in zip(self.codes, frames)  # noqa: B905 - of one length
        ]


class TaskWatch:
    """What was seen of one loop's tasks. The loop itself makes the looks, between its other callbacks."""

    def __init__(self, loop: Any) -> None:
        self._loop, self._clock, self._used = loop, time.perf_counter, time.thread_time
        futures: Any = sys.modules.get("concurrent.futures")
        self._threads_work: Any = getattr(futures, "Future", None)
        asyncio: Any = sys.modules["asyncio"]
        self._task, self._future, self._list_tasks = asyncio.Task, asyncio.Future, asyncio.all_tasks
        self._referents: Any = getattr(sys.modules.get("gc"), "get_referents", None)
        self._ways: dict[tuple[Any, ...], SeenWay] = {}
        self._last: dict[tuple[int, int, int], tuple[SeenWay, int]] = {}
        self._due, self._state, self._slow = 0.0, 1, 0
        self.looks, self.tasks, self.beyond, self.longest = 0, 0, 0.0, 0.0
        self.off: str | None = None
        self.elsewhere: Any = None
        """Another loop that a task was seen of."""

    def look_if_due(self) -> None:
        """Make a look, if it is time for one."""
        began = self._clock()
        if self.off is not None or began < self._due:
            return
        used = self._used()
        try:
            self._look(began + LOOK_BUDGET)
        except Exception as error:
            self.off = f"met a {type(error).__name__}"
        took = self._used() - used  # of a processor: that others of this machine are busy is no fault of the look
        self.longest = max(self.longest, took)
        self._slow = self._slow + 1 if took > SLOW_LOOK else 0
        if self._slow >= MAX_SLOW:
            self.off, self._last = f"took {took * 1000:.0f} ms", {}
        pause = max(LOOK_SECONDS, took * LOOK_SECONDS / LOOK_BUDGET)
        self._due = began + pause * (0.6 + 0.8 * self._draw(1024) / 1024)  # waits may have a rhythm of their own

    def _draw(self, below: int) -> int:
        """A number that depends on nothing in the application."""
        self._state = (self._state * 1103515245 + 12345) % 2**31
        return (self._state >> 8) % below

    def _look(self, until: float) -> None:
        tasks, every = self._drawn()
        found: list[tuple[tuple[int, int, int], SeenWay]] = []
        passed = missed = 0
        for each in tasks:
            task = each if isinstance(each, self._task) else each()
            passed += 1
            if isinstance(task, self._task) and not self._task.done(task):
                if (loop := self._task.get_loop(task)) is self._loop:
                    way = self._way(task)
                    if way is not None:
                        name = hash(self._task.get_name(task))  # a new task can have the id of one that has ended
                        found.append(((id(task), name, id(task._fut_waiter)), way))
                    else:
                        missed += 1
                else:
                    self.elsewhere = loop
            if self._clock() > until:
                break
        weight = every * len(tasks) / max(1, passed)
        last, self._last = self._last, {}
        for wait, way in found:
            known, times = last.get(wait, (None, 0))
            times = times + 1 if known is way else 1
            self._last[wait] = (way, times)
            way.seen += weight
            way.squares += weight * weight * (2 * times - 1)  # (n + 1)² is n² and 2n + 1 more
        self.beyond += missed * weight
        self.looks += 1
        self.tasks += len(found)

    def _drawn(self) -> tuple[list[Any], int]:
        """Tasks, or weak references to them, in a drawn order, and for how many each stands.

        Listing all of them as asyncio does takes a microsecond for each on Python 3.9 to 3.13.
        """
        registry: Any = sys.modules["asyncio.tasks"]
        weak = getattr(registry, "_all_tasks", None) or getattr(registry, "_scheduled_tasks", None)
        references = getattr(weak, "data", None)
        if references is None or sys.version_info >= (3, 14):
            every_one = list(self._list_tasks(self._loop))
        else:
            every_one = [*list(references), *list(getattr(registry, "_eager_tasks", ()))]
        every = -(-len(every_one) // MAX_TASKS) or 1
        drawn = every_one[self._draw(every) :: every]
        start = self._draw(len(drawn) or 1)
        return drawn[start:] + drawn[:start], every

    def _way(self, task: Any) -> SeenWay | None:
        frames: list[Any] = []
        at = self._task.get_coro(task)
        while at is not None and len(frames) < MAX_AWAITS:
            frame, at = self._step(at)
            if frame is not None:
                frames.append(frame)
        on = self._awaited(task._fut_waiter)
        key = (on, *[part for frame in frames for part in (id(frame.f_code), frame.f_lasti)])
        known = self._ways.get(key)
        if known is None:
            if len(self._ways) >= MAX_WAYS:
                return None
            known = self._ways[key] = SeenWay(frames, on)
        return known

    def _step(self, at: Any) -> tuple[Any, Any]:
        """Where it stands, and what it awaits. Asks only what is the interpreter's own, or Cython's."""
        kind = type(at).__module__
        if kind != "builtins" and not kind.startswith("_cython"):
            return None, None
        for where, awaits in STEPS:
            frame = getattr(at, where, None)
            if frame is not None:
                return frame, getattr(at, awaits, None)
        for each in self._referents(at) if self._referents else ():  # what a step of an async generator is of
            if any(getattr(each, where, None) is not None for where, _ in STEPS if type(each).__module__ == "builtins"):
                return None, each
        return None, None

    def _awaited(self, waiter: Any) -> str:
        """What kind of thing a task waits for; a thread's work is `queued` until it is `running`."""
        if waiter is None or not isinstance(waiter, self._future):
            return "ready" if waiter is None else "other"
        if self._future.done(waiter):
            return "ready"
        if isinstance(waiter, self._task) or type(waiter).__name__ == "_GatheringFuture":
            return "task"
        return THREAD_STATES.get(self._thread_state(waiter, 2), "future")

    def _thread_state(self, future: Any, depth: int) -> str:
        """The state of the thread's work that a future is of, which asyncio's own callbacks of it refer to."""
        for callback, *_ in future._callbacks or ():
            if type(callback) is FUNCTION and callback.__module__ in CLOSURES_OF:
                for cell in callback.__closure__ or ():
                    value = cell.cell_contents
                    if self._threads_work is not None and type(value) is self._threads_work:
                        return str(value._state)
                    if depth and type(value) is self._future and value is not future:
                        return "FINISHED" if self._future.done(value) else self._thread_state(value, depth - 1)
        return ""

    def report(self, places_of: Any) -> dict[str, Any]:
        """What was seen; `places_of` gives the places of frames."""
        ways = [[way.seen, way.squares, way.on, places_of(way.frames)] for way in list(self._ways.values())]
        counts = {"looks": self.looks, "tasks": self.tasks, "beyond": self.beyond, "longest": self.longest}
        return {**counts, "ways": ways, "off": self.off}
