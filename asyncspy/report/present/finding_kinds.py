"""Word the kinds of findings: one row for each, with what every format calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from asyncspy.model.findings import Finding
from asyncspy.model.stacks import FindingKind
from asyncspy.report.present.figures import count, plural

Severity = Literal["error", "warning", "note"]


class KindWords(NamedTuple):
    """How bad a kind is, its name (`label` in a table, `badge` on a card, `title` alone) and what its lines do."""

    severity: Severity
    label: str
    badge: str
    title: str
    consequence: str
    one_line: str = ""
    several_lines: str = ""


KIND_WORDS: dict[FindingKind, KindWords] = {
    "async-unsafe": KindWords(
        "error", "unsafe", "async-unsafe", "Async-unsafe Django on the event loop",
        "It raises SynchronousOnlyOperation, or corrupts.",
        "calls async-unsafe Django on the event loop", "call async-unsafe Django on the event loop",
    ),
    "deadlock": KindWords(
        "error", "waits forever", "deadlock", "A wait that cannot end", "The worker hangs.",
        "waits for something that cannot happen", "wait for something that cannot happen",
    ),
    "blocked-loop": KindWords(
        "warning", "blocks the loop", "blocks the loop", "The event loop is blocked",
        "Until it ends, the worker handles nothing else.",
        "blocks the event loop", "block the event loop",
    ),
    "pool-saturated": KindWords(
        "warning", "full pool", "full thread pool", "A thread pool is full", "Other work has to wait for it."
    ),
    "sync-middleware": KindWords(
        "note", "sync middleware", "sync-only middleware", "Sync-only middleware in an async stack",
        "Every request holds a thread.",
        "is sync-only middleware in an async stack", "are sync-only middleware in an async stack",
    ),
    "hop-cost": KindWords(
        "note", "hops", "costly hops", "Hops to threads take much of the event loop",
        "Cross once instead of many times.",
        "spends much of the event loop on hops to threads", "spend much of the event loop on hops to threads",
    ),
}  # fmt: skip

BESIDE_LOOP = (
    "runs an event loop in a thread that sync code shares",
    "run an event loop in a thread that sync code shares",
)
"""What the line does that runs a loop where others are refused their queries."""

BESIDE_UNKNOWN_LOOP = (
    "Sync code is refused its queries since an event loop runs in its thread; who runs it is not recorded."
)

HELD_LOOP = ("keeps the event loop for long", "keep the event loop for long")
"""What a line of a blocked loop does where it may compute rather than wait."""


def findings_verdict(findings: Sequence[Finding]) -> str:
    """The answer in one sentence for each kind of finding, and whether async-unsafe calls were seen."""
    groups: dict[tuple[FindingKind, bool], list[Finding]] = {}
    for finding in findings:
        unsure = finding.beside_loop or (finding.wait is not None and not finding.wait.certain)
        groups.setdefault((finding.kind, unsure), []).append(finding)
    sentences = [_sentence(kind, group, special=unsure) for (kind, unsure), group in groups.items()]
    if not any(kind == "async-unsafe" for kind, _ in groups):
        sentences.append("No async-unsafe call was seen on the event loop.")
    return " ".join(sentences)


def _sentence(kind: FindingKind, findings: Sequence[Finding], *, special: bool) -> str:
    """3 lines call …: 2 yours, 1 in a package. One line may hold several calls."""
    if any(finding.beside_loop and not finding.culprit.frame.file for finding in findings):
        return BESIDE_UNKNOWN_LOOP
    if kind == "pool-saturated":
        return "1 thread pool is full." if len(findings) == 1 else f"{count(len(findings))} thread pools are full."
    lines = {(f.culprit.frame.file, f.culprit.frame.line, f.culprit.package is not None) for f in findings}
    packaged = sum(1 for *_, package in lines if package)
    own = len(lines) - packaged
    usual = KIND_WORDS[kind][-2:]
    one, several = (BESIDE_LOOP if kind == "async-unsafe" else HELD_LOOP) if special else usual
    does = one if len(lines) == 1 else several
    if own and packaged:
        return f"{plural(len(lines), 'line')} {does}: {count(own)} yours, {count(packaged)} in a package."
    return f"{plural(len(lines), 'line')} {'of your code' if own else 'of a package'} {does}."
