"""asyncspy watch: findings as they come, on a terminal and in a log, through recycled workers, until told to end."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.live.faults.programs import TERMINAL
from tests.live.faults.scene import LONG, scene
from tests.live.harness import PROGRAMS, load, loading, serving
from tests.live.processes import end_group, eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
COLUMNS, LINES = 80, 30


def watch(pid: int, folder: Path, *words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "asyncspy",
        "watch",
        "--pid",
        str(pid),
        "--slice",
        "2",
        "--output",
        str(folder),
        *words,
    ]


class Terminal:
    """A terminal of 80 columns with a program in its foreground, and all that it has shown."""

    def __init__(self, words: list[str]) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.modes = termios.tcgetattr(theirs)
        self.shown = ""
        env = {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8"}
        self.program = subprocess.Popen(
            [sys.executable, "-c", TERMINAL, *words],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=env,
        )  # fmt: skip
        self.theirs = theirs

    def until(self, words: str) -> str:
        """Everything shown so far, once these words are in it."""
        deadline = time.monotonic() + LONG
        while words not in self.shown:
            assert time.monotonic() < deadline, self.shown[-2000:]
            ready, _, _ = select.select([self.ours], [], [], 0.2)
            if ready:
                self.shown += ESCAPES.sub("", os.read(self.ours, 65536).decode(errors="replace"))
            else:
                assert self.program.poll() is None, self.shown[-2000:]
        return self.shown

    def press(self, key: str) -> None:
        os.write(self.ours, key.encode())

    def ended(self) -> int:
        """The program's exit code, after all that it had to say."""
        with suppress(AssertionError):
            self.until("\0 never shown")
        return self.program.wait(LONG)


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        end_group(one.program)
        os.close(one.ours)
        os.close(one.theirs)


def test_a_live_table_until_q_and_then_the_report(terminal: list[Terminal], tmp_path: Path) -> None:
    with serving(PROGRAMS / "shop", env={"SHOP_VIOLATE_EVERY": "1"}) as server, loading(server.url):
        one = Terminal(watch(server.pid, tmp_path / "seen.json"))
        terminal.append(one)
        one.until("Waiting for the first slice")
        table = one.until("helper_count")
        assert "pricing.py:9" in table
        assert "q or Ctrl-C ends it" in table
        one.until("2 slices")
        one.press("q")
        assert one.ended() == 0
        assert psutil.Process(server.pid).status() != psutil.STATUS_STOPPED
    report = one.shown[one.shown.index("await User.objects.filter(is_active=True).acount()") :]
    assert "seen.json" in "".join(report.split())  # a long name goes on in the next line
    assert all(len(line) <= COLUMNS for line in report.split("\n"))
    assert termios.tcgetattr(one.theirs) == one.modes
    again = subprocess.run(
        [sys.executable, "-m", "asyncspy", "report", str(tmp_path / "seen.json"), "--format", "json"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "helper_count" in again.stdout


def test_what_was_recorded_is_saved_when_the_terminal_closes(tmp_path: Path) -> None:
    with scene(tmp_path / "scene") as one:
        shown = Terminal(watch(one.spin(), tmp_path / "seen.json"))
        try:
            shown.until("1 slice")
            os.close(shown.theirs)
            os.close(shown.ours)
            assert shown.program.wait(LONG) == 130
        finally:
            end_group(shown.program)
    saved = json.loads((tmp_path / "seen.json").read_text())["asyncspy"]
    assert saved["passes"][0]["slices"] >= 1  # the end may come during a slice or between two
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["seen.json"]


def test_a_line_for_each_slice_where_there_is_no_terminal_and_recycled_workers_are_followed(tmp_path: Path) -> None:
    with scene(tmp_path / "scene") as one:
        master, url = one.gunicorn("--max-requests", "60")
        (worker,) = psutil.Process(master).children()
        log = tmp_path / "log"
        with log.open("wb") as err, (tmp_path / "out").open("wb") as out:
            words = watch(worker.pid, tmp_path, "--mode", "gil", "--format", "json")
            running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        try:

            def told(words: str, times: int = 1) -> bool:
                return eventually(lambda: log.read_text().count(words) >= times, timeout=LONG)

            assert told("Ctrl-C ends it")
            assert told("1 slice")
            load(url, requests=80)
            assert told("took its place and is recorded from now on"), log.read_text()
            assert told("slices", 2), log.read_text()
            running.send_signal(signal.SIGINT)
            assert running.wait(LONG) == 130
        finally:
            end_group(running)
    report = json.loads((tmp_path / "out").read_text())
    pids = {origin["target"]["pid"] for origin in report["origins"]}
    assert worker.pid in pids
    assert len(pids) > 1
    assert report["origins"][0]["slices"] >= 1
