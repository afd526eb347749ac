"""`attach --exact --inject` counts all that the application itself counts, by line, and leaves nothing behind."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from asyncspy.discover.servers.find import inspect_process
from asyncspy.errors import TargetError
from asyncspy.sample.inside.hook_session import HookSession
from tests.live.exact.attached import LINES, PLANTED, attach, captured, report, wait_until_in
from tests.live.exact.served import Served, starting
from tests.live.exact.test_leaves_nothing import CHECKS, END, PATIENCE, is_folder_for, look
from tests.live.exact.test_no_harm import held
from tests.live.inject.targets import VERSIONS, versions
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

RETURN = LINES["atomic"] + 1
WITHOUT_APP = {"GUARD_APP": ""}


@versions(*VERSIONS)
@pytest.mark.parametrize("allowed", [False, True], ids=["raising", "allowed"])
def test_all_that_was_planted_is_counted_and_no_more(version: str, allowed: bool, tmp_path: Path) -> None:
    env = {**WITHOUT_APP, "GUARD_EVERY": "4", **({"DJANGO_ALLOW_ASYNC_UNSAFE": "1"} if allowed else {})}
    with starting(version, env) as served, attach(served, tmp_path, "--inject") as attached:
        wait_until_in(attached, served)
        before = Counter(served.state()["made"])
        served.ask(400)
        made = Counter(served.state()["made"]) - before
        told = report(attached)
    raised = made.pop("raised", 0)
    assert made.total() == 100
    assert (raised, told["origins"][0]["beyond"]) == (0 if allowed else 100, 0)
    if allowed:  # one query may pass the guard more than once, and 3.9 leaves a `with` on the line of its `return`
        assert captured(told).keys() - made.keys() <= ({f"{PLANTED}:{RETURN}"} if version == "3.9" else set())
        assert not {site for site in made if captured(told)[site] < made[site]}
    else:
        assert captured(told) == made


@versions(*VERSIONS)
@pytest.mark.parametrize("way", ["detached", "killed", pytest.param("lapsed", marks=pytest.mark.matrix)])
def test_nothing_is_left(version: str, way: str, tmp_path: Path) -> None:
    with starting(version, {**WITHOUT_APP, "GUARD_EVERY": "2"}) as served:
        served.ask(20)
        before = look(served)
        with attach(served, tmp_path, "--inject") as attached:
            try:
                wait_until_in(attached, served)
                during = look(served)
                assert during["hooks"]
                assert during["folders"]
                unchanged = ("threads", "modules", "files")
                assert [during[name] for name in unchanged] == [before[name] for name in unchanged]
                served.ask(20)
                END[way](attached)
                last = dict(during)

                def is_clean() -> bool:
                    last.update(look(served))
                    return last == before

                clean = eventually(is_clean, timeout=PATIENCE)
            finally:
                attached.kill()
        table = [f"{name:12} {'as before' if last[name] == before[name] else last[name]}" for name in CHECKS]
        sys.stdout.write("\n  ".join([f"\n{version} {way}:", *table]) + "\n")  # pytest -s shows it
        assert clean, table


@versions(*VERSIONS)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["by itself", "killed"])
def test_the_counts_of_a_worker_that_ends_are_kept(version: str, end: signal.Signals, tmp_path: Path) -> None:
    """All of them where Python ends in good order; of one that is killed, those of a few seconds before."""
    env = {**WITHOUT_APP, "GUARD_EVERY": "2", "GUARD_LOG": str(tmp_path / "made")}
    with starting(version, env) as served, attach(served, tmp_path / "of.json", "--inject") as attached:
        wait_until_in(attached, served)
        served.ask(40)
        asked = time.time()
        if end == signal.SIGKILL:
            assert eventually(lambda: bool(reported_after(served, asked)), timeout=30)
        os.kill(served.pid, end)
        said, errors = attached.communicate(timeout=90)
    counted = captured(json.loads(said)).total()
    made = [line.split()[2] for line in (tmp_path / "made").read_text().splitlines()]
    assert counted == made.count("yes") >= 20
    assert ("ended by a signal" in errors) == (end == signal.SIGKILL)


def reported_after(served: Served, moment: float) -> list[Path]:
    """The counts that were written of it since then; other tests count in other workers meanwhile."""
    written = Path(f"/proc/{served.pid}/root/tmp").glob("asyncspy-*/result")
    mine = [path for path in written if is_folder_for(path.parent, {str(served.pid)})]
    return [path for path in mine if path.stat().st_mtime > moment]


@versions("3.10")
def test_without_inject_the_three_ways_are_named(version: str, tmp_path: Path) -> None:
    with starting(version, WITHOUT_APP) as served, attach(served, tmp_path) as attached:
        said = attached.communicate(timeout=60)[1]
    assert attached.returncode == 3
    for way in ("--exact --inject", "'asyncspy.django'", f"sample it (asyncspy attach --pid {served.pid})"):
        assert way in said


@versions("3.9", "3.13")
def test_what_it_does_is_said_before_it_does_it(version: str, tmp_path: Path) -> None:
    with starting(version, WITHOUT_APP) as served, attach(served, tmp_path, "--inject") as attached:
        assert attached.stderr is not None
        said = list(itertools.takewhile(lambda line: not line.startswith("Counting"), attached.stderr))
        attached.send_signal(signal.SIGINT)
        attached.communicate(timeout=90)
    (first,) = (number for number, line in enumerate(said) if line.startswith("--inject writes into the memory"))
    assert f"process {served.pid}:" in said[first]
    assert "docs/inject.md" in said[first + 2]
    assert said[-1].startswith(f"Process {served.pid} stood still for ")


@versions("3.12")
def test_it_counts_beside_sampling(version: str, tmp_path: Path) -> None:
    words = ("--inject", "--mode", "gil", "--duration", "5")
    with starting(version, {**WITHOUT_APP, "GUARD_EVERY": "2"}) as served, attach(served, tmp_path, *words) as attached:
        wait_until_in(attached, served)
        before = Counter(served.state()["made"])
        served.ask(60)
        made = Counter(served.state()["made"]) - before
        told = json.loads(attached.communicate(timeout=90)[0])
    del made["raised"]
    assert captured(told) == made
    assert {origin["mode"] for origin in told["origins"]} == {"gil", "exact"}


@versions("3.12")
def test_a_second_one_is_refused_and_the_first_counts_on(version: str, tmp_path: Path) -> None:
    env = {**WITHOUT_APP, "GUARD_EVERY": "2"}
    with starting(version, env) as served, attach(served, tmp_path / "first.json", "--inject") as first:
        wait_until_in(first, served)
        before = Counter(served.state()["made"])
        with pytest.raises(TargetError, match="another asyncspy counts in"):
            HookSession(inspect_process(served.pid), may_inject=True)
        served.ask(40)
        made = Counter(served.state()["made"]) - before
        del made["raised"]
        assert captured(report(first)) == made


@versions(*VERSIONS)
def test_one_that_is_blocked_in_c_is_left_as_it_was(version: str) -> None:
    with starting(version, WITHOUT_APP) as served:
        served.ask(20)
        before = look(served)
        with held(served), pytest.raises(TargetError) as refused:
            HookSession(inspect_process(served.pid), may_inject=True, seconds=1.0)
        assert f"process {served.pid} reached no point within 1 s" in refused.value.message
        assert eventually(lambda: look(served) == before, timeout=PATIENCE)
