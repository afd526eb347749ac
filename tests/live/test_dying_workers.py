"""A real uvicorn whose workers end while they import the app: how many is counted, and the line is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from asyncspy.discover import inspect_process
from asyncspy.sample import find_py_spy
from asyncspy.workflow import ended_workers
from asyncspy.workflow.ended_workers import with_ended_workers
from asyncspy.workflow.machine import THIS_MACHINE
from tests.live.processes import end_group, eventually, free_port

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

APP = dedent("""
    import time

    def load():
        end = time.monotonic() + 2.0
        while time.monotonic() < end:
            sum(range(1000))
        raise RuntimeError("there are no tariffs")

    load()
    """)


def test_workers_that_die_at_import_are_counted_and_seen_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_workers, "STARTED_LATER_SECONDS", 0.0)
    (tmp_path / "app.py").write_text(APP)
    command = [sys.executable, "-m", "uvicorn", "app:app", "--workers", "2", "--port", str(free_port())]
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(command, cwd=tmp_path, stderr=log, stdout=log, start_new_session=True) as server:
        try:
            assert eventually(lambda: b"there are no tariffs" in (tmp_path / "log").read_bytes(), timeout=120)
            master, py_spy = inspect_process(server.pid), find_py_spy()
            for _ in range(5):  # on a busy machine one look may see no end
                (found,) = with_ended_workers([master], THIS_MACHINE, py_spy)
                if found.ended_workers and found.ended_workers.importing:
                    break
        finally:
            end_group(server)
    assert found.ended_workers is not None
    assert found.ended_workers.number >= 1
    assert found.ended_workers.importing is not None
    assert found.ended_workers.importing.startswith(str(tmp_path / "app.py"))
    assert found.ended_workers.importing.endswith(" load")
