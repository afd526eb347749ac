"""Everything that production does to a recording: the target is never left stopped, and what was recorded is not lost.

`pytest -s tests/live/test_faults.py` prints the table. Faults are provoked a few at a time, side by side.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.live.faults import FAULTS
from tests.live.faults.scene import LONG, Outcome, scene

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

AT_ONCE = 3


@pytest.fixture(scope="module")
def provoked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Outcome]]]:
    """All faults that are to be tested, on their way; in the end the table."""
    folder = tmp_path_factory.mktemp("faults")
    chosen = [item.callspec.params["name"] for item in request.session.items if item.function is test_fault]  # type: ignore[attr-defined]

    def run(name: str) -> Outcome:
        with scene(folder / str(chosen.index(name))) as one:
            FAULTS[name].provoke(one)
            return one.outcome()

    with pytest.MonkeyPatch.context() as changed, ThreadPoolExecutor(AT_ONCE) as pool:
        changed.setattr(subprocess, "_USE_VFORK", False)  # programs are started side by side: none shares our memory
        outcomes = {name: pool.submit(run, name) for name in chosen}
        yield outcomes
    for name, outcome in outcomes.items():
        if outcome.exception() is None:
            sys.stdout.write(_row(name, outcome.result()))


def _row(name: str, outcome: Outcome) -> str:
    saved = ("saved" if outcome.saved else "kept" if outcome.kept else "nothing") + (
        f", {outcome.report['samples']['total']} samples" if outcome.report else ""
    )
    said = [line for line in outcome.said.splitlines() if line.startswith(("error:", "note:", "interrupted"))]
    told = re.sub(r"/\S*/", "", said[-1] if said else "")
    return f"\n{name:58} {outcome.target:8} {saved:20} {outcome.code:4} {outcome.seconds:5.1f}s  {told[:150]}"


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, provoked: dict[str, Future[Outcome]]) -> None:
    outcome = provoked[name].result(LONG * 2)
    expected = FAULTS[name].expected(outcome.said)
    assert outcome.code == expected.code, outcome.said
    assert re.search(expected.says, outcome.said, re.DOTALL), outcome.said
    assert (outcome.target, outcome.saved, outcome.kept) == (expected.target, expected.saved, expected.kept), (
        outcome.said
    )
    assert expected.also(outcome), outcome.report
    assert outcome.left == []
    assert "Traceback" not in outcome.said
    assert "LEFT EMPTY" not in outcome.said
