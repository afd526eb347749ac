"""A worker that has the hook forks, or asyncspy dies before the worker has answered: nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.exact.attached import attach, captured, report, wait_until_in
from tests.live.exact.served import starting
from tests.live.exact.test_leaves_nothing import PATIENCE, look
from tests.live.exact.test_no_harm import held, in_background
from tests.live.inject.targets import VERSIONS, versions
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

WITHOUT_APP = {"GUARD_APP": ""}

DIES_UNANSWERED = """
import os, signal, sys
from asyncspy.discover.servers.find import inspect_process
from asyncspy.sample.inside.hook_session import HookSession

HookSession._wait_for = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
HookSession(inspect_process(int(sys.argv[1])), may_inject=True)
"""


@versions(*VERSIONS)
def test_children_forked_meanwhile_are_not_counted(version: str, tmp_path: Path) -> None:
    with starting(version, {**WITHOUT_APP, "GUARD_EVERY": "2"}) as served, attach(served, tmp_path, "--inject") as by:
        wait_until_in(by, served)
        with in_background(served, "/fork/2") as answer:
            pass
        counted = captured(report(by))
    forked, failed = map(int, answer[0].split())
    assert forked > 2
    assert failed == 0
    assert counted == {}


@versions(*VERSIONS)
@pytest.mark.parametrize("held_longer", [0.0, pytest.param(10.0, marks=pytest.mark.matrix)])
def test_what_was_written_by_one_that_died_unanswered_removes_itself(version: str, held_longer: float) -> None:
    with starting(version, WITHOUT_APP) as served:
        served.ask(20)
        before = look(served)
        with held(served):
            words = [sys.executable, "-c", DIES_UNANSWERED, str(served.pid)]
            died = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
            assert died.returncode == -9, died.stderr
            time.sleep(held_longer)
            folders = [*Path(f"/proc/{served.pid}/root/tmp").glob("asyncspy-*/text")]
            assert any(path.read_text().endswith(f", {served.pid})\n") for path in folders)
        assert eventually(lambda: look(served) == before, timeout=PATIENCE)
