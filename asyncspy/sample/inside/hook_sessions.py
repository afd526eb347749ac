"""Several workers to the calls that are counted in each; while this lasts, their leases are renewed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from asyncspy.errors import AsyncspyError
from asyncspy.model.processes import Worker
from asyncspy.sample.inside.hook_report import HookReport
from asyncspy.sample.inside.hook_session import ANSWER_SECONDS, POLL_SECONDS, HookSession

T = TypeVar("T")

RENEW_SECONDS = 1.0
ASK_EVERY = 10
"""Of so many renewals, one asks for the counts: of a worker that ends by itself, those are kept."""


class HookResult(NamedTuple):
    """What became of one: its counts, and why there are none, or none after these."""

    target: Worker
    report: HookReport | None = None
    error: AsyncspyError | None = None


class HookSessions:
    """The hooks that are in."""

    def __init__(self) -> None:
        self._stays: dict[int, HookSession] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="asyncspy-leases", daemon=True)

    @property
    def pids(self) -> list[int]:
        """Where a hook is."""
        return list(self._stays)

    def start(self, target: Worker, ended: Callable[[], bool] = lambda: False) -> None:
        """Put one in. Raises an AsyncspyError where that cannot be; nothing is left behind then."""
        stay = HookSession(target, ended)
        with self._lock:
            self._stays[target.pid] = stay
        if not self._renewing.is_alive():
            self._renewing.start()

    def counts_so_far(self) -> list[HookResult]:
        """What all have counted until now, or until they last answered."""
        self._each(HookSession.ask)
        deadline = time.monotonic() + ANSWER_SECONDS
        while not all(self._each(HookSession.pick_up)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        with self._lock:
            return [HookResult(stay.target, stay.last) for stay in self._stays.values()]

    def _each(self, do: Callable[[HookSession], T]) -> list[T]:
        """One after the other, and never for long: meanwhile no lease is renewed."""
        with self._lock:
            return [do(stay) for stay in self._stays.values()]

    def stop_all(self) -> list[HookResult]:
        """Take all out; what one fails at does not keep the others in, and theirs are renewed meanwhile."""
        ended = []
        for pid in self.pids:
            with self._lock:
                stay = self._stays.pop(pid)
            try:
                ended.append(HookResult(stay.target, stay.end()))
            except AsyncspyError as error:
                ended.append(HookResult(stay.target, stay.last, error))
            finally:
                stay.drop()
        return ended

    def __enter__(self) -> HookSessions:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave nothing, without waiting for anybody: who is not answered goes by itself."""
        self._over.set()
        with self._lock:
            stays, self._stays = self._stays, {}
        for stay in stays.values():
            stay.drop()

    def _renew(self) -> None:
        """A thread of its own, as asyncspy may be busy elsewhere for longer than a lease lasts."""
        rounds = 0
        while not self._over.wait(RENEW_SECONDS):
            rounds += 1
            self._each(HookSession.renew)
            if rounds % ASK_EVERY == 0:
                self._each(HookSession.ask)
