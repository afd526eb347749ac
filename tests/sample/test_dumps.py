from __future__ import annotations

import os
from pathlib import Path

from asyncspy.errors import TargetError
from asyncspy.model import Dump
from asyncspy.sample import PySpy
from asyncspy.sample.dumps import Series
from asyncspy.sample.kernel import is_traced, state_of


def test_what_is_forgotten_leaves_nothing_behind_and_the_lost_are_asked_again(tmp_path: Path) -> None:
    taken = Series(tmp_path, PySpy("py-spy", "0.4.3"), [])
    path = tmp_path / "dump-5-001.json"
    path.write_text("[]")
    taken.files.append(path)
    taken.looks.append(Dump((), 5))
    taken.lost[5] = TargetError("gone", remedy="asyncspy find-workers")
    taken.keep_sources({"views.py": {1: "pass"}})
    assert taken.account.exists()
    taken.forget()
    assert (taken.looks, taken.files, taken.lost, list(tmp_path.iterdir())) == ([], [], {}, [])


def test_nobody_traces_us_and_we_run() -> None:
    assert not is_traced(os.getpid())
    assert state_of(os.getpid()) in {"R", "S"}


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    assert not is_traced(4194304)
    assert state_of(4194304) is None
