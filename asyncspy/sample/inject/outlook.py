"""Say beforehand whether `--inject` would work on a process; nothing is written into that."""

from __future__ import annotations

import time

from asyncspy.model.processes import CheckResult
from asyncspy.sample.inject import texts
from asyncspy.sample.inject.cpu_quota import low_quota_note
from asyncspy.sample.inject.refusal_words import said_of
from asyncspy.sample.inject.refused import Refused
from asyncspy.sample.inject.rehearse import rehearse
from asyncspy.sample.inject.target_python import find_python

LONGEST_PATH = "/var/tmp/asyncspy-" + "0" * 32 + "/text"  # noqa: S108 - stands for the file that would be run
NAME = "inject"


def check_injection(pid: int, *, on_copies: bool) -> CheckResult:
    """Whether its interpreter is one that can be written to, and if that is wanted, whether a rehearsal succeeds."""
    began = time.monotonic()
    try:
        found = find_python(pid)
        if on_copies:
            rehearse(found, texts.run_file(LONGEST_PATH))
    except Refused as refused:
        if refused.kind == "newer":
            return CheckResult(NAME, ok=True, said="--exact needs no --inject: its Python lets code in by itself")
        said, remedy = said_of(pid, refused)
        return CheckResult(NAME, ok=False, said=f"--inject would not work: {said}", remedy=remedy)
    version = "{}.{}".format(*found.version)
    did = f"rehearsed on copies in {time.monotonic() - began:.1f} s" if on_copies else "it would be rehearsed first"
    quota = low_quota_note(pid)
    return CheckResult(NAME, ok=True, said=f"--inject knows its Python {version}; {did}{f'; {quota}' if quota else ''}")
