"""Types for where tasks wait: by line of code and by what is awaited there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.findings import Culprit, Interval
from asyncspy.model.stacks import ChainFrame, Frame

AwaitedKind = Literal[
    "hop-queue", "hop", "database", "cache", "http", "socket", "lock", "queue", "sleep", "task", "turn", "future"
]
"""What a task awaits: a hop that waits for its thread (hop-queue) or runs in it (hop), a driver of a database or of a
cache, an HTTP client, another peer (socket), a lock, a queue, time (sleep), other tasks, the loop itself (turn: it is
ready), or a future of which no more is known."""


class AwaitedShare(NamedTuple):
    """What is awaited, in how many tasks on average, and its share of all that wait."""

    kind: AwaitedKind
    tasks: float
    share: Interval


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A line of code whose tasks wait for one thing: on average so many `tasks`, and their share of all that wait.

    `package` is the package that is awaited, if it is a driver or a client. `entry` is the view, middleware or consumer
    that led there most often, and `chain` leads from it to what is awaited.
    """

    culprit: Culprit
    kind: AwaitedKind
    package: str | None
    tasks: float
    share: Interval
    entry: tuple[str, Frame] | None
    chain: tuple[ChainFrame, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where tasks wait, the most first: by line (`lines`), and by what they await (`kinds`), which add up to `tasks`.

    `looks` is how often was looked, `evidence` how many single waits would prove as much. `clients` is how many tasks
    wait for what a client sends, on average; they are in no share. `off` is why looking ended early somewhere.
    """

    looks: int
    tasks: float
    evidence: float
    kinds: tuple[AwaitedShare, ...]
    lines: tuple[WaitingLine, ...]
    clients: float = 0.0
    beyond: float = 0.0
    off: str | None = None
