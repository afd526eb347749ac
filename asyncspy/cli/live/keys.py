"""Listen for a key while a command runs, without Enter, if there is a terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

POLL_SECONDS = 0.2


@contextmanager
def on_key(key: str, act: Callable[[], None]) -> Iterator[bool]:
    """Call `act` once if the key is pressed while the context lasts; yields whether there is a keyboard."""
    descriptor = _terminal()
    if descriptor is None:
        yield False
        return
    over = threading.Event()
    before = termios.tcgetattr(descriptor)
    listener = threading.Thread(target=_listen, args=(descriptor, key.encode(), act, over), daemon=True)
    try:
        tty.setcbreak(descriptor)
        listener.start()
        yield True
    finally:
        over.set()
        listener.join(5 * POLL_SECONDS)
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _terminal() -> int | None:
    """Standard input, if it is a terminal with this process in the foreground."""
    try:
        descriptor = sys.stdin.fileno()
        foreground = os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return None
    return descriptor if foreground else None


def _listen(descriptor: int, key: bytes, act: Callable[[], None], over: threading.Event) -> None:
    while not over.is_set():
        try:
            ready, _, _ = select.select([descriptor], [], [], POLL_SECONDS)
            read = os.read(descriptor, 64) if ready else b""
        except OSError:
            return
        if ready and not read:
            return
        if key in read.lower():
            act()
            return
