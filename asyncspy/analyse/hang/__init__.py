"""Dumps of processes, taken one after the other, to whether each hangs, who waits for whom, and what to do.

Nothing here is sampled: every look shows every thread. Precision comes first. What is merely slow can have the very
frames of a deadlock, so "deadlock" is said only where the frames prove that nobody could end the wait, or where nothing
that takes part moved for a long time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from asyncspy.analyse.hang import awaiting_tasks, graph, hang_remedies, history, rules
from asyncspy.analyse.remedy.remedies import Source
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.hangs import Hang, HangCulprit, HangVerdict
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump

__all__ = ["ORDER", "judge_hangs"]

ORDER: tuple[HangVerdict, ...] = get_args(HangVerdict)
"""Worst first."""


def judge_hangs(
    dumps: Sequence[Dump], targets: Mapping[int, Worker], *, source: Source, owners: Ownership
) -> tuple[Hang, ...]:
    """Each process that was dumped, worst first."""
    hangs = []
    for process in history.histories(dumps):
        target = targets.get(process.pid) if process.pid is not None else None
        hangs.append(_hang(process, target, source, owners))
    return tuple(sorted(hangs, key=lambda hang: ORDER.index(hang.verdict)))


def _hang(process: history.ProcessHistory, target: Worker | None, source: Source, owners: Ownership) -> Hang:
    scene = graph.scene(process, source, owners)
    found = rules.verdict(scene, target)
    culprits = {each.line.frame: each for each in found.culprits}
    return Hang(
        pid=process.pid,
        verdict=found.verdict,
        certain=found.certain,
        grounds=found.grounds,
        culprits=tuple(HangCulprit(each.line, each.kind, each.role, each.receiver) for each in culprits.values()),
        waits=scene.waits,
        known=tuple(f"{known.name}: {known.said}" for known in found.known),
        now=hang_remedies.now(found, process.pid, target),
        later=hang_remedies.later(found, source),
        watch=found.watch,
        looks=process.looks,
        seconds=process.seconds,
        paused=process.paused,
        idle_threads=sum(thread.idle for thread in process.threads),
        awaiting=awaiting_tasks.awaiting(process, owners),
        other_tasks=awaiting_tasks.others(process, owners),
        no_tasks=process.dumps[-1].no_tasks,
        target=target,
    )
