"""The findings of an analysis to plain sentences, the same in every format; nothing here lays out or styles."""

from __future__ import annotations

from typing import Literal

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, Evidence, Finding, SampleCounts
from asyncspy.model.stacks import ENDED_WORKERS_PID, FindingKind
from asyncspy.report.present import counted_words, log_words
from asyncspy.report.present.figures import count, percent, percent_interval, plural

Deed = FindingKind | Literal["held-loop"]

DOES: dict[Deed, tuple[str, str]] = {
    "async-unsafe": ("calls async-unsafe Django on the event loop", "call async-unsafe Django on the event loop"),
    "sync-middleware": ("is sync-only middleware in an async stack", "are sync-only middleware in an async stack"),
    "hop-cost": ("spends much of the event loop on hops to threads", "spend much of the event loop on hops to threads"),
    "blocked-loop": ("blocks the event loop", "block the event loop"),
    "held-loop": ("keeps the event loop for long", "keep the event loop for long"),
    "deadlock": ("waits for something that cannot happen", "wait for something that cannot happen"),
}
"""What the lines of one kind of finding do: of one line, of several; `held-loop` is a blocked one that may compute."""

BY_NAME = (
    "The recording holds no folders, so names alone decided whose code this is. Record with --full-filenames, "
    "or say where your code is with --app-root."
)
ALLOWED = (
    "DJANGO_ALLOW_ASYNC_UNSAFE let this call pass: silent corruption instead of an error. "
    "Requests that overlap can lose or mix up data."
)
PACKAGE_AT_FAULT = "None of your own code is on the way: package {} is at fault."


def verdict(analysis: Analysis) -> str:
    """The answer in one sentence, or one for each kind of fault."""
    if analysis.verdict != "violations" and log_words.only_logs(analysis) and not analysis.findings:
        return log_words.verdict_on_none(analysis)
    if analysis.verdict == "no-data":
        return "Nothing could be judged."
    deeds = dict.fromkeys(map(_deed, analysis.findings))
    said = [_verdict_on(deed, [f for f in analysis.findings if _deed(f) == deed]) for deed in deeds]
    clean = [] if "async-unsafe" in deeds else ["No async-unsafe call was seen on the event loop."]
    return " ".join(said + clean)


def _deed(finding: Finding) -> Deed:
    unsure = finding.wait is not None and not finding.wait.certain
    return "held-loop" if unsure else finding.kind


def _verdict_on(deed: Deed, findings: list[Finding]) -> str:
    """3 lines call …: 2 yours, 1 in a package. One line may hold several calls."""
    lines = {(f.culprit.frame.file, f.culprit.frame.line, f.culprit.package is not None) for f in findings}
    packaged = sum(1 for *_, package in lines if package)
    own = len(lines) - packaged
    if deed == "pool-saturated":
        return "1 thread pool is full." if len(findings) == 1 else f"{count(len(findings))} thread pools are full."
    does = DOES[deed][len(lines) > 1]
    if own and packaged:
        return f"{plural(len(lines), 'line')} {does}: {count(own)} yours, {count(packaged)} in a package."
    return f"{plural(len(lines), 'line')} {'of your code' if own else 'of a package'} {does}."


def evidence(finding: Finding) -> str:
    """How a violation is known, grade by grade."""
    seen = finding.evidence
    guard = "it" if seen.reached else "the guard"
    grades = [f"{count(seen.reached)} reached the guard"] if seen.reached else []
    grades += [f"{count(seen.heading)} heading into {guard}"] if seen.heading else []
    return ", ".join([*grades, *log_words.seen(finding), *counted_words.evidence(finding)]) or "not counted"


def strength(finding: Finding, samples: SampleCounts, dash: str) -> list[str]:
    """How much there is of a finding: its samples and their share with its bounds, or its events."""
    seen, share = finding.evidence, finding.share
    exact = counted_words.strength(finding)
    if not seen.samples:
        return exact or _events(seen) or ["not counted"]
    parts = [*exact, f"{count(seen.samples)} of {count(samples.loop)} loop samples"]
    if share is not None:
        bounds = percent_interval(share.low, share.high, share.share, dash)
        parts.append(f"{percent(share.share)} (95%: {bounds})")
    return parts


def _events(seen: Evidence) -> list[str]:
    """What was not sampled but written down or captured."""
    logged = [f"{plural(seen.logged, 'traceback')} in a log"] if seen.logged else []
    return logged + ([f"{count(seen.exact)} counted at the guard"] if seen.exact else [])


def owner(culprit: Culprit) -> list[str]:
    """Whose line it is, where it is not plainly the user's own."""
    said = []
    if culprit.package is not None:
        installed = culprit.distribution
        said.append(PACKAGE_AT_FAULT.format(f"{installed.name} {installed.version}" if installed else culprit.package))
    return [*said, BY_NAME] if culprit.by_name else said


def workers(finding: Finding, dash: str) -> list[str]:
    """Each process's part, where they differ by more than chance."""
    known = [(one, one.share) for one in finding.workers if one.share is not None]
    if not known or max(share.low for _, share in known) <= min(share.high for _, share in known):
        return []
    return [
        f"{process(one.pid)}: {percent(share.share)} of its loop "
        f"({percent_interval(share.low, share.high, share.share or share.high, dash)})"
        for one, share in known
    ]


def process(pid: int | None) -> str:
    """A process as it is listed beside others."""
    return "unknown" if pid is None else "earlier ones" if pid == ENDED_WORKERS_PID else str(pid)


def since(version: str, django: str | None) -> str:
    """Which Django a remedy needs, and which one this is."""
    needs = f"Django {version}+"
    return f"{needs}, you run {django}" if django else needs
