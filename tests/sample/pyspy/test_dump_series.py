from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump
from asyncspy.sample import PySpy
from asyncspy.sample.kernel_state import is_traced, process_state, processor_count
from asyncspy.sample.pyspy.dump_series import DumpSeries
from tests.sample.conftest import Stage


def test_what_is_forgotten_leaves_nothing_behind_and_the_lost_are_asked_again(tmp_path: Path) -> None:
    taken = DumpSeries(tmp_path, PySpy("py-spy", "0.4.3"), [])
    path = tmp_path / "dump-5-001.json"
    path.write_text("[]")
    taken.dumps.append(Dump((), 5, path=path.name))
    taken.failed[5] = TargetError("gone", remedy="asyncspy find-workers")
    taken.save_sources({"views.py": {1: "pass"}})
    assert taken.index_file.exists()
    taken.discard()
    assert (taken.dumps, taken.failed, list(tmp_path.iterdir())) == ([], {}, [])


def test_nobody_traces_us_and_we_run() -> None:
    assert not is_traced(os.getpid())
    assert process_state(os.getpid()) in {"R", "S"}


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    assert not is_traced(4194304)
    assert process_state(4194304) is None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity as Linux has it")
@pytest.mark.parametrize(("python", "count"), [("3.12.9", 64), ("3.13.0", 1), ("3.14.2", 1), (None, 64)])
def test_a_pool_is_as_large_as_the_targets_python_makes_it(
    python: str | None, count: int, tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        target = Worker(process.pid, 1, "worker", True, "uvicorn", python=python)
        taken = DumpSeries(tmp_path, stage("print('[]')"), [target])
        taken.dump_all()
        process.kill()
    assert taken.dumps[0].cpus == count


def test_of_one_that_is_gone_the_machines_processors_are_told() -> None:
    assert processor_count(4194304, (3, 13)) == os.cpu_count()
