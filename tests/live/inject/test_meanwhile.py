"""What a process does by itself while a file is let in, or is done to it by others: no harm to it, and clear words."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inject import inject as engine
from asyncspy.sample.inject import texts
from asyncspy.sample.inject.inject import clear, inject, inject_file, withdraw
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.rehearse import rehearse
from asyncspy.sample.inject.target_python import find_python
from asyncspy.sample.inject.writer_process import run_writer
from tests.live.inject.targets import OURS, STEPS, VERSIONS, Target, python, target, versions
from tests.live.inject.test_ended_writers import boot
from tests.live.inject.test_engine import PATIENCE, counting, holds_nothing
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]


@versions(*VERSIONS)
def test_the_children_of_one_that_forks_all_the_time_run_on(version: str, tmp_path: Path) -> None:
    with target(python(version), "forks", tmp_path) as on:  # it aborts if a child fails, or does not end
        path, counted = counting(on)
        for times in range(1, 6):
            made = inject(on.pid, path)
            assert eventually(lambda: counted.stat().st_size >= times, timeout=PATIENCE)  # noqa: B023
            clear(made)
            assert holds_nothing(made)
        forked = len((on.folder / "ready.forked").read_bytes())
        assert eventually(lambda: len((on.folder / "ready.forked").read_bytes()) > forked + 5, timeout=PATIENCE)


@versions("3.9", "3.12", "3.13")
@pytest.mark.parametrize("words", [(), ("setarch", "-R")], ids=["anywhere", "at the same addresses"])
def test_one_that_runs_another_program_before_the_write(
    version: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with target(python(version), "execs", tmp_path, words) as on:
        path, counted = counting(on)

        def write(*job: Any) -> dict[str, Any]:
            execute(on)
            return run_writer(*job)

        monkeypatch.setattr(engine, "rehearse", lambda *_: None)
        monkeypatch.setattr(engine, "run_writer", write)
        with pytest.raises(NotInjected) as refused:
            inject(on.pid, path)
        assert refused.value.kind == "gone"
        assert on.is_well()
        assert counted.read_text() == ""


@versions("3.9", "3.12", "3.13")
def test_one_that_runs_another_program_afterwards(version: str, tmp_path: Path) -> None:
    with target(python(version), "execs", tmp_path) as on:
        path, counted = counting(on)
        made = inject(on.pid, path)
        execute(on)
        with pytest.raises(NotInjected) as refused:
            withdraw(made)
        assert refused.value.kind == "gone"
        assert on.is_well()
        assert counted.read_text() == ""


def execute(on: Target) -> None:
    """Have it run another program, and wait for that."""
    (on.folder / "ready.exec").touch()
    assert eventually((on.folder / "ready.again").exists, timeout=PATIENCE)


@contextmanager
def mortal(version: str, folder: Path) -> Iterator[Target]:
    """One that may end."""
    ready = folder / "ready"
    with subprocess.Popen([python(version), "-c", f"open({str(ready)!r}, 'w')\nwhile 1: pass"]) as process:
        try:
            assert eventually(ready.exists, timeout=PATIENCE)
            yield Target(process.pid, folder)
        finally:
            process.kill()


@versions(*VERSIONS)
@pytest.mark.parametrize("step", STEPS[:-1])
def test_one_that_ends_while_the_writer_is_at_work(version: str, step: str, tmp_path: Path) -> None:
    with mortal(version, tmp_path) as on:
        ends = f"__import__('os').kill({on.pid}, 9)"
        text = texts.run_file("/nowhere")
        found, kind = find_python(on.pid).write, ""
        try:
            run_writer("add", found, text, boot(ends, step))
        except NotInjected as refused:
            kind = refused.kind
        assert kind == "gone" or (kind == "" and step in {"checked", "written"})  # it may end after the write


@pytest.mark.parametrize("copy", [1, 3])
def test_one_that_ends_during_the_rehearsal(copy: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def write(*job: Any) -> dict[str, Any]:
        written.append(1)
        if len(written) == copy * 4:
            os.kill(on.pid, signal.SIGKILL)
        return run_writer(*job)

    with mortal(OURS, tmp_path) as on:
        monkeypatch.setattr(engine, "_rehearsed", set())
        monkeypatch.setattr(engine, "rehearse", partial(rehearse, write=write))
        with pytest.raises(TargetError, match="it ended, or runs another program by now"):
            inject_file(worker(on), "/nowhere")


def worker(on: Target) -> Worker:
    return Worker(on.pid, 1, "worker", True, "uvicorn")


@versions("3.12", "3.13")
def test_one_that_sits_in_pdb(version: str, tmp_path: Path) -> None:
    """Its main thread waits for a command, in C; what was queued is withdrawn, and pdb goes on."""
    code = "x = 6 * 7\nbreakpoint()\nprint('answer', x, flush=True)\nimport time\nwhile True: time.sleep(0.02)\n"
    ours, theirs = pty.openpty()
    with subprocess.Popen([python(version), "-c", code], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        try:
            on = Target(process.pid, tmp_path)
            path, counted = counting(on)
            said = read_until(ours, b"(Pdb) ")
            made = inject(process.pid, path)
            assert not eventually(lambda: counted.stat().st_size > 0, timeout=0.5)
            assert withdraw(made)
            assert holds_nothing(made)
            os.write(ours, b"x + 1\n")
            assert b"43" in read_until(ours, b"(Pdb) ")
            os.write(ours, b"c\n")
            assert b"answer 42" in read_until(ours, b"answer 42"), said
            clear(inject(process.pid, path))
            assert eventually(lambda: counted.read_text() == "x", timeout=PATIENCE)
        finally:
            process.kill()
            os.close(ours)
            os.close(theirs)


def read_until(terminal: int, wanted: bytes) -> bytes:
    """All that a terminal shows until it shows that."""
    said = b""
    os.set_blocking(terminal, False)

    def shown() -> bool:
        nonlocal said
        with suppress(BlockingIOError):
            said += os.read(terminal, 4096)
        return wanted in said

    assert eventually(shown, timeout=PATIENCE), said
    return said


TRACERS = {"gdb": ["gdb", "-nx", "-q", "-p"], "strace": ["strace", "-f", "-o", "/dev/null", "-p"]}


@pytest.mark.parametrize("tracer", TRACERS)
def test_one_that_others_trace_is_refused_until_they_let_go(tracer: str, tmp_path: Path) -> None:
    if shutil.which(tracer) is None:
        pytest.skip(f"no {tracer} on this machine")
    with target(sys.executable, "threads", tmp_path) as on:
        path, counted = counting(on)
        command = [*TRACERS[tracer], str(on.pid)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as by:
            try:
                assert eventually(lambda: not untraced(on), timeout=60)
                with pytest.raises(TargetError, match="another program traces it") as refused:
                    inject_file(worker(on), path)
                assert refused.value.remedy == "end that first; then try again"
                if tracer == "strace":
                    by.send_signal(signal.SIGINT)
                by.communicate(b"detach\nquit\n", timeout=60)
            finally:
                by.kill()
        assert eventually(on.is_well, timeout=PATIENCE)
        clear(inject(on.pid, path))
        assert eventually(lambda: counted.read_text() == "x", timeout=PATIENCE)


def untraced(on: Target) -> bool:
    return "TracerPid:\t0\n" in Path(f"/proc/{on.pid}/status").read_text()
