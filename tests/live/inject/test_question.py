"""Before --inject acts, a person is asked; whoever does not say yes, or interrupts, leaves the process untouched."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from asyncspy.sample.inject.target_python import find_python
from tests.live.inject.targets import OURS, VERSIONS, target
from tests.live.processes import eventually

pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("may_trace"),
    pytest.mark.skipif(OURS not in VERSIONS, reason="our own Python needs no --inject"),
]

PATIENCE = 120.0


class Terminal:
    """What a person sees and types; the program's controlling terminal, so that Ctrl-C is a signal."""

    def __init__(self, terminal: int, process: subprocess.Popen[bytes]) -> None:
        self._terminal, self.process, self.shown = terminal, process, b""

    def shows(self, wanted: bytes) -> bool:
        """Whether it is shown in time."""

        def is_shown() -> bool:
            with suppress(BlockingIOError, OSError):
                self.shown += os.read(self._terminal, 4096)
            return wanted in self.shown

        return eventually(is_shown, timeout=PATIENCE)

    def type(self, keys: bytes) -> None:
        os.write(self._terminal, keys)


@contextmanager
def on_a_terminal(*command: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("answer", [b"\x03", b"n\n"], ids=["Ctrl-C", "no"])
def test_it_ends_at_once_and_nothing_goes_in(answer: bytes, tmp_path: Path) -> None:
    with target(sys.executable, "tick", tmp_path) as on:
        before = find_python(on.pid)
        words = ("--exact", "--inject", "--mode", "none", "--duration", "60", "--output", str(tmp_path / "saved"))
        with on_a_terminal(sys.executable, "-m", "asyncspy", "attach", "--pid", str(on.pid), *words) as terminal:
            assert terminal.shows(b"Go on?"), terminal.shown
            assert b"--inject writes into the memory of process %d" % on.pid in terminal.shown
            terminal.type(answer)
            assert eventually(lambda: terminal.process.poll() is not None, timeout=PATIENCE), terminal.shown
        assert terminal.process.returncode == 130
        assert find_python(on.pid) == before
        assert not any(before.write.found)
        assert not (tmp_path / "saved").exists()
