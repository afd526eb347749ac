"""Judge what the threads of a process wait for: rules in order, of which the first that holds decides.

Each claims no more than its dumps prove. `certain` means that nothing else explains what was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asyncspy.analyse.hang.asgiref_bugs import HangShape, matching_bugs
from asyncspy.analyse.hang.graph import WaitGraph, WaitNode, find_saturated_pool
from asyncspy.analyse.hang.judgement import SHORT_WATCH_SECONDS, HangJudgement, Rule
from asyncspy.analyse.hang.one_line import at_one_line
from asyncspy.analyse.hang.own_requests import asks_itself
from asyncspy.analyse.hops import sync_middleware
from asyncspy.analyse.stacks.pattern import Pattern, any_of

DEADLOCK_SECONDS = 60
"""How long a wait that looks like a deadlock must not move to be called one; few requests take longer."""

SLOW_SECONDS = 1.0
"""How long a thread must have been busy for its request to be slow."""

MOST_OF_THE_TIME = 0.6
"""A loop that is not free in this part of the dumps, or of the time, serves no requests."""

CONTEXT_EXIT = any_of(Pattern("ThreadSensitiveContext.__aexit__", "asgiref/sync.py"))
STATE_STOPPED, STATE_TRACED = "T", "t"
"""The kernel's letters for a process's state. py-spy itself, run by another user, traces it for a moment only."""


def judge_graph(graph: WaitGraph) -> HangJudgement:
    """Return what the first rule that holds says."""
    return next(judgement for rule in RULES if (judgement := rule(graph)) is not None)


def stopped(graph: WaitGraph) -> HangJudgement | None:
    """The process is stopped or traced: nothing in it can move, and none of its code is to blame."""
    states = [dump.state for dump in graph.history.dumps]
    if all(state == STATE_TRACED for state in states):
        why = "the process is held by a debugger or tracer (gdb, strace): nothing in it can move until that lets it go"
        return HangJudgement("blocked-loop", True, [why], held_by="tracer")
    if states[-1] != STATE_STOPPED:
        return None
    why = "the process is stopped by a signal (SIGSTOP or Ctrl-Z): nothing in it can move until it is continued"
    return HangJudgement("blocked-loop", True, [why], held_by="signal")


def circular_wait(graph: WaitGraph) -> HangJudgement | None:
    """The loop waits for threads of its own process, and each of these that is not idle waits for the loop."""
    loop = next((node for node in graph.loops if node.wait.kind in {"pool", "thread", "lock", "loop"}), None)
    if loop is None or loop.wait.timed is not False or not loop.thread.unchanged:
        return None
    if graph.history.threads_with("private-loop"):
        return None
    if not all(node.wait.kind == "loop" and node.thread.unchanged for node in graph.others):
        return None
    return _joins_waiting_threads(graph, loop) or _no_thread_left(graph, loop)


def _joins_waiting_threads(graph: WaitGraph, loop: WaitNode) -> HangJudgement | None:
    """The loop waits for the end of threads that wait for the loop: one dump proves it."""
    if loop.wait.kind != "pool" or not graph.others:
        return None
    some = f"{len(graph.others)} threads" if len(graph.others) > 1 else "a thread"
    grounds = [
        f"the event loop waits for {some} to end, and serves no requests until then",
        f"{_each(graph.others)} waits for the event loop: neither can go on",
        f"this is proved by the frames alone, and they were the same {graph.history.period}",
    ]
    bugs = matching_bugs("closing", graph.target) if any(map(CONTEXT_EXIT.match, loop.thread.frames)) else []
    return HangJudgement("deadlock", True, grounds, graph.others, bugs)


def _no_thread_left(graph: WaitGraph, loop: WaitNode) -> HangJudgement | None:
    """The loop waits for something that only this process can provide, and no thread is left to provide it."""
    if not loop.thread.still or loop.thread.moved:
        return None
    rest = f"{_each(graph.others)} waits for the loop itself" if graph.others else "no other thread has anything to do"
    wanted = {"lock": "a lock", "loop": "a coroutine that only the loop itself could run"}
    grounds = [
        f"the event loop waits for {wanted.get(loop.wait.kind, 'the result of other work')}, without a limit",
        f"{rest}: no thread is left that could end that wait",
        f"nothing has moved {graph.history.period}",
    ]
    certain = loop.wait.kind in {"lock", "loop"} or bool(graph.others)
    return HangJudgement("deadlock", certain, grounds, [loop])


def blocked(graph: WaitGraph) -> HangJudgement | None:
    """The loop is in one blocking call all the time."""
    looks = graph.history.looks
    for node in graph.loops:
        if node.is_waiting and (node.thread.still or looks == 1):
            grounds = [f"the event loop is inside one wait {graph.history.period} and serves no requests until it ends"]
            if node.thread.moved is False:
                grounds.append("the kernel did not let it run once between the looks")
            watch = SHORT_WATCH_SECONDS if looks == 1 else None
            return HangJudgement("blocked-loop", looks > 1, grounds, [node], watch=watch)
    return None


def often_blocked(graph: WaitGraph) -> HangJudgement | None:
    """The loop moves, but most dumps show it in a blocking call."""
    looks = graph.history.looks
    for node in graph.loops:
        if node.wait.shown and looks > 1 and node.waiting_looks >= max(2, MOST_OF_THE_TIME * looks):
            often = f"in {node.waiting_looks} of {looks} looks the event loop was in a call that blocks"
            why = f"{often}; it moved in between"
            return HangJudgement("blocked-loop", False, [why], [node])
    return None


def exhausted_pool(graph: WaitGraph) -> HangJudgement | None:
    """Every thread of a pool is taken: other work for it has to wait."""
    pool = find_saturated_pool(graph)
    if pool is None:
        return None
    taken = {
        "shared": "the one thread for thread-sensitive work of this process is",
        "default-pool": f"all {len(pool.nodes)} threads of the default pool are",
    }
    grounds = [f"{taken[pool.role]} taken {graph.history.period}: other work for it has to wait"]
    still = all(node.thread.still for node in pool.nodes)
    if still:
        grounds.append("none of them has moved" if len(pool.nodes) > 1 else "it has not moved")
    if all(node.wait.kind == "loop" for node in pool.nodes):
        grounds.append("each waits for a coroutine; where that needs this pool, too, it is a deadlock")
    return HangJudgement("pool-exhausted", still and pool.size_known, grounds, pool.nodes)


def busy(graph: WaitGraph) -> HangJudgement | None:
    """The process computes."""
    history, several = graph.history, graph.history.looks > 1
    share = history.cpu_share(node.thread for node in graph.loops)
    loops = [node for node in graph.loops if not node.wait.shown]
    if share is not None and share >= MOST_OF_THE_TIME:
        why = f"the event loop computes: it ran, or waited for its turn to run, for {share:.0%} of the time"
        return HangJudgement("busy", several, [why], loops)
    if share is None and any(node.thread.always_busy for node in loops):
        why = f"the event loop was at work {history.period}; whether it computes or waits cannot be seen"
        return HangJudgement("busy", False, [why], loops)
    share = history.cpu_share(history.threads)
    if share is not None and share >= MOST_OF_THE_TIME:
        why = f"its threads compute: together they ran, or waited for their turn, for {share:.0%} of the time"
        others = [node for node in graph.others if not node.wait.shown]
        return HangJudgement("busy", several, [why], others)
    return None


def suspected_deadlock(graph: WaitGraph) -> HangJudgement | None:
    """Threads wait for this process itself, without a limit, and do not move. A slow request can look the same."""
    one_look = graph.history.looks == 1
    stuck = [node for node in graph.others if _may_be_stuck(node, one_look=one_look)]
    if not stuck:
        return None
    seconds = graph.history.seconds or 0.0
    bugs = list(dict.fromkeys(bug for node in stuck for bug in matching_bugs(_shape_of(node), graph.target)))
    first = f"{_each(stuck)} waits for {_most_wanted(stuck)} and has not moved {graph.history.period}"
    if not one_look and seconds >= DEADLOCK_SECONDS:
        second = f"nothing that takes part has moved for {seconds:.0f} s; requests that long are rare"
        return HangJudgement("deadlock", False, [first, second], stuck, bugs)
    second = "a request that is merely slow has the same frames: only time tells them apart"
    return HangJudgement("suspected", False, [first, second], stuck, bugs, watch=DEADLOCK_SECONDS)


def _may_be_stuck(node: WaitNode, *, one_look: bool) -> bool:
    wait, thread = node.wait, node.thread
    if wait.kind not in {"loop", "thread", "lock"} or wait.timed is True or thread.role == "other":
        return False
    return thread.still or (one_look and wait.kind == "loop")


def slow(graph: WaitGraph) -> HangJudgement | None:
    """Work in a thread takes long, and the loop is free."""
    history = graph.history
    busy_threads = [node for node in graph.others if node.thread.always_busy and node.thread.role != "other"]
    too_short = history.looks == 1 or (history.seconds is not None and history.seconds < SLOW_SECONDS)
    if too_short or not busy_threads:
        return None
    why = f"{_each(busy_threads)} has been at work {history.period}; the event loop is free"
    return HangJudgement("slow", True, [why], busy_threads)


def healthy(graph: WaitGraph) -> HangJudgement | None:
    """Work comes and goes."""
    if all(thread.idle for thread in graph.history.threads if thread.role != "other"):
        return None
    why = "work comes and goes: no thread was at the same thing all the time, and the event loop was free in between"
    if graph.history.looks == 1:
        why = "the event loop was free when it was looked at; one look cannot tell more"
    return HangJudgement("healthy", graph.history.looks > 1, [why])


def idle(graph: WaitGraph) -> HangJudgement:
    """No thread has anything to do; coroutines that wait have no thread."""
    grounds = [f"no thread had anything to do {graph.history.period}"]
    if not any(dump.tasks for dump in graph.history.dumps):
        grounds.append("a coroutine that waits for ever has no thread, and cannot be seen this way before Python 3.14")
    return HangJudgement("idle", graph.history.looks > 1, grounds)


RULES: tuple[Rule, ...] = (
    stopped,
    circular_wait,
    asks_itself,
    blocked,
    often_blocked,
    at_one_line,
    exhausted_pool,
    busy,
    suspected_deadlock,
    slow,
    healthy,
    idle,
)


def _shape_of(node: WaitNode) -> HangShape:
    return "middleware" if sync_middleware.find_sync_middleware(node.thread.frames) else "sync view"


def _each(nodes: Sequence[WaitNode]) -> str:
    return f"each of {len(nodes)} threads" if len(nodes) > 1 else "a thread"


def _most_wanted(nodes: Sequence[WaitNode]) -> str:
    """What most of these threads wait for, in words."""
    (kind, _), *_ = Counter(node.wait.kind for node in nodes).most_common(1)
    words = {"loop": "the event loop to finish a coroutine", "lock": "a lock"}
    return words.get(kind, "another thread")
