"""The verdict on one process and its grounds, as the rules give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from asyncspy.analyse.hang.asgiref_bugs import AsgirefBug
from asyncspy.analyse.hang.graph import WaitGraph, WaitNode
from asyncspy.model.hangs import HangVerdict

SHORT_WATCH_SECONDS = 5
"""How long to watch to rule out a short wait."""


@dataclass(frozen=True)
class HangJudgement:
    """The verdict on one process and its grounds."""

    verdict: HangVerdict
    certain: bool
    grounds: Sequence[str]
    to_blame: Sequence[WaitNode] = ()
    bugs: Sequence[AsgirefBug] = ()
    watch: int | None = None
    held_by: Literal["signal", "tracer"] | None = None
    own_server: bool = False
    """Whether it waits for an answer of its own server."""


Rule = Callable[[WaitGraph], HangJudgement | None]
