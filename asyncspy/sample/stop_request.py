"""Turn signals into a request to stop: the first ends sampling early and loses nothing, the second gives up."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

POLL_SECONDS = 0.05
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether a recording was asked to end early."""

    def __init__(self) -> None:
        self.requested = False
        self.interrupted = False

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a stop is requested. An Event has a lock, which a signal could find held."""
        deadline = time.monotonic() + seconds
        while not self.requested and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def request(self) -> None:
        """End early, in good order."""
        self.requested = True

    def interrupt(self) -> None:
        """End early; when interrupted again, give up."""
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = self.requested = True


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Within this, Ctrl-C, SIGTERM and a closed terminal request a stop; under nohup a closed terminal does not."""
    stop = StopRequest()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.interrupt()

    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    handled = [number for number in SIGNALS if not (number == signal.SIGHUP and under_nohup)]
    before = {number: signal.signal(number, handle) for number in handled}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
