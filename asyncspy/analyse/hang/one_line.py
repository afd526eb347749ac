"""Judge a loop that is at the very same line in each dump, where the kernel's account of its threads is missing."""

from __future__ import annotations

from asyncspy.analyse.hang.graph import WaitGraph
from asyncspy.analyse.hang.judgement import SHORT_WATCH_SECONDS, HangJudgement

LOOKS_AT_ONE_LINE = 3
"""So many dumps that all show one line are no chance where requests come and go."""


def at_one_line(graph: WaitGraph) -> HangJudgement | None:
    """Where the kernel's account is missing: the loop was at the very same own line, as the leaf, in every dump."""
    history = graph.history
    for node in graph.loops:
        own = graph.owners.of(node.thread.frames[-1]) is None
        if own and node.thread.still and node.thread.moved is None and history.looks >= LOOKS_AT_ONE_LINE:
            grounds = [
                f"the event loop was at one line of your code {history.period}, and serves no requests there",
                "whether that line computes, waits, or is reached again in one request after the other, these dumps do "
                "not say: asyncspy dump, which watches the process, does",
            ]
            return HangJudgement("blocked-loop", False, grounds, [node], watch=SHORT_WATCH_SECONDS)
    return None
