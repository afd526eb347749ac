"""Measure from samples that count waits how busy the thread pools are, and find those that are full.

A pool is known by its threads' names and frames. Django >= 4.0 gives every request a thread of its own: those are never
full. Outside of a request all thread-sensitive work shares one thread, and run_in_executor shares a few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from asyncspy.analyse import confidence
from asyncspy.analyse.hops import hop_costs
from asyncspy.analyse.line_samples import LineSamples
from asyncspy.analyse.ranking import most_common
from asyncspy.analyse.stacks import packages, worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.model.findings import Finding, Interval, Remedy
from asyncspy.model.stacks import Frame, Stack

FULL_SHARE = 0.8
"""A pool is full if all its threads are busy for at least this part of the time (the lower bound)."""

FEWEST_SAMPLES = 20


class ThreadPool(NamedTuple):
    """A kind of pool: its threads' names, the package whose frames they show, its minimum size, and what to do."""

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


@dataclass
class _PoolSamples:
    """Samples of work in one pool of one process, by thread and by line, with a stack for each line."""

    threads: Counter[str] = field(default_factory=Counter)
    lines: Counter[tuple[str, int]] = field(default_factory=Counter)
    examples: dict[tuple[str, int], tuple[tuple[Frame, ...], int]] = field(default_factory=dict)


def measure_pools(
    stacks: Mapping[Stack, int], ticks: Mapping[int | None, int], owners: Ownership
) -> tuple[float | None, list[Finding], list[Finding]]:
    """Return how many pool threads are busy on average in each process, and findings for full pools and for others.

    `ticks` is how often each process was sampled.
    """
    pools: dict[tuple[int | None, ThreadPool], _PoolSamples] = {}
    busy = 0
    for stack, weight in stacks.items():
        if judge_stack(stack.frames).world != "pool":
            continue
        busy += weight
        pool = _pool_of(stack, owners)
        if pool is not None:
            samples = pools.setdefault((stack.pid, pool), _PoolSamples())
            samples.threads[stack.thread] += weight
            index = _line_of_work(stack.frames, owners)
            line = stack.frames[index].file, stack.frames[index].line
            samples.lines[line] += weight
            samples.examples.setdefault(line, (stack.frames, index))
    full: list[Finding] = []
    others: list[Finding] = []
    for (pid, pool), samples in pools.items():
        looked = ticks.get(pid, 0)
        share = confidence.share(min(*samples.threads.values(), looked), looked)  # of its least busy thread
        if share is not None:
            is_full = len(samples.threads) >= pool.fewest and looked >= FEWEST_SAMPLES and share.low >= FULL_SHARE
            (full if is_full else others).append(_finding(pool, samples, share, owners))
    looked = sum(ticks.values())
    return busy / looked if looked else None, full, others


def pool_name(stack: Stack, owners: Ownership) -> str | None:
    """The name of the known pool that a stack's thread belongs to, if it does."""
    pool = _pool_of(stack, owners)
    return pool.name if pool is not None else None


def _pool_of(stack: Stack, owners: Ownership) -> ThreadPool | None:
    named = [pool for pool in POOLS if pool.threads.fullmatch(stack.thread)]
    return next((pool for pool in named if any(owners.of(frame) == pool.package for frame in stack.frames)), None)


def _line_of_work(frames: Sequence[Frame], owners: Ownership) -> int:
    """The index of the deepest own frame, else of what the thread was started for, else of the leaf."""
    start = _after_pool(frames)
    own = next((i for i in range(len(frames) - 1, start - 1, -1) if owners.of(frames[i]) is None), -1)
    index = own if own >= 0 else hop_costs.index_of_work(frames, start - 1, owners)
    return index if index >= 0 else len(frames) - 1


def _after_pool(frames: Sequence[Frame]) -> int:
    """The index of the first frame that does not belong to the pool itself."""
    return max((i for i, frame in enumerate(frames) if worlds.boundary_side(frame) == "pool"), default=-1) + 1


def _finding(pool: ThreadPool, samples: _PoolSamples, share: Interval, owners: Ownership) -> Finding:
    frames, culprit = samples.examples[most_common(samples.lines)]
    line = LineSamples()
    line.add(frames[culprit], frames[_after_pool(frames) : culprit + 1], samples.threads.total())
    finding = line.finding("pool-saturated", pool.name, pool.remedies, owners)
    return replace(finding, share=share, threads=float(len(samples.threads)))
