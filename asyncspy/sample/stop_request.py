"""Signals to an early end: the first one ends what is being sampled, with nothing lost; the second gives up."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

POLL_SECONDS = 0.05
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether the end was asked for; what is to be told of it adds itself to `listeners`."""

    def __init__(self) -> None:
        self.interrupted = False
        self.listeners: list[Callable[[], None]] = []
        self.requested = False

    def wait(self, seconds: float) -> None:
        """So long, or until the end is asked for. An Event would need a lock, which a signal may find held."""
        deadline = time.monotonic() + seconds
        while not self.requested and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def request(self) -> None:
        """End early, in good order."""
        self.requested = True
        for tell in list(self.listeners):
            tell()

    def interrupt(self) -> None:
        """End early. Interrupted again, give up."""
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        self.request()


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """While this lasts, Ctrl-C, SIGTERM and a terminal that closes ask for the end; under nohup the last does not."""
    ending = StopRequest()

    def hear(_number: int, _frame: FrameType | None) -> None:
        ending.interrupt()

    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [number for number in SIGNALS if not (number == signal.SIGHUP and under_nohup)]
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
