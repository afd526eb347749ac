"""A py-spy that holds its target for long is made to let go; one that samples is left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.errors import AsyncspyError, SamplerError, TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample import (
    PassResult,
    PySpy,
    RecordingWriter,
    RecordPlan,
    probe,
    record,
    stop_on_signals,
)
from asyncspy.sample.pyspy import stack_dump, watchdog
from asyncspy.sample.pyspy.dump_series import create_series
from tests.live.processes import eventually
from tests.sample.conftest import SPEEDSCOPE, Stage

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ptrace as Linux has it")

HOLD = (
    "import ctypes\npid = int(sys.argv[sys.argv.index('--pid') + 1])\n"
    "trace = ctypes.CDLL(None).ptrace\n"
    "if trace(16, pid, 0, 0): sys.exit('Error: Permission denied (os error 13)')\n"
    "os.waitpid(pid, 0)\n"
)


@pytest.fixture
def target() -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps and can be held."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as sleeping:
        try:
            yield sleeping
        finally:
            sleeping.kill()


def recorded(folder: Path, py_spy: PySpy, pid: int) -> PassResult:
    writer = RecordingWriter(folder / "out.json")
    with stop_on_signals() as stop:
        (taken,) = record(
            [RecordPlan(Worker(pid, 1, "worker", True, "python"), 60, 100)], writer, py_spy, stop, tick=lambda _: None
        )
    if isinstance(taken.error, SamplerError) or taken.error is None:
        return taken
    pytest.skip("no right to trace a child")


def runs(pid: int) -> bool:
    """A tracer's end frees what it held, a moment later."""
    wanted = {psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING}
    return eventually(lambda: psutil.Process(pid).status() in wanted, timeout=10)


def test_a_hang_that_can_be_interrupted_keeps_what_it_has(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes]
) -> None:
    end = f"def end(*_): done({SPEEDSCOPE!r}); os._exit(0)\nsignal.signal(signal.SIGINT, end)\n"
    taken = recorded(tmp_path, stage(end + HOLD + "time.sleep(600)", held=0.5), target.pid)
    assert taken.held
    assert taken.error is None
    assert not taken.ended_early
    assert runs(target.pid)
    assert (tmp_path / "out.json").exists()


def test_a_hang_that_cannot_is_killed_and_the_target_runs_on(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes]
) -> None:
    deaf = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    taken = recorded(tmp_path, stage(deaf + HOLD + "time.sleep(600)", held=0.5, last_chance=0.2), target.pid)
    assert taken.error is not None
    assert "hung while it held process" in taken.error.message
    assert runs(target.pid)


def test_holding_it_again_and_again_is_what_sampling_is(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes]
) -> None:
    samples = (
        "for _ in range(40):\n    time.sleep(0.02); trace(17, pid, 0, 0); trace(16, pid, 0, 0); os.waitpid(pid, 0)\n"
        f"trace(17, pid, 0, 0); done({SPEEDSCOPE!r})"
    )
    taken = recorded(tmp_path, stage(HOLD + samples, held=0.3, check=0.01), target.pid)
    assert not taken.held
    assert taken.error is None


def test_what_somebody_else_has_stopped_stays_stopped(target: subprocess.Popen[bytes]) -> None:
    target.send_signal(signal.SIGSTOP)
    assert eventually(lambda: psutil.Process(target.pid).status() == psutil.STATUS_STOPPED, timeout=10)
    hold = watchdog.PySpyWatchdog(target.pid, 1, 0.25)
    assert hold.held_seconds() == 0
    hold.resume_target()
    assert psutil.Process(target.pid).status() == psutil.STATUS_STOPPED


def test_what_a_killed_py_spy_left_stopped_runs_on(target: subprocess.Popen[bytes]) -> None:
    hold = watchdog.PySpyWatchdog(target.pid, 1, 0.25)
    target.send_signal(signal.SIGSTOP)
    assert eventually(lambda: psutil.Process(target.pid).status() == psutil.STATUS_STOPPED, timeout=10)
    hold.resume_target()
    assert runs(target.pid)


def test_a_look_that_hangs_while_it_holds_the_target_is_over_soon(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes]
) -> None:
    py_spy = stage(HOLD + "time.sleep(600)", held=0.3)
    with pytest.raises(SamplerError):
        probe(py_spy, target.pid)
    assert runs(target.pid)


def worker(target: subprocess.Popen[bytes]) -> Worker:
    return Worker(target.pid, 1, "worker", True, "python")


def test_a_dump_that_hangs_while_it_holds_the_target_is_over_soon(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes]
) -> None:
    taken = create_series(tmp_path / "dumps", stage(HOLD + "time.sleep(30)", held=0.3), [worker(target)])
    with pytest.raises(AsyncspyError) as caught:
        taken.dump_all()
    if isinstance(caught.value, TargetError):
        pytest.skip("no right to trace a child")
    assert "hung while it held process" in caught.value.message
    assert runs(target.pid)


def test_a_dump_has_its_time_and_no_more_whatever_holds_the_target(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_dump, "process_state", lambda _: "t")
    taken = create_series(tmp_path / "dumps", stage("time.sleep(30)", dump=0.5), [worker(target)])
    with pytest.raises(SamplerError, match=r"within 0\.5 s"):
        taken.dump_all()


def test_a_dump_that_ends_by_itself_resumes_nobody(
    tmp_path: Path, stage: Stage, target: subprocess.Popen[bytes]
) -> None:
    stops = "os.kill(int(sys.argv[sys.argv.index('--pid') + 1]), signal.SIGSTOP)\nprint('[]')"
    create_series(tmp_path / "dumps", stage(stops), [worker(target)]).dump_all()
    assert eventually(lambda: psutil.Process(target.pid).status() == psutil.STATUS_STOPPED, timeout=10)
