"""Whose files a report on workers that were recorded just now reads: theirs, and no others of the same name."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.recording import saved_form
from asyncspy.sample import RecordingWriter
from asyncspy.workflow import analyse_live
from asyncspy.workflow.analyse_live import analyse_recording

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc as Linux has it")

HERE = Worker(os.getpid(), 1, "worker", True, "uvicorn", cwd="/srv/shop", started_at=psutil.Process().create_time())
GONE = replace(HERE, pid=4194304)
ANOTHERS = replace(HERE, started_at=1.0)
OURS = str(Path(saved_form.__file__).resolve())


def lines_of(folder: Path, *targets: Worker) -> list[str] | None:
    """The lines of a file of ours in a report on these, recorded one after the other."""
    bundle = RecordingWriter(folder / "out.json")
    for target in targets:
        bundle.add(Origin("py-spy 0.4.3", "gil", target=target), {"profiles": [], "shared": {"frames": []}})
    return analyse_recording(bundle).sources.lines(OURS)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What stands in that file in the root of our own process, as if that were in a container."""
    file = tmp_path / "proc" / str(os.getpid()) / "root" / OURS.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text("in there\n")
    os.utime(file, (0, 0))
    monkeypatch.setattr(analyse_live, "PROC", tmp_path / "proc")
    return "in there"


def test_the_first_that_still_runs_tells_the_root(tmp_path: Path, elsewhere: str) -> None:
    assert lines_of(tmp_path, GONE, HERE) == [elsewhere]


@pytest.mark.parametrize("gone", [GONE, ANOTHERS])
@pytest.mark.parametrize("more", [{"pid_inside": 7}, {"container": "docker 0123456789ab"}])
def test_of_a_container_that_is_gone_nothing_is_read_here(
    tmp_path: Path, elsewhere: str, gone: Worker, more: dict[str, object]
) -> None:
    assert lines_of(tmp_path, replace(gone, **more)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("container", [None, "shop.service"])
def test_of_a_process_of_this_machine_files_are_read_here_also_when_it_is_gone(
    tmp_path: Path, container: str | None
) -> None:
    assert lines_of(tmp_path, replace(GONE, container=container, started_at=None)) is not None
