"""The core in every world that is in production: the same faults, the same verdicts; the table is printed at the end.

`make matrix` runs all of it; the default run does only what the installed environment can serve.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import cast

import pytest

from tests.live.matrix.combinations import COMBINATIONS, Combination, Python, Served
from tests.live.matrix.homes import Home, Missing
from tests.live.matrix.run import HEAD, attach_in, line, run
from tests.live.matrix.verdict import Row, planted

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

HERE: tuple[Served, ...] = ("uvicorn-asyncio", "uvicorn-worker-uvloop")


def hold(row: Row) -> None:
    assert row.missed == frozenset()
    assert row.false_alarms == ()
    assert len(row.well_seen) >= len(planted()) // 2, "too little was seen for the verdict to mean anything"


@pytest.mark.parametrize("served", HERE)
def test_the_installed_environment(served: Served, tmp_path: Path) -> None:
    python = cast(Python, f"{sys.version_info.major}.{sys.version_info.minor}")
    here = Combination(version("django"), version("asgiref"), python, served)
    hold(attach_in(Home((sys.executable,)), here, tmp_path))


@pytest.mark.matrix
@pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda combination: combination.name)
def test_a_world_in_production(combination: Combination, tmp_path: Path, table: list[str]) -> None:
    if HEAD not in table:
        table.append(HEAD)
    try:
        row = run(combination, tmp_path)
    except Missing as missing:
        table.append(f"{combination.name:<62} skipped: {missing}")
        pytest.skip(str(missing))
    table.append(line(combination.name, row))
    hold(row)
