"""Lines of a file that was changed since it was loaded are not shown; one written before the process started is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asyncspy.discover.live_processes import process_usage
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.source.lookup import SourceCode
from tests.report.examples import worker


@pytest.fixture
def views(tmp_path: Path) -> Path:
    path = tmp_path / "views.py"
    path.write_text("async def banner(request): ...\n")
    return path


def code_of(*targets: Worker) -> SourceCode:
    return SourceCode([Origin("py-spy 0.4.3", target=target) for target in targets], {})


def test_a_file_that_was_written_right_before_the_start_is_shown(views: Path) -> None:
    """The start is computed from the time of boot, which the kernel tells without its fraction of a second."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        usage = process_usage(process.pid)
        process.kill()
    assert usage is not None
    code = code_of(worker(started_at=usage.started_at))
    assert code.lines(str(views)) is not None
    assert not code.changed


@pytest.mark.parametrize(("later", "is_shown"), [(-60, True), (0.99, True), (2, False), (3600, False)])
def test_a_file_that_was_written_later_is_not(views: Path, later: float, is_shown: bool) -> None:
    os.utime(views, (0, 1000 + later))
    code = code_of(worker(started_at=1000.0), worker(started_at=5000.0))
    assert (code.lines(str(views)) is not None) is is_shown
    assert list(code.changed) == ([] if is_shown else [str(views)])


def test_without_a_known_start_it_is_shown(views: Path) -> None:
    assert code_of(worker(started_at=None)).lines(str(views)) is not None
