"""Every planted fault that the sampler saw is named, and nothing else is: on a real server, under real load."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live.corpus.attached import ENOUGH, attach, table
from tests.live.corpus.load import asking, routes
from tests.live.corpus.marks import PROGRAM, truth
from tests.live.corpus.sightings import sightings
from tests.live.harness import Loop, serving

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace"), pytest.mark.timeout(600)]

SECONDS = int(os.environ.get("ASYNCSPY_CORPUS_SECONDS", "10"))


def test_the_corpus_is_large_enough() -> None:
    known = truth()
    assert len(known.planted) >= 40
    assert len(known.twins) >= 40


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_found_is_seen_and_nothing_else(loop: Loop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = truth()
    with serving(PROGRAM, loop=loop) as server, asking(server.url, routes(server.url)) as asked:
        report, recording = attach(server.pid, tmp_path, SECONDS)
    shown, wrong = table(report, recording, known)
    with capsys.disabled():
        print(f"\n{loop}, {SECONDS} s, {asked.total} requests\n{shown}")  # noqa: T201
    assert asked.failures == {}
    assert wrong == []
    well_seen = sum(count >= ENOUGH for count in sightings(recording, known.planted).values())
    assert well_seen >= len(known.planted) // 10, "too little was seen for the verdict to mean anything"
