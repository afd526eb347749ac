"""Watch one event loop from within: check the hook's lease there, look at its tasks, and measure how late it is.

How late: a timer of the hook's own, every TICK_SECONDS, and how long after its time the loop came to it. All of this
runs as callbacks of the loop, in the loop's own thread.
"""

from __future__ import annotations

import sys
import time

from asyncspy.guest.task_looks import TaskWatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = object

TICK_SECONDS = 0.004
MAX_LOOPS, MAX_MOMENTS = 4, 20
LATE_ENOUGH = 0.01
"""A moment that was later than this is kept with its time, if it is among the worst."""

MAX_MILLISECONDS, FINE_MILLISECONDS, COARSE_MILLISECONDS = 600_000, 1_000, 10
BUDGET_SHARE, BUDGET_SECONDS = 0.01, 10.0


class Budget:
    """How much of a loop's time one look may take; `off` is why it ended, once it took more."""

    __slots__ = ("_since", "_spent", "off")

    def __init__(self, now: float) -> None:
        self._since, self._spent = now, 0.0
        self.off: str | None = None

    def spend(self, seconds: float, now: float) -> None:
        """Add what it took: time of a processor, since others of this machine are no fault of it."""
        self._spent += seconds
        if self._spent > BUDGET_SHARE * BUDGET_SECONDS:
            self.off = f"took more than {BUDGET_SHARE:.0%} of the loop's time"
        elif now - self._since >= BUDGET_SECONDS:
            self._since, self._spent = now, 0.0


class LoopWatch:
    """One loop. `start` may be called in any thread, all else is called by the loop."""

    def __init__(self, hook: Any, loop: Any, context: Any) -> None:
        self.loop, self._context = loop, context
        self._hook: Any = sys.modules["weakref"].ref(hook)  # the hook holds this watch
        self._clock, self._time, self._used = time.monotonic, time.time, time.thread_time
        self._since = self._due = self._clock()
        self._budget, self._looks = Budget(self._since), TaskWatch(loop)
        self._thread = ""
        self._ticks: dict[int, int] = {}
        self._moments: list[tuple[float, float, Any]] = []

    def start(self) -> None:
        """Begin as the loop's next callback."""
        self.loop.call_soon_threadsafe(self._begin, context=self._context)

    def _begin(self) -> None:
        threading: Any = sys.modules.get("threading")
        known = getattr(threading, "_active", {}).get(threading.get_ident())  # current_thread() can add one to these
        self._thread = str(getattr(known, "name", ""))
        self._since = self._clock()
        self._arm()

    def _arm(self) -> None:
        hook = self._hook()
        try:
            if hook is not None and not hook.done:
                pause = TICK_SECONDS if self._budget.off is None else hook.check_seconds
                self._due = self._clock() + pause
                self.loop.call_later(pause, self._tick, context=self._context)
        except Exception:
            hook.failed()

    def _tick(self) -> None:
        hook = self._hook()
        if hook is None or hook.done:
            return
        try:
            now = self._clock()
            if self._budget.off is None:
                began = self._used()
                self._measure(now, hook.last_call)
                self._budget.spend(self._used() - began, now)
            self._looks.look_if_due()
            if self._looks.elsewhere is not None:
                hook.watch(self._looks.elsewhere)
                self._looks.elsewhere = None
            hook.check_lease(now)
        except Exception:
            hook.failed()
        self._arm()

    def _measure(self, now: float, last_call: Any) -> None:
        late = max(0.0, now - self._due)
        number = min(int(late * 1000), MAX_MILLISECONDS)
        if number > FINE_MILLISECONDS:
            number -= number % COARSE_MILLISECONDS
        self._ticks[number] = self._ticks.get(number, 0) + 1
        if late > LATE_ENOUGH and (len(self._moments) < MAX_MOMENTS or late > self._moments[-1][0]):
            call_at, call_loop, call = last_call
            seen = call if call_loop is self.loop and call_at > self._due - TICK_SECONDS else None
            self._moments.append((late, self._time(), seen))
            self._moments.sort(key=_how_late)
            del self._moments[MAX_MOMENTS:]

    def report(self, places_of: Any) -> dict[str, Any]:
        """What it measured; `places_of` gives the places of frames."""
        kind = type(self.loop)
        return {
            "thread": self._thread,
            "loop": f"{kind.__module__}.{kind.__qualname__}",
            "tick": TICK_SECONDS,
            "seconds": self._clock() - self._since,
            "ticks": list(self._ticks.items()),
            "moments": [[late, at, places_of(call.frames if call else ())] for late, at, call in list(self._moments)],
            "off": self._budget.off,
        }

    def report_tasks(self, places_of: Any) -> dict[str, Any]:
        """What it saw of the loop's tasks."""
        return {"thread": self._thread, **self._looks.report(places_of)}


def _how_late(moment: tuple[float, float, Any]) -> float:
    return -moment[0]
