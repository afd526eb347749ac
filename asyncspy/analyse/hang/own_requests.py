"""Find loops and workers that wait for an answer that only they themselves, or one another, could give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from asyncspy.analyse.hang.graph import WaitGraph, WaitNode
from asyncspy.analyse.hang.history import ThreadHistory
from asyncspy.analyse.hang.judgement import HangJudgement
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import AskedServer

ACCEPTING = frozenset({"select", "poll", "accept", "serve_forever"})
"""Where a thread may wait for connections: the last names of its functions."""

_PORT = re.compile(r":(\d+)\b")


def with_answerers(graphs: Sequence[WaitGraph]) -> list[WaitGraph]:
    """The graphs, each with the processes that could answer what it waits for, if they all wait for one another."""
    asked = {graph.history.pid: found.pids for graph in graphs if (found := _asked_in_all_looks(graph))}
    while free := [pid for pid, pids in asked.items() if not asked.keys() >= set(pids)]:
        for pid in free:
            del asked[pid]
    return [replace(graph, answerers=asked.get(graph.history.pid, ())) for graph in graphs]


def asks_itself(graph: WaitGraph) -> HangJudgement | None:
    """All that could answer waits for an answer itself: the socket tables prove it."""
    if not graph.answerers:
        return None
    node = _only_acceptor(graph)
    if node is None:
        return None
    who = "the event loop" if node.thread.role == "loop" else "the only thread"
    others = ", ".join(str(pid) for pid in graph.answerers if pid != graph.history.pid)
    whose = "to this very process" if graph.history.pid in graph.answerers else f"to process {others}"
    if others and graph.history.pid in graph.answerers:
        whose = f"to its own server, which only this process and {others} could give"
    end = "they wait in the same way, and none of them can answer" if others else "nothing is left that could answer"
    grounds = [
        f"{who} waits, without a limit, for the answer to a request {whose}: {end}",
        f"the kernel's tables of sockets prove it, and it was the same {graph.history.period}",
    ]
    return HangJudgement("deadlock", True, grounds, [node], own_server=True)


def _only_acceptor(graph: WaitGraph) -> WaitNode | None:
    """The loop if no other thread may accept connections, or the only thread of a process without a loop."""
    threads = graph.history.threads
    loops = graph.history.threads_with("loop")
    if len(loops) > 1 or graph.history.threads_with("private-loop"):
        return None
    candidates = graph.loops if loops else graph.others if len(threads) == 1 else []
    node = next((each for each in candidates if each.thread.still and each.wait.kind in {"socket", "unknown"}), None)
    if node is None or any(_may_accept(thread) for thread in threads if thread is not node.thread):
        return None
    return node


def _may_accept(thread: ThreadHistory) -> bool:
    return any(last_segment(frame.function) in ACCEPTING for each in thread.snapshots for frame in each.frames)


def _asked_in_all_looks(graph: WaitGraph) -> AskedServer | None:
    """Whom the one waiting thread asks in every look, at a port that the server listens on."""
    node = _only_acceptor(graph)
    if node is None:
        return None
    number = node.thread.last.os_id
    found = {dump.asks.get(number) if dump.asks and number is not None else None for dump in graph.history.dumps}
    asked = found.pop() if len(found) == 1 else None
    return asked if asked is not None and asked.port in _ports(graph.target) else None


def _ports(target: Worker | None) -> set[int]:
    return {int(port) for port in _PORT.findall(target.bind or "")} if target is not None else set()
