"""A private folder goes in; while its lease is renewed, every call that reaches Django's guard on a loop is counted.

With `entering` this is the hook: a worker of Python 3.14 or newer runs the text of both (`sys.remote_exec`), an older
one imports them for `asyncspy.django`. It is a guest: it imports nothing that was not loaded already, starts no thread,
keeps no file open, looks at no local and no argument, lets no exception of its own reach the application, and goes by
itself when its lease ends.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = object

ALLOW = "DJANGO_ALLOW_ASYNC_UNSAFE"
FORMAT = 1
LEASE_SECONDS, LOOK_SECONDS = 8.0, 0.5
MOST_CHAINS, MOST_FRAMES, MOST_A_SECOND, MOST_FAILURES = 400, 250, 2_000, 10
FILES = ("lease", "text", "stop", "started", "result", "started.part", "result.part")
"""All that is ever in the folder. Who renews the lease touches it; a byte more asks for the counts, without it all
ends."""

LOOPS = frozenset({"_run", "_run_once", "run", "run_forever", "run_until_complete"})


class Chain:
    """One way to the guard: how often, when first and last; `frames` is None within another guarded call."""

    __slots__ = ("codes", "count", "first", "frames", "last", "passed", "peeks")

    def __init__(
        self, count: Any, frames: list[tuple[str, str, int]] | None, codes: list[Any], passed: bool, now: float
    ) -> None:
        self.count, self.peeks = count, 0
        self.frames, self.codes, self.passed = frames, codes, passed
        self.first = self.last = now

    def times(self) -> int:
        """How often it was counted; an iterator can only be asked by taking one more."""
        self.peeks += 1
        return int(next(self.count)) - self.peeks + 1


class Hook:
    """What counts."""

    def __init__(self, folder: str) -> None:
        asyncio, itertools = sys.modules["asyncio"], sys.modules["itertools"]
        self.folder, self.done = folder, False
        self._json: Any = sys.modules["json"]
        self._empty: Any = sys.modules["contextvars"].Context()  # that of a request would be kept alive
        self._running: Any = asyncio._get_running_loop
        self._counter: Any = itertools.count  # its step cannot be torn apart by threads
        self._getframe, self._clock, self._time = sys._getframe, time.monotonic, time.time
        self._environ, self._os, self._pid = os.environ, os, os.getpid()
        self._chains: dict[tuple[int, ...], Chain] = {}
        self._beyond, self._beyond_peeks, self._failures = self._counter(), 0, 0
        self._second, self._spent = 0.0, 0
        self._since = self._clock()
        self._due, self._until = self._since + LOOK_SECONDS, self._since + LEASE_SECONDS
        self._seen, self._asked = 0, 0
        self._armed: Any = None
        self._take_out: Any = None

    def enter(self, take_out: Any) -> None:
        """It is in: `take_out` undoes that."""
        self._take_out = take_out
        self.arm()

    def arm(self) -> None:
        """Let the loop that runs here, if one does, look after the lease."""
        loop = self._running()
        if loop is not None and not self.done and (self._armed is None or self._armed.is_closed()):
            self._armed = loop
            loop.call_later(LOOK_SECONDS, self._tick, loop, context=self._empty)

    def _tick(self, loop: Any) -> None:
        try:
            self.look(self._clock())
        except Exception:
            self._failed()
        if not self.done:
            loop.call_later(LOOK_SECONDS, self._tick, loop, context=self._empty)

    def started(self, _code: Any, _offset: int) -> None:
        """`sys.monitoring` calls this where the guard begins; its frame stands right below."""
        try:
            self._reached(self._getframe(1))
        except Exception:
            self._failed()

    def asked(self) -> None:
        """The replaced `get_running_loop` calls this; the guard's frame stands below that."""
        try:
            self._reached(self._getframe(2))
        except Exception:
            self._failed()

    def _reached(self, frame: Any) -> None:
        now = self._clock()
        if now >= self._due:
            self.look(now)
        if self.done or self._running() is None:
            return
        if self._armed is None or self._armed.is_closed():
            self.arm()
        if now - self._second >= 1.0:
            self._second, self._spent = now, 0
        self._spent += 1
        if self._spent > MOST_A_SECOND:
            next(self._beyond)
            return
        passed = bool(self._environ.get(ALLOW))
        key, at, room = [int(passed)], frame, MOST_FRAMES
        while at is not None and room:
            key += (id(at.f_code), at.f_lasti)
            at, room = at.f_back, room - 1
        known = self._chains.get(way := tuple(key))
        if known is None:
            if len(self._chains) >= MOST_CHAINS:
                next(self._beyond)
                return
            known = self._chains.setdefault(way, self._chain(frame, passed=passed))
        next(known.count)
        known.last = self._time()

    def _chain(self, frame: Any, *, passed: bool) -> Chain:
        """Its frames from the root to the guard; their codes are kept so that no other code gets their ids."""
        guard, codes, at = frame.f_code, [], frame
        frames: list[tuple[str, str, int]] = []
        within = on_loop = False
        while at is not None and len(frames) < MOST_FRAMES:
            code = at.f_code
            on_loop = on_loop or (code.co_name in LOOPS and ("asyncio" in code.co_filename or "uv" in code.co_filename))
            within = within or (code is guard and at is not frame and not on_loop)
            frames.append((getattr(code, "co_qualname", code.co_name), code.co_filename, at.f_lineno or 0))
            codes.append(code)
            at = at.f_back
        return Chain(self._counter(), None if within else frames[::-1], codes, passed, self._time())

    def _failed(self) -> None:
        """A failure of ours costs one call of the count, and after a few of them the hook goes."""
        try:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self.leave()
        except Exception:  # out of memory, or the interpreter is going down
            self.done = True

    def look(self, now: float) -> None:
        """Whether the lease was renewed, the counts are asked for, or it is time to go."""
        if self.done or now < self._due:
            return
        self._due = now + LOOK_SECONDS
        if self._os.getpid() != self._pid:  # the child of a fork: nobody asked for its calls
            self.leave()
            return
        try:
            lease = self._os.stat(f"{self.folder}/lease")
        except FileNotFoundError:
            self.stop()
            return
        if lease.st_mtime_ns != self._seen:
            self._seen, self._until = lease.st_mtime_ns, now + LEASE_SECONDS
        elif now > self._until:
            self.leave()
            clear(self.folder)
            return
        if lease.st_size > self._asked:
            self._asked = lease.st_size
            self._tell()

    def stop(self) -> None:
        """Go, and tell the counts."""
        if not self.done:
            self.leave()
            self._tell()

    def leave(self) -> None:
        """Take everything out that was put in; nothing is counted from here on."""
        self.done = True
        take_out, self._take_out = self._take_out, None
        if take_out is not None:
            take_out()

    def _tell(self) -> None:
        places: dict[tuple[str, str, int], int] = {}
        told = []
        for one in list(self._chains.values()):
            if one.frames is not None:
                way = [places.setdefault(frame, len(places)) for frame in one.frames]
                told.append([one.times(), one.passed, one.first, one.last, len(way) < MOST_FRAMES, way])
        self._beyond_peeks += 1
        beyond = next(self._beyond) - self._beyond_peeks + 1
        counts = {"seconds": self._clock() - self._since, "beyond": beyond, "lost": self._failures}
        write(
            self.folder,
            "result",
            self._json.dumps({"format": FORMAT, **counts, "frames": list(places), "chains": told}),
        )


def write(folder: str, name: str, text: str) -> None:
    """A new file of its owner's alone, which appears whole."""
    part = f"{folder}/{name}.part"
    data = text.encode("utf-8", "replace")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)
    os.replace(part, f"{folder}/{name}")


def clear(folder: str) -> None:
    """Remove the folder of somebody who does not come back for it."""
    for name in FILES:
        try:
            os.unlink(f"{folder}/{name}")
        except OSError:
            continue
    try:
        os.rmdir(folder)
    except OSError:
        return
