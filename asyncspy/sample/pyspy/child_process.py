"""Start a child process that never outlives asyncspy and does not get the terminal's Ctrl-C by itself."""

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


@contextmanager
def started(command: Sequence[str], *, exit_seconds: float) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run a command in a session of its own; yields the process and the file that collects its output.

    Afterwards the process has ended. When asyncspy is killed the command gets SIGINT: py-spy then writes its file and
    releases its target.
    """
    leashed = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command]
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            leashed, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield child, output
        finally:
            if child.poll() is None:
                send(child, signal.SIGINT)
                try:
                    child.wait(exit_seconds)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def send(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal, unless the child has ended."""
    with suppress(ProcessLookupError):
        child.send_signal(number)
