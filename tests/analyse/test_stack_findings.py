"""Each stack is matched to its finding: as many samples as the finding counts, in real recordings of every kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.stack_findings import keep_finding_stacks, match_stacks
from asyncspy.read import load

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDINGS = sorted([*FIXTURES.glob("hops/*.json"), *FIXTURES.glob("matrix/django[56]*.json"),
                     *FIXTURES.glob("recordings/*every1.speedscope.json")])  # fmt: skip


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda path: path.name)
def test_every_sample_of_a_finding_is_found_again(file: Path) -> None:
    profile = load(file)
    analysis = analyse(profile)
    judged = match_stacks(profile, analysis)
    counted: Counter[int] = Counter()
    for stack, index in judged.finding.items():
        counted[index] += judged.profile.stacks[stack]
    assert counted == {i: f.evidence.samples for i, f in enumerate(analysis.findings)}


def test_the_recordings_have_findings_of_every_sampled_kind() -> None:
    kinds = {finding.kind for file in RECORDINGS for finding in analyse(load(file)).findings}
    assert kinds == {"async-unsafe", "blocked-loop", "hop-cost", "sync-middleware", "pool-saturated"}


def test_what_is_kept_of_a_recording_has_the_same_findings_and_nothing_else() -> None:
    profile = load(FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json")
    analysis = analyse(profile)
    kept = keep_finding_stacks(profile, analysis)
    assert kept.total == sum(finding.evidence.samples for finding in analysis.findings) < profile.total
    assert [f.culprit for f in analyse(kept).findings] == [f.culprit for f in analysis.findings]
