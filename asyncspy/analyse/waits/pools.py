"""Samples that count waits, to how busy the thread pools are, and which of them is full.

A pool is known by what its threads are called and do. Django >= 4.0 gives every request a thread of its own: those
are never full. Outside of a request all thread-sensitive work shares one thread, and run_in_executor shares a few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from asyncspy.analyse import confidence
from asyncspy.analyse.hops import hop_costs
from asyncspy.analyse.ranking import most_common
from asyncspy.analyse.stacks import packages, worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.model.findings import Culprit, Evidence, Finding, Interval, Remedy
from asyncspy.model.stacks import ChainFrame, Frame, Stack

FULL = 0.8
"""A pool whose threads are all busy for at least this part of the time (the lower bound) is full."""

FEWEST_SAMPLES = 20


class ThreadPool(NamedTuple):
    """One kind of pool: its threads' names, whose frames are on them, how many there are at least, what to do."""

    name: str
    threads: re.Pattern[str]
    package: str
    fewest: int
    remedies: tuple[Remedy, ...]


SENSITIVE_THREAD, DEFAULT_EXECUTOR = POOLS = (
    ThreadPool(
        "the one thread of thread-sensitive work",
        re.compile(r"ThreadPoolExecutor-0_0"),  # asgiref makes it when it is imported, before any other pool
        "asgiref",
        1,
        (
            Remedy(
                "where it need not share a thread with other work (no database, no thread-local state): "
                "sync_to_async(function, thread_sensitive=False)"
            ),
            Remedy("one thread for each request: async with ThreadSensitiveContext(): around it, as Django 4.0+ does"),
        ),
    ),
    ThreadPool(
        "the default executor",
        re.compile(r"(?:asyncio|uvloop)_\d{1,3}"),
        packages.STDLIB,
        5,  # min(32, processors + 4)
        (
            Remedy("make what fills it faster or asynchronous, or cap how much of it runs at once"),
            Remedy("a larger pool: loop.set_default_executor(ThreadPoolExecutor(max_workers=…))"),
        ),
    ),
)

Key = tuple[int | None, str]


class _Busy(NamedTuple):
    """One pool of one process: busy samples by thread, and the stacks that ran there."""

    threads: Counter[str]
    stacks: Counter[tuple[Frame, ...]]


def measure_pools(
    stacks: Mapping[Stack, int], ticks: Mapping[int | None, int], owners: Ownership
) -> tuple[float | None, list[Finding], list[Finding]]:
    """How many pool threads are busy on average in each process, the pools that are full, and the others.

    `ticks` is how often each process was looked at.
    """
    busy: dict[tuple[int | None, ThreadPool], _Busy] = {}
    working = 0
    for stack, weight in stacks.items():
        if judge_stack(stack.frames).world != "pool":
            continue
        working += weight
        pool = _known(stack, owners)
        if pool is not None:
            one = busy.setdefault((stack.pid, pool), _Busy(Counter(), Counter()))
            one.threads[stack.thread] += weight
            one.stacks[stack.frames] += weight
    looked = sum(ticks.values())
    full: list[Finding] = []
    others: list[Finding] = []
    for (pid, pool), one in busy.items():
        share = _busy(one, ticks, pid)
        if share is not None:
            (full if _is_full(pool, one, share, ticks.get(pid, 0)) else others).append(
                _finding(pool, one, share, owners)
            )
    return working / looked if looked else None, full, others


def pool_name(stack: Stack, owners: Ownership) -> str | None:
    """The name of the pool that this thread of a pool belongs to, if it is a known one."""
    pool = _known(stack, owners)
    return pool.name if pool is not None else None


def _known(stack: Stack, owners: Ownership) -> ThreadPool | None:
    return next((each for each in POOLS if _is_of(stack, each, owners)), None)


def _is_of(stack: Stack, pool: ThreadPool, owners: Ownership) -> bool:
    named = pool.threads.fullmatch(stack.thread) is not None
    return named and any(owners.of(frame) == pool.package for frame in stack.frames)


def _busy(one: _Busy, ticks: Mapping[int | None, int], pid: int | None) -> Interval | None:
    """The part of the time that its threads were busy, the laziest of them being what counts."""
    looked = ticks.get(pid, 0)
    return confidence.share(min(*one.threads.values(), looked), looked)


def _is_full(pool: ThreadPool, one: _Busy, share: Interval, looked: int) -> bool:
    return len(one.threads) >= pool.fewest and looked >= FEWEST_SAMPLES and share.low >= FULL


def _finding(pool: ThreadPool, one: _Busy, share: Interval, owners: Ownership) -> Finding:
    frames, culprit = _main_work(one, owners)
    weight = one.threads.total()
    return Finding(
        kind="pool-saturated",
        evidence=Evidence(sampled=weight),
        allowed=False,
        culprit=Culprit(frames[culprit], owners.of(frames[culprit])),
        call=pool.name,
        sink=None,
        entries=(),
        chain=tuple(ChainFrame(*frame, owners.of(frame)) for frame in frames[_start(frames) : culprit + 1]),
        remedies=pool.remedies,
        share=share,
        threads=float(len(one.threads)),
    )


def _main_work(one: _Busy, owners: Ownership) -> tuple[tuple[Frame, ...], int]:
    """The stack that fills the pool most, by the deepest own line on it, and that line; else the leaf."""
    lines: Counter[tuple[str, int]] = Counter()
    shown: dict[tuple[str, int], tuple[tuple[Frame, ...], int]] = {}
    for frames, weight in one.stacks.items():
        own = next((i for i in range(len(frames) - 1, -1, -1) if owners.of(frames[i]) is None), -1)
        index = own if own >= _start(frames) else hop_costs.index_of_work(frames, _start(frames) - 1, owners)
        index = index if index >= 0 else len(frames) - 1
        key = (frames[index].file, frames[index].line)
        lines[key] += weight
        shown.setdefault(key, (frames, index))
    return shown[most_common(lines)]


def _start(frames: tuple[Frame, ...]) -> int:
    """The first frame beyond what belongs to the pool itself."""
    return max((i for i, frame in enumerate(frames) if worlds.boundary_side(frame) == "pool"), default=-1) + 1
