"""A child process that never outlives asyncspy and never hears the terminal's Ctrl-C by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")
PATIENCE_SECONDS = 5.0


@contextmanager
def started(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run a command in a session of its own; yields it and what collects its words. It is over afterwards.

    When asyncspy is killed the command gets SIGINT: py-spy then writes its file and lets go of its target.
    """
    leashed = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            leashed, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
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


def wake(child: subprocess.Popen[bytes]) -> None:
    """Let a py-spy go on that somebody has stopped."""
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGCONT)


def end(child: subprocess.Popen[bytes], *, patience: float) -> None:
    """Wait for a child that was asked to end; kill it when it does not."""
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
