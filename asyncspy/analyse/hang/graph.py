"""Build the graph of what the threads of a process wait for; threads that wait at one line share a node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from asyncspy.analyse.hang.history import ProcessHistory, ThreadHistory
from asyncspy.analyse.hang.threads import ThreadWait, after_boundaries, find_wait, waits_for_work
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.waits.pools import DEFAULT_EXECUTOR
from asyncspy.model.findings import Culprit
from asyncspy.model.hangs import ThreadRole, WaitingThreads, WaitReason
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ChainFrame, Frame

MOST_THREADS, MORE_THAN_PROCESSORS = 32, 4
"""The default executor has as many threads as there are processors and four, at most 32."""


@dataclass(frozen=True)
class WaitNode:
    """One thread that is not idle, and what it waits for."""

    thread: ThreadHistory
    wait: ThreadWait
    waiting: WaitingThreads
    """The wait as it is reported."""
    waiting_looks: int
    """In how many dumps its frames showed a wait."""

    @property
    def is_waiting(self) -> bool:
        """Whether it is known to wait: the frames show it, or it never ran between two dumps."""
        return self.wait.shown or (self.thread.still and self.thread.moved is False)


@dataclass(frozen=True)
class WaitGraph:
    """One process, and all its threads that are not idle."""

    history: ProcessHistory
    target: Worker | None
    nodes: tuple[WaitNode, ...]

    @property
    def loops(self) -> list[WaitNode]:
        """The event loops that are not idle."""
        return [node for node in self.nodes if node.thread.role == "loop"]

    @property
    def others(self) -> list[WaitNode]:
        """The other threads that are not idle."""
        return [node for node in self.nodes if node.thread.role != "loop"]

    @property
    def waits(self) -> tuple[WaitingThreads, ...]:
        """All waits, those at one line together."""
        return group_waits(node for node in self.nodes if node.is_waiting)


def build_wait_graph(
    history: ProcessHistory, target: Worker | None, source: SourceReader, owners: Ownership
) -> WaitGraph:
    """Find what every thread does in the last dump."""
    nodes = []
    for thread in history.threads:
        ended = thread.last not in history.dumps[-1].threads
        wait = None if ended else _wait_unless_idle(thread.frames, source, owners)
        if wait is not None:
            waits = [_wait_unless_idle(each.frames, source, owners) for each in thread.snapshots]
            waiting_looks = sum(each is not None and each.shown for each in waits)
            nodes.append(WaitNode(thread, wait, _waiting(thread, wait, history, owners), waiting_looks))
    return WaitGraph(history, target, tuple(nodes))


def _wait_unless_idle(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> ThreadWait | None:
    """What a thread waits for; None where it is idle."""
    return find_wait(frames, source, owners) if frames and not waits_for_work(frames) else None


def _waiting(thread: ThreadHistory, wait: ThreadWait, history: ProcessHistory, owners: Ownership) -> WaitingThreads:
    frames, selves = thread.frames, thread.last.selves
    line = frames[wait.line]
    return WaitingThreads(
        pid=history.pid,
        role=thread.role,
        threads=(thread.name,),
        kind=wait.kind,
        line=Culprit(line, owners.of(line)),
        on=_threads_waited_for(wait.kind, history),
        frames=tuple(ChainFrame(*frame, owners.of(frame)) for frame in frames[after_boundaries(frames[: wait.line]) :]),
        looks=len(thread.snapshots),
        still=thread.still,
        timed=wait.timed,
        seconds=history.seconds if thread.unchanged else None,
        receiver=(selves[wait.line] or None) if wait.line < len(selves) else None,
    )


def _threads_waited_for(kind: WaitReason, history: ProcessHistory) -> tuple[str, ...]:
    """The names of the threads of this process that could end such a wait; none where something outside ends it."""
    if kind == "loop":
        threads = history.threads_with("private-loop") or history.threads_with("loop")
    elif kind in {"pool", "thread", "lock"}:
        threads = [thread for thread in history.threads if thread.role != "loop" and not thread.idle]
    else:
        threads = []
    return tuple(dict.fromkeys(thread.last.name for thread in threads))


def group_waits(nodes: Iterable[WaitNode]) -> tuple[WaitingThreads, ...]:
    """Group threads that wait at one line for one thing; event loops first, then the largest group."""
    groups: dict[tuple[object, ...], list[WaitingThreads]] = {}
    for node in nodes:
        each = node.waiting
        groups.setdefault((each.role, each.kind, each.line.frame), []).append(each)
    joined = [_joined(group) for group in groups.values()]
    return tuple(sorted(joined, key=lambda each: (each.role != "loop", -len(each.threads), each.line.frame)))


def _joined(group: list[WaitingThreads]) -> WaitingThreads:
    return replace(
        group[0],
        threads=tuple(name for each in group for name in each.threads),
        looks=min(each.looks for each in group),
        still=all(each.still for each in group),
        seconds=None if any(each.seconds is None for each in group) else group[0].seconds,
    )


class SaturatedPool(NamedTuple):
    """A pool without a free thread; `size_known`: its size was not guessed from the number of its threads."""

    role: ThreadRole
    nodes: list[WaitNode]
    size_known: bool


def find_saturated_pool(graph: WaitGraph) -> SaturatedPool | None:
    """Find a pool of which every thread was busy in every dump."""
    history = graph.history
    if history.looks < 2:  # noqa: PLR2004 - one dump shows no time passing
        return None
    pools: tuple[ThreadRole, ...] = ("default-pool", "shared")
    for role in pools:
        taken = [node for node in graph.nodes if node.thread.role == role and node.thread.always_busy]
        if not taken or len(taken) < len(history.threads_with(role)):
            continue
        size = _default_pool_size(history.dumps[-1].cpus) if role == "default-pool" else 1
        if len(taken) >= (size or DEFAULT_EXECUTOR.fewest) and (role != "shared" or _holds_up_others(taken[0])):
            return SaturatedPool(role, taken, size is not None)
    return None


def _holds_up_others(node: WaitNode) -> bool:
    """Whether the one shared thread is taken by one piece of work all the time, and not only for the loop."""
    return node.thread.unchanged and node.wait.kind != "loop"


def _default_pool_size(processors: int | None) -> int | None:
    return min(MOST_THREADS, processors + MORE_THAN_PROCESSORS) if processors else None
