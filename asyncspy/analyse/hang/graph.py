"""What every thread of a process waits for, as a graph: twins at one line are one node, and loops are nodes too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncspy.analyse.hang.history import ProcessHistory, ThreadHistory, waits_for_work
from asyncspy.analyse.hang.sight import ThreadWait, sight
from asyncspy.analyse.remedy.remedies import Source
from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.findings import Culprit
from asyncspy.model.hangs import ThreadRole, WaitingThreads, WaitReason
from asyncspy.model.stacks import ChainFrame, Frame


@dataclass(frozen=True)
class WaitNode:
    """One thread that has something to do, and what it waits for."""

    thread: ThreadHistory
    sight: ThreadWait
    waiting: WaitingThreads
    held: int
    """In how many looks its frames showed a wait."""

    @property
    def waits(self) -> bool:
        """Whether it is known to wait: the frames show it, or it never ran between two looks."""
        return self.sight.seen or (self.thread.still and self.thread.moved is False)


@dataclass(frozen=True)
class WaitGraph:
    """One process: its history, and every thread of it that is not idle."""

    history: ProcessHistory
    stands: tuple[WaitNode, ...]

    @property
    def on_loops(self) -> list[WaitNode]:
        """Loops that are not free."""
        return [stand for stand in self.stands if stand.thread.role == "loop"]

    @property
    def beside(self) -> list[WaitNode]:
        """Threads that are no loops and have something to do."""
        return [stand for stand in self.stands if stand.thread.role != "loop"]

    @property
    def waits(self) -> tuple[WaitingThreads, ...]:
        """The graph, twins put together."""
        return twins(stand.waiting for stand in self.stands if stand.waits)


def scene(history: ProcessHistory, source: Source, owners: Ownership) -> WaitGraph:
    """Look at what every thread did last."""
    stands = []
    for thread in history.threads:
        gone = thread.seen[-1] not in history.dumps[-1].threads
        if thread.frames and not gone and not waits_for_work(thread.frames):
            found = sight(thread.frames, source, owners)
            held = sum(_is_held(each.frames, source, owners) for each in thread.seen)
            stands.append(WaitNode(thread, found, _waiting(thread, found, history, owners), held))
    return WaitGraph(history, tuple(stands))


def _is_held(frames: Sequence[Frame], source: Source, owners: Ownership) -> bool:
    return bool(frames) and not waits_for_work(frames) and sight(frames, source, owners).seen


def _waiting(thread: ThreadHistory, found: ThreadWait, history: ProcessHistory, owners: Ownership) -> WaitingThreads:
    frames, line = thread.frames, thread.frames[found.line]
    start = max((i for i in range(found.line) if worlds.side(frames[i])), default=-1) + 1
    return WaitingThreads(
        pid=history.pid,
        role=thread.role,
        threads=(thread.last.name or str(thread.last.os_id or thread.last.id or "unnamed"),),
        kind=found.kind,
        line=Culprit(line, owners.of(line)),
        on=_on(found.kind, thread.role, history),
        frames=tuple(ChainFrame(*frame, owners.of(frame)) for frame in frames[start:]),
        looks=len(thread.seen),
        still=thread.still,
        timed=found.timed,
        seconds=history.seconds if thread.always else None,
        receiver=_receiver(thread, found.line),
    )


def _receiver(thread: ThreadHistory, line: int) -> str | None:
    selves = thread.last.selves
    return (selves[line] or None) if line < len(selves) else None


def _on(kind: WaitReason, role: ThreadRole, history: ProcessHistory) -> tuple[str, ...]:
    """The threads of this process that could end such a wait, by name; none where it is somebody outside."""
    if kind == "loop":
        private = [thread for thread in history.threads if thread.role == "private-loop"]
        return tuple(dict.fromkeys(thread.last.name for thread in (private or history.loops)))
    if kind not in {"pool", "thread", "lock"}:
        return ()
    others = [thread for thread in history.working if role == "loop" or thread.role != "loop"]
    return tuple(dict.fromkeys(thread.last.name for thread in others if not thread.idle))


def twins(waits: Iterable[WaitingThreads]) -> tuple[WaitingThreads, ...]:
    """Threads that wait at one line for one thing, together; the most first, loops before all."""
    groups: dict[tuple[object, ...], list[WaitingThreads]] = {}
    for each in waits:
        groups.setdefault((each.role, each.kind, each.line.frame), []).append(each)
    joined = [_joined(group) for group in groups.values()]
    return tuple(sorted(joined, key=lambda each: (each.role != "loop", -len(each.threads), each.line.frame)))


def _joined(group: list[WaitingThreads]) -> WaitingThreads:
    first = group[0]
    if len(group) == 1:
        return first
    return WaitingThreads(
        pid=first.pid,
        role=first.role,
        threads=tuple(name for each in group for name in each.threads),
        kind=first.kind,
        line=first.line,
        on=first.on,
        frames=first.frames,
        looks=min(each.looks for each in group),
        still=all(each.still for each in group),
        timed=first.timed,
        seconds=first.seconds if all(each.seconds is not None for each in group) else None,
        receiver=first.receiver,
    )
