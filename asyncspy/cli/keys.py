"""Keys that are pressed while a command runs, without Enter; where there is no terminal to press them on, none."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LOOK_SECONDS = 0.2


@contextmanager
def pressed(key: str, act: Callable[[], None]) -> Iterator[bool]:
    """While this lasts, the key makes `act` happen, once; yields whether there is a keyboard."""
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
        listener.join(5 * LOOK_SECONDS)
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _terminal() -> int | None:
    """Standard input, if it is a terminal that listens to us and not to a command in the foreground."""
    try:
        descriptor = sys.stdin.fileno()
        foreground = os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return None
    return descriptor if foreground else None


def _listen(descriptor: int, key: bytes, act: Callable[[], None], over: threading.Event) -> None:
    while not over.is_set():
        try:
            ready, _, _ = select.select([descriptor], [], [], LOOK_SECONDS)
            read = os.read(descriptor, 64) if ready else b""
        except OSError:
            return
        if ready and not read:
            return
        if key in read.lower():
            act()
            return
