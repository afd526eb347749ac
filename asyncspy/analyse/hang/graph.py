"""Build the graph of what the threads of a process wait for; threads that wait at one line share a node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    waiting_looks: int
    """In how many dumps its frames showed a wait."""

    @property
    def is_waiting(self) -> bool:
        """Whether it is known to wait: the frames show it, or it never ran between two dumps."""
        return self.wait.shown or (self.thread.still and self.thread.moved is False)

    @property
    def line(self) -> Frame:
        """The frame to blame."""
        return self.thread.frames[self.wait.line]


@dataclass(frozen=True)
class WaitGraph:
    """One process, and all its threads that are not idle."""

    history: ProcessHistory
    target: Worker | None
    nodes: tuple[WaitNode, ...]
    owners: Ownership
    answerers: tuple[int, ...] = ()
    """The processes that could answer the request that this one waits at, if all of them wait in the same way."""

    @property
    def loops(self) -> list[WaitNode]:
        """The event loops that are not idle."""
        return [node for node in self.nodes if node.thread.role == "loop"]

    @property
    def others(self) -> list[WaitNode]:
        """The other threads that are not idle."""
        return [node for node in self.nodes if node.thread.role != "loop"]

    def group_waits(self, nodes: Iterable[WaitNode]) -> tuple[WaitingThreads, ...]:
        """Group threads that wait at one line for one thing; event loops first, then the largest group."""
        groups: dict[tuple[object, ...], list[WaitNode]] = {}
        for node in nodes:
            groups.setdefault((node.thread.role, node.wait.kind, node.line), []).append(node)
        waits = [self._waiting_threads(group) for group in groups.values()]
        return tuple(sorted(waits, key=lambda each: (each.role != "loop", -len(each.threads), each.line.frame)))

    def _waiting_threads(self, group: Sequence[WaitNode]) -> WaitingThreads:
        first, wait = group[0].thread, group[0].wait
        start = after_boundaries(first.frames[: wait.line])
        receivers = first.last.selves[wait.line : wait.line + 1]
        return WaitingThreads(
            pid=self.history.pid,
            role=first.role,
            threads=tuple(node.thread.name for node in group),
            kind=wait.kind,
            line=Culprit(group[0].line, self.owners.of(group[0].line)),
            on=self._could_end(wait.kind),
            frames=tuple(ChainFrame(*frame, self.owners.of(frame)) for frame in first.frames[start:]),
            looks=min(len(node.thread.snapshots) for node in group),
            still=all(node.thread.still for node in group),
            timed=wait.timed,
            seconds=self.history.seconds if all(node.thread.unchanged for node in group) else None,
            receiver=receivers[0] or None if receivers else None,
        )

    def _could_end(self, kind: WaitReason) -> tuple[str, ...]:
        """The names of the threads of this process that could end such a wait; none where something outside ends it."""
        threads: list[ThreadHistory] = []
        if kind == "loop":
            threads = self.history.threads_with("private-loop") or self.history.threads_with("loop")
        elif kind in {"pool", "thread", "lock"}:
            threads = [thread for thread in self.history.threads if thread.role != "loop" and not thread.idle]
        return tuple(dict.fromkeys(thread.last.name for thread in threads))


def build_wait_graph(
    history: ProcessHistory, target: Worker | None, source: SourceReader, owners: Ownership
) -> WaitGraph:
    """Find what every thread does in the last dump."""
    nodes = []
    for thread in history.threads:
        if thread.last not in history.dumps[-1].threads:
            continue  # it has ended
        waits = [_wait_unless_idle(each.frames, source, owners) for each in thread.snapshots]
        if waits[-1] is not None:
            nodes.append(WaitNode(thread, waits[-1], sum(wait is not None and wait.shown for wait in waits)))
    return WaitGraph(history, target, tuple(nodes), owners)


def _wait_unless_idle(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> ThreadWait | None:
    return find_wait(frames, source, owners) if frames and not waits_for_work(frames) else None


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
