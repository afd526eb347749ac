"""An analysis to the commands that are worth running next, with what each is for."""

from __future__ import annotations

import math
import shlex
from typing import NamedTuple

from asyncspy.model.analysis import Analysis
from asyncspy.report.present.place_names import outside
from asyncspy.report.present.sampling_words import looks_synchronous
from asyncspy.report.view import View
from asyncspy.untrusted import finite

LONGER = 4
SHORTEST_SECONDS = 60


class NextStep(NamedTuple):
    """A command line and its purpose."""

    command: str
    purpose: str


def next_steps(analysis: Analysis, view: View) -> list[NextStep]:
    """What to run now; the commands are whole and can be pasted."""
    steps = []
    if analysis.verdict == "violations":
        steps.append(NextStep("asyncspy find-workers", "once the fix is live: the workers to record again"))
    elif analysis.verdict == "none-seen" and view.pid is not None:
        longer = f"asyncspy attach --pid {view.pid} --duration {_longer(analysis)}"
        steps.append(NextStep(longer, "longer, to catch rarer calls"))
    else:
        if view.pid is not None and not looks_synchronous(analysis.samples):
            steps.append(NextStep(f"asyncspy attach --pid {view.pid}", "while it serves requests"))
        steps.append(NextStep("asyncspy find-workers", "which processes serve requests"))
    if view.saved is not None and analysis.verdict != "no-data":
        path = outside(shlex.quote(view.saved), view)
        steps.append(NextStep(f"asyncspy report {path}", "this report again, without the process"))
    return steps


def _longer(analysis: Analysis) -> int:
    seconds = sum(finite(origin.duration) or 0 for origin in analysis.origins)
    return max(SHORTEST_SECONDS, math.ceil(seconds * LONGER))
