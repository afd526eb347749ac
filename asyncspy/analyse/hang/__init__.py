"""Judge from dumps of a process whether it hangs, which thread waits for which, and what to do.

Every dump shows every thread, so nothing is sampled. Precision comes first: slow work can have the very frames of a
deadlock, so "deadlock" is only said where the frames prove that nothing could end the wait, or where nothing that takes
part moved for a long time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from asyncspy.analyse.hang.awaiting_tasks import group_awaiting_tasks
from asyncspy.analyse.hang.graph import WaitGraph, build_wait_graph
from asyncspy.analyse.hang.hang_remedies import code_remedies, immediate_actions
from asyncspy.analyse.hang.history import histories_by_process
from asyncspy.analyse.hang.own_requests import with_answerers
from asyncspy.analyse.hang.rules import judge_graph
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.hangs import Hang, HangCulprit, HangVerdict
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump

__all__ = ["judge_hangs"]

VERDICTS_WORST_FIRST: tuple[HangVerdict, ...] = get_args(HangVerdict)


def judge_hangs(
    dumps: Sequence[Dump], targets: Mapping[int, Worker], *, source: SourceReader, owners: Ownership
) -> tuple[Hang, ...]:
    """Judge each process that was dumped, worst first."""
    graphs = []
    for history in histories_by_process(dumps):
        target = targets.get(history.pid) if history.pid is not None else None
        graphs.append(build_wait_graph(history, target, source, owners))
    hangs = [_judge_process(graph, source) for graph in with_answerers(graphs)]
    return tuple(sorted(hangs, key=lambda hang: VERDICTS_WORST_FIRST.index(hang.verdict)))


def _judge_process(graph: WaitGraph, source: SourceReader) -> Hang:
    history, target, owners = graph.history, graph.target, graph.owners
    judgement = judge_graph(graph)
    to_blame = graph.group_waits(judgement.to_blame)
    culprits = {each.line.frame: each for each in to_blame}
    awaiting, other_tasks = group_awaiting_tasks(history, owners)
    return Hang(
        pid=history.pid,
        verdict=judgement.verdict,
        certain=judgement.certain,
        grounds=tuple(judgement.grounds),
        culprits=tuple(HangCulprit(each.line, each.kind, each.role, each.receiver) for each in culprits.values()),
        waits=graph.group_waits(node for node in graph.nodes if node.is_waiting),
        known=tuple(f"{bug.name}: {bug.description}" for bug in judgement.bugs),
        now=immediate_actions(judgement, history.pid, target),
        later=code_remedies(judgement, to_blame, source),
        watch=judgement.watch,
        looks=history.looks,
        seconds=history.seconds,
        paused=history.paused,
        idle_threads=sum(thread.idle for thread in history.threads),
        awaiting=awaiting,
        other_tasks=other_tasks,
        no_tasks=history.dumps[-1].no_tasks,
        target=target,
    )
