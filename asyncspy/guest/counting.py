"""The hook that counts, inside a worker, every call that reaches Django's guard on an event loop.

It counts while the lease in its private folder is renewed. A worker of Python 3.14 or newer runs the source of the
modules of this package (`sys.remote_exec`); in an older one `asyncspy.django` imports them. The hook imports nothing
that was not loaded already, starts no thread, keeps no file open, reads no local variable and no argument, lets no
exception of its own reach the application, and removes itself when its lease ends.
"""

from __future__ import annotations

import os
import sys
import time

from asyncspy.guest.files import remove_folder, write
from asyncspy.guest.loop_watch import MAX_LOOPS, LoopWatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = object

ALLOW_VARIABLE = "DJANGO_ALLOW_ASYNC_UNSAFE"
FORMAT = 1
LEASE_SECONDS, CHECK_SECONDS = 8.0, 0.5
MAX_CHAINS, MAX_FRAMES, MAX_PER_SECOND, MAX_FAILURES = 400, 250, 2_000, 10
LOOP_FUNCTIONS = frozenset({"_run", "_run_once", "run", "run_forever", "run_until_complete"})


class Chain:
    """One chain of calls to the guard: how often, when first and last; no `frames` within another guarded call."""

    __slots__ = ("codes", "count", "first", "frames", "last", "passed", "peeks")

    def __init__(
        self, count: Any, frames: list[tuple[str, str, int]] | None, codes: list[Any], passed: bool, now: float
    ) -> None:
        self.count, self.peeks = count, 0
        self.frames, self.codes, self.passed = frames, codes, passed
        self.first = self.last = now

    def times(self) -> int:
        """How often it was counted. A counter can only be read by counting once more."""
        self.peeks += 1
        return int(next(self.count)) - self.peeks + 1


class Hook:
    """Counts the calls, writes the counts when asked, and removes itself when its lease ends."""

    def __init__(self, folder: str) -> None:
        asyncio, itertools = sys.modules["asyncio"], sys.modules["itertools"]
        self.folder, self.done = folder, False
        self._json: Any = sys.modules["json"]
        self._empty: Any = sys.modules["contextvars"].Context()  # a request's own context would be kept alive
        self._running: Any = asyncio._get_running_loop
        self._counter: Any = itertools.count  # next() on it is atomic
        self._getframe, self._clock, self._time = sys._getframe, time.monotonic, time.time
        self._environ, self._os, self._pid = os.environ, os, os.getpid()
        self._finalize: Any = sys.modules["weakref"].finalize  # unlike atexit, it leaves nothing when it is undone
        self._at_exit: Any = None
        self._chains: dict[tuple[int, ...], Chain] = {}
        self._beyond, self._beyond_peeks, self._failures = self._counter(), 0, 0
        self._second, self._spent = 0.0, 0
        self._since = self._clock()
        self._due, self._until = self._since + CHECK_SECONDS, self._since + LEASE_SECONDS
        self._seen, self._asked = 0, 0
        self._loops: dict[int, LoopWatch] = {}
        self.last_call: tuple[float, Any, Any] = (0.0, None, None)
        """When the guard was last called, on which loop, and the chain."""
        self.check_seconds = CHECK_SECONDS
        self._uninstall: Any = None

    def installed(self, uninstall: Any) -> None:
        """Start to watch the lease; `uninstall` undoes the installation."""
        self._uninstall = uninstall
        self._at_exit = self._finalize(sys.modules["asyncio"], self._process_ends)
        self.watch_lease()

    def watch_lease(self) -> None:
        """Watch the loop that runs here, if one does: then its callbacks check the lease."""
        loop = self._running()
        if loop is not None and not self.done:
            self.watch(loop)

    def watch(self, loop: Any) -> None:
        """Watch a loop that runs, unless that is done already, or many are."""
        if id(loop) not in self._loops and loop.is_running():
            self._loops = {key: each for key, each in list(self._loops.items()) if not each.loop.is_closed()}
            if len(self._loops) < MAX_LOOPS:
                watch = self._loops[id(loop)] = LoopWatch(self, loop, self._empty)
                watch.start()

    def guard_started(self, _code: Any, _offset: int) -> None:
        """Called by `sys.monitoring` where the guard starts: the caller's frame is the guard's."""
        try:
            self._count(self._getframe(1))
        except Exception:
            self.failed()

    def guard_asked(self) -> None:
        """Called by what was replaced in the guard's module: the guard's frame is above that one's."""
        try:
            self._count(self._getframe(2))
        except Exception:
            self.failed()

    def _count(self, frame: Any) -> None:
        now = self._clock()
        if now >= self._due:
            self.check_lease(now)
        loop = self._running()
        if self.done or loop is None:
            return
        if id(loop) not in self._loops:
            self.watch(loop)
        if now - self._second >= 1.0:
            self._second, self._spent = now, 0
        self._spent += 1
        if self._spent > MAX_PER_SECOND:
            next(self._beyond)
            return
        passed = bool(self._environ.get(ALLOW_VARIABLE))
        key, at, room = [int(passed)], frame, MAX_FRAMES
        while at is not None and room:
            key += (id(at.f_code), at.f_lasti)
            at, room = at.f_back, room - 1
        known = self._chains.get(way := tuple(key))
        if known is None:
            if len(self._chains) >= MAX_CHAINS:
                next(self._beyond)
                return
            known = self._chains.setdefault(way, self._chain(frame, passed=passed))
        next(known.count)
        known.last = self._time()
        self.last_call = now, loop, known

    def _chain(self, frame: Any, *, passed: bool) -> Chain:
        """Its frames from the root to the guard. It keeps their code objects, so that no other code gets their ids."""
        guard, codes, at = frame.f_code, [], frame
        frames: list[tuple[str, str, int]] = []
        within = on_loop = False
        while at is not None and len(frames) < MAX_FRAMES:
            code = at.f_code
            file = code.co_filename
            on_loop = on_loop or (code.co_name in LOOP_FUNCTIONS and ("asyncio" in file or "uv" in file))
            within = within or (code is guard and at is not frame and not on_loop)
            frames.append((getattr(code, "co_qualname", code.co_name), file, at.f_lineno or 0))
            codes.append(code)
            at = at.f_back
        return Chain(self._counter(), None if within else frames[::-1], codes, passed, self._time())

    def failed(self) -> None:
        """Lose one call of the count; after a few failures the hook removes itself."""
        try:
            self._failures += 1
            if self._failures >= MAX_FAILURES:
                self.uninstall()
        except Exception:  # out of memory, or the interpreter is going down
            self.done = True

    def check_lease(self, now: float) -> None:
        """See whether the lease was renewed, the counts are asked for, or it is time to stop."""
        if self.done or now < self._due:
            return
        self._due = now + CHECK_SECONDS
        if self._os.getpid() != self._pid:  # the child of a fork: it was not asked to count
            self.uninstall()
            return
        try:
            lease = self._os.stat(f"{self.folder}/lease")
        except FileNotFoundError:
            self.stop()
            return
        if lease.st_mtime_ns != self._seen:
            self._seen, self._until = lease.st_mtime_ns, now + LEASE_SECONDS
        elif now > self._until:
            self.uninstall()
            remove_folder(self.folder)
            return
        if lease.st_size > self._asked:
            self._asked = lease.st_size
            self._write_result()

    def stop(self) -> None:
        """Uninstall the hook and write the counts."""
        if not self.done:
            self.uninstall()
            self._write_result()

    def _process_ends(self) -> None:
        """Write the last counts. Nobody may ask for them any more; then there is no folder."""
        try:
            if not self.done and self._os.getpid() == self._pid:
                self.uninstall()
                self._write_result("last")
        except Exception:
            self.done = True

    def uninstall(self) -> None:
        """Remove all that was installed; nothing is counted from here on."""
        self.done = True
        uninstall, at_exit = self._uninstall, self._at_exit
        self._uninstall = self._at_exit = None
        if uninstall is not None:
            uninstall()
        if at_exit is not None:
            at_exit.detach()

    def _write_result(self, name: str = "result") -> None:
        places: dict[tuple[str, str, int], int] = {}

        def places_of(frames: Any) -> list[int]:
            return [places.setdefault(frame, len(places)) for frame in frames or ()]

        chains = []
        for one in list(self._chains.values()):
            if one.frames is not None:
                way = places_of(one.frames)
                chains.append([one.times(), one.passed, one.first, one.last, len(way) < MAX_FRAMES, way])
        watches = list(self._loops.values())
        loops = {
            "loops": [each.report(places_of) for each in watches],
            "tasks": [each.report_tasks(places_of) for each in watches],
        }
        self._beyond_peeks += 1
        beyond = next(self._beyond) - self._beyond_peeks + 1
        counts = {"seconds": self._clock() - self._since, "beyond": beyond, "lost": self._failures}
        result = {"format": FORMAT, **counts, "frames": list(places), "chains": chains, **loops}
        write(self.folder, name, self._json.dumps(result))
