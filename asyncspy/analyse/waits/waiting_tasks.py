"""Sum up from looks at the loops' tasks where they wait: shares by line of code, and by what is awaited.

A task counts if it is on a line of the user's own code, or carries a request through Django. One that waits for what a
client sends, or a framework's that waits for its own other task, which is counted itself, does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncspy.analyse import confidence
from asyncspy.analyse.ranking import most_common
from asyncspy.analyse.stacks import entries
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.waits.awaited import find_awaited, line_that_waits
from asyncspy.model.findings import Culprit, Interval
from asyncspy.model.observed import AwaitWay, TaskLooks
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.model.waiting import AwaitedKind, AwaitedShare, Waiting, WaitingLine

MAX_LINES = 200

LineKey = tuple[str, int, AwaitedKind, str | None]


@dataclass
class _LineWaits:
    """All that waits at one line for one thing."""

    tasks: float = 0.0
    culprits: Counter[Frame] = field(default_factory=Counter)
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    chains: Counter[tuple[Frame, ...]] = field(default_factory=Counter)


def sum_up_waiting(looked: Sequence[TaskLooks], owners: Ownership) -> Waiting | None:
    """Where the tasks of these loops wait; None where nobody looked."""
    if not looked:
        return None
    lines: dict[LineKey, _LineWaits] = {}
    squares = clients = 0.0
    for looks, way, line in _ways_that_count(looked, owners):
        tasks = way.seen / looks.looks
        found = find_awaited(way, line, owners)
        if found is None:
            continue
        kind, package = found
        if kind == "client":
            clients += tasks
            continue
        culprit = way.frames[line]
        squares += way.squares / looks.looks**2
        _add(lines.setdefault((culprit.file, culprit.line, kind, package), _LineWaits()), way, line, tasks, owners)
    whole = sum(each.tasks for each in lines.values())
    evidence = whole * whole / squares if squares else 0.0
    named = [_waiting_line(key, each, _share(each.tasks, whole, evidence), owners) for key, each in lines.items()]
    named.sort(key=lambda one: (-one.tasks, one.culprit.frame, one.kind, one.package or ""))
    return Waiting(
        looks=sum(looks.looks for looks in looked),
        tasks=whole,
        evidence=evidence,
        kinds=_by_kind(named, whole, evidence),
        lines=tuple(named[:MAX_LINES]),
        clients=clients,
        beyond=sum(looks.beyond / looks.looks for looks in looked),
        off=next((looks.off for looks in looked if looks.off), None),
    )


def _ways_that_count(looked: Sequence[TaskLooks], owners: Ownership) -> Iterator[tuple[TaskLooks, AwaitWay, int]]:
    for looks in looked:
        for way in looks.ways:
            line = line_that_waits(way.frames, owners)
            if line >= 0:
                yield looks, way, line


def _add(waits: _LineWaits, way: AwaitWay, line: int, tasks: float, owners: Ownership) -> None:
    own = [owners.of(frame) is None for frame in way.frames]
    entry = entries.find_entry(way.frames, own, 0, line + 1)
    weight = round(way.seen * 1000)
    waits.tasks += tasks
    waits.culprits[way.frames[line]] += weight
    if entry is not None:
        waits.entries[entry.kind, way.frames[entry.position]] += weight
    waits.chains[way.frames[entry.position if entry else line :]] += weight


def _waiting_line(key: LineKey, waits: _LineWaits, share: Interval, owners: Ownership) -> WaitingLine:
    _, _, kind, package = key
    culprit = most_common(waits.culprits)
    return WaitingLine(
        culprit=Culprit(culprit, owners.of(culprit)),
        kind=kind,
        package=package,
        tasks=waits.tasks,
        share=share,
        entry=most_common(waits.entries) if waits.entries else None,
        chain=tuple(ChainFrame(*frame, owners.of(frame)) for frame in most_common(waits.chains)),
    )


def _by_kind(lines: Sequence[WaitingLine], whole: float, evidence: float) -> tuple[AwaitedShare, ...]:
    tasks: dict[AwaitedKind, float] = {}
    for line in lines:
        tasks[line.kind] = tasks.get(line.kind, 0.0) + line.tasks
    ordered = sorted(tasks.items(), key=lambda each: (-each[1], each[0]))
    return tuple(AwaitedShare(kind, each, _share(each, whole, evidence)) for kind, each in ordered)


def _share(part: float, whole: float, evidence: float) -> Interval:
    """The share, with the bounds that so many independent waits give it."""
    found = confidence.share(evidence * part / whole, evidence) if whole else None
    return found or Interval(0.0, 0.0, 1.0)
