"""A dump with a stand-in for py-spy: whatever becomes of it, there is a verdict on the dumps that there are."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import commands
from asyncspy.discover.servers.find import no_process
from asyncspy.model.processes import Worker
from asyncspy.sample.pyspy.dump_series import DumpSeries
from asyncspy.workflow import dump_stacks
from asyncspy.workflow.machine import Machine
from tests.sample.conftest import staged

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counters as Linux has them")

THREAD = {
    "pid": 5, "thread_id": 1, "thread_name": "MainThread", "os_thread_id": 5, "active": False, "owns_gil": False,
    "frames": [{"name": "<module>", "filename": "/srv/shop/run.py", "line": 3, "locals": None}],
}  # fmt: skip
DUMPS = f"print({json.dumps([THREAD])!r})"


Dump = Callable[..., Result]


@pytest.fixture
def dump(target: int, tmp_path: Path) -> Dump:
    """The command on that process, with a py-spy that prints one thread."""

    def run(*words: str, version: str = "0.4.3") -> Result:
        machine = Machine(
            inspect_process=lambda _: Worker(target, 1, "worker", True, "uvicorn"),
            find_py_spy=lambda: replace(staged(tmp_path, DUMPS), version=version),
        )
        asked = ["dump", "--pid", str(target), "--format", "json", "--output", str(tmp_path / "dumps")]
        return CliRunner().invoke(commands, [*asked, *words], obj=machine)

    return run


@pytest.mark.parametrize(("version", "noted"), [("0.4.2", 1), ("0.4.3", 0)])
def test_an_old_py_spy_is_noted_once(dump: Dump, version: str, noted: int) -> None:
    done = dump("--wait", "1s", version=version)
    assert done.exit_code == 0, done.output
    assert done.stderr.count("is older than 0.4.3") == noted


def test_a_disk_that_is_full_by_then_costs_no_verdict(dump: Dump, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    read_tasks = DumpSeries.read_tasks

    def full_from_now_on(series: DumpSeries) -> None:
        monkeypatch.setattr("os.fsync", no_room)
        read_tasks(series)

    monkeypatch.setattr(DumpSeries, "read_tasks", full_from_now_on)
    done = dump("--wait", "1s")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["hang"]["looks"] > 1
    assert "the tasks could not be saved with the dumps" in done.stderr
    assert "the lines of code could not be saved with the dumps" in done.stderr


Master = Callable[..., Result]


@pytest.fixture
def lie_in_wait(target: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Master:
    """Wait for a hang below a master whose workers are in turn these; None: it has ended."""

    def wait(*turns: list[int] | None, record: str = DUMPS) -> Result:
        master = Worker(os.getpid(), 1, "master", True, "gunicorn")
        left = list(turns)

        def workers_of(_: Worker) -> list[Worker]:
            found = left.pop(0)
            if found is None:
                raise no_process(master.pid)
            return [Worker(pid, master.pid, "worker", True, "gunicorn") for pid in found]

        machine = Machine(
            inspect_process=lambda _: master, workers_of=workers_of, find_py_spy=lambda: staged(tmp_path, record)
        )
        monkeypatch.setattr(dump_stacks, "SHORT_SECONDS", 0.1)
        asked = ["dump", "--pid", str(master.pid), "--while", "hung-for", "1s", "--every", "0.1"]
        done = CliRunner().invoke(commands, [*asked, "--output", str(tmp_path / "dumps")], obj=machine)
        assert left == []
        return done

    return wait


def test_a_master_without_workers_for_a_moment_is_waited_for(target: int, lie_in_wait: Master, tmp_path: Path) -> None:
    done = lie_in_wait([target], [], [], [target], None)
    assert (done.exit_code, "there is no process" in done.stderr) == (3, True), done.output
    assert not (tmp_path / "dumps").exists()


def test_workers_that_all_end_while_they_are_looked_at_are_no_end(target: int, lie_in_wait: Master) -> None:
    gone = "if sys.argv[sys.argv.index('--pid') + 1] == '4194304': sys.exit('Error: No such process (os error 3)')\n"
    done = lie_in_wait([target], [4194304], [target], None, record=gone + DUMPS)
    assert "there is no process" in done.stderr, done.output


def test_a_master_that_has_no_workers_at_the_start_is_an_error(lie_in_wait: Master, tmp_path: Path) -> None:
    assert lie_in_wait([]).exit_code == 3
    assert not (tmp_path / "dumps").exists()


def test_where_nothing_serves_the_runbook_names_the_exit_code() -> None:
    machine = Machine(find_workers=list)
    done = CliRunner().invoke(commands, ["dump", "--while", "hung-for", "10s"], obj=machine)
    runbook = (Path(__file__).parents[2] / "docs" / "hung-worker.md").read_text()
    assert f"no server runs yet, it ends with exit code {done.exit_code}" in runbook
