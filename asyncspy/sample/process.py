"""A child process that never outlives asyncspy and never hears the terminal's Ctrl-C by itself."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

PR_SET_PDEATHSIG = 1
PATIENCE_SECONDS = 5.0


def _die_with_parent() -> Callable[[], None]:
    """What the child runs before exec: the kernel sends it SIGINT when asyncspy dies, and py-spy then detaches."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return before_exec


@contextmanager
def started(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run a command in a session of its own; yields it and what collects its words. It is over afterwards."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - no thread of ours runs yet
        )
        try:
            yield child, said
        finally:
            if child.poll() is None:
                interrupt(child)
                end(child, patience=PATIENCE_SECONDS)


def interrupt(child: subprocess.Popen[bytes]) -> None:
    """Ask py-spy to stop sampling and write its file."""
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGINT)


def end(child: subprocess.Popen[bytes], *, patience: float) -> None:
    """Wait for a child that was asked to end; kill it when it does not."""
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
