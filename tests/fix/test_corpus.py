"""Every planted way to the ORM: patched or left with a reason; what is patched is gone, and answers as before."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from asyncspy.model.findings import Finding
from asyncspy.report.patch_report import patch_lines
from asyncspy.workflow.fix_findings import FixOptions, plan_patch
from tests.fix.corpus_copy import CorpusCopy
from tests.live.corpus.marks import PROGRAM, truth

LEAST_PATCHED = 0.8


def place(finding: Finding, folder: Path) -> tuple[str, int]:
    return finding.culprit.frame.file.replace(str(folder), str(PROGRAM)), finding.culprit.frame.line


@pytest.mark.timeout(600)
def test_the_corpus_is_patched_and_answers_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = CorpusCopy(tmp_path)
    guarded, allowed = corpus.ask(), corpus.ask(DJANGO_ALLOW_ASYNC_UNSAFE="1")
    recorded = corpus.recording(guarded)
    made = plan_patch(recorded, FixOptions())
    with capsys.disabled():
        print("\n" + "\n".join(line for line in patch_lines(made.patch) if ": patched at" not in line))  # noqa: T201
    before = {place(finding, corpus.folder) for finding in recorded.analysis.findings}
    assert len(before & truth().planted.keys()) > 130  # as many as there are ways that need no request of their own
    patched = [fix for fix in made.patch.fixes if fix.outcome == "patched"]
    assert len(patched) >= LEAST_PATCHED * len(made.patch.fixes)
    assert all(fix.reason for fix in made.patch.fixes if fix.outcome == "left")

    twins = {(file.replace(str(PROGRAM), str(corpus.folder)), line) for file, line in truth().twins}
    touched = {
        (str(file.source.path), number + 1)
        for file in made.files
        for change in file.changes
        for number in range(change.start, change.end)
    }
    assert touched & twins == set()

    for file in made.files:
        ast.parse(file.new)
        file.source.path.write_bytes(file.new)
    after = corpus.ask()
    left = [fix for fix in made.patch.fixes if fix.outcome == "left"]
    seen = {finding.culprit.frame.function for finding in corpus.recording(after).analysis.findings}
    assert seen <= {fix.culprit.frame.function for fix in left}, "of what was patched, every call is gone"
    others = {path: answer for path, answer in after.answers.items() if answer != allowed.answers[path]}
    stopped = [path for path, answer in others.items() if "stopped" in str(answer) or "async context" in str(answer)]
    assert others.keys() == set(stopped), "what is patched answers as it did where the guard was off"
    assert len(stopped) == len(left)
