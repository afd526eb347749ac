"""A served corpus goes in; all of its routes are asked for, each as often as the others, and every failure is kept."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.live.harness import END_SECONDS, PER_CONNECTION, _acknowledge_at_once, _answer

COOKIE = "sessionid=corpusvisitor" + "0" * 19


@dataclass
class Asked:
    """How often each route was answered with which status; 0 is no answer."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    @property
    def failures(self) -> dict[tuple[str, int], int]:
        """Everything but 200: a fault that was not stopped by the guard, or a twin that was."""
        return {key: count for key, count in self.answers.items() if key[1] != 200}

    @property
    def total(self) -> int:
        """All requests."""
        return self.answers.total()


def routes(url: str) -> list[str]:
    """A round: every route, as often as the program says."""
    with urllib.request.urlopen(f"{url}routes", timeout=10) as answer:  # noqa: S310
        times: dict[str, int] = json.load(answer)
    return [route for route, count in times.items() for _ in range(count)]


@contextlib.contextmanager
def asking(
    url: str,
    paths: list[str],
    *,
    at_most: float = 300.0,
    concurrency: int = 4,
    per_connection: int = PER_CONNECTION,
) -> Iterator[Asked]:
    """Ask for these paths, round after round, for as long as the block runs."""
    stop, asked, deadline = threading.Event(), Asked(), time.monotonic() + at_most

    def wanted() -> bool:
        return not stop.is_set() and time.monotonic() < deadline

    async def visitors() -> None:
        await asyncio.gather(*(_visitor(url, mixed, asked, wanted, per_connection) for mixed in _mixed()))

    def _mixed() -> Iterator[list[str]]:
        for number in range(concurrency):
            yield random.Random(number).sample(paths, len(paths))

    thread = threading.Thread(target=lambda: asyncio.run(visitors()), name="load", daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join(END_SECONDS * 2)
        if thread.is_alive():
            raise RuntimeError("the load did not end")


async def _visitor(url: str, paths: list[str], asked: Asked, wanted: Callable[[], bool], per_connection: int) -> None:
    rounds = itertools.cycle(paths)
    while wanted():
        try:
            await _visit(url, itertools.islice(rounds, per_connection), asked, wanted)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            asked.answers[f"{type(error).__name__} instead of an answer", 0] += 1
            await asyncio.sleep(0.05)  # a server that is gone is not hammered


async def _visit(url: str, paths: Iterator[str], asked: Asked, wanted: Callable[[], bool]) -> None:
    """One connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for path in paths:
            if not wanted():
                return
            writer.write(f"GET /{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: {COOKIE}\r\n\r\n".encode())
            _acknowledge_at_once(writer)
            asked.answers[path, await asyncio.wait_for(_answer(reader), 20)] += 1
    finally:
        writer.close()
