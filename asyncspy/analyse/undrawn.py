"""Count the loop's samples that end where a flame graph may have left a call to the database out.

A drawing leaves out frames that are too narrow; their samples seem to end in what called them. Where an unsafe call
ends like that, it ends in a frame that also has callees, in own code, or in Django's call itself (`QuerySet.count`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.sinks import may_be_sink
from asyncspy.analyse.stacks.worlds import StackVerdict
from asyncspy.model.stacks import UNSAMPLED_MODES, Origin, Stack


def least_drawn(origins: Sequence[Origin]) -> int:
    """The fewest samples that a frame of any of these had to have to be drawn; 1 where nothing was left out."""
    return max((origin.least_drawn for origin in origins if origin.mode not in UNSAMPLED_MODES), default=1)


def ends_before_callees(
    stacks: Mapping[Stack, int], verdicts: Sequence[StackVerdict], owners: Ownership, origins: Sequence[Origin]
) -> int | None:
    """How many samples of the loop may have gone on into an unsafe call that was not drawn; None if all is drawn."""
    if least_drawn(origins) <= 1:
        return None
    ordered = sorted(stack.frames for stack in stacks)
    callers = {caller for caller, callee in pairwise(ordered) if callee[: len(caller)] == caller}
    return sum(
        weight
        for (stack, weight), verdict in zip(stacks.items(), verdicts, strict=True)
        if verdict.world == "loop"
        and not any(map(may_be_sink, stack.frames[verdict.boundary + 1 :]))
        and (stack.frames in callers or owners.of(stack.frames[-1]) is None or CALLS.match(stack.frames[-1]))
    )
