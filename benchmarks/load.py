"""A server's address and a pace to the latency of every request, counted from when it was meant to be sent.

Open loop: requests are meant at fixed times, whether or not earlier ones have been answered. One that finds no free
connection waits, and that counts: a client that holds back while the server is held hides the very thing to be seen.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CONNECTIONS = 32
CLOSED_LOOP = 12
"""How many clients saturate a worker: enough that it always has a request to work on."""


@dataclass
class Taken:
    """The latencies in seconds, and what had no good answer."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency, in milliseconds, that so many stay under."""
        ranked = sorted(self.latencies)
        return 1000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("nan")


def open_loop(url: str, rate: float, seconds: float) -> Taken:
    """So many requests a second, each counted from the moment that it was meant."""
    return asyncio.run(_run(url, seconds, CONNECTIONS, lambda start: (start + n / rate for n in itertools.count())))


def closed_loop(url: str, seconds: float, clients: int = CLOSED_LOOP) -> Taken:
    """As many as it answers: each client sends its next request when it has its answer."""
    return asyncio.run(_run(url, seconds, clients, lambda _start: itertools.repeat(0.0)))


async def _run(url: str, seconds: float, connections: int, times: Callable[[float], Iterator[float]]) -> Taken:
    parts = urlsplit(url)
    asked = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    start = time.perf_counter()
    meant, end, taken = times(start), start + seconds, Taken(seconds)

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        quick = writer.get_extra_info("socket")
        while (at := next(meant) or time.perf_counter()) < end:
            if (early := at - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            writer.write(asked)
            quick.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            try:
                good = await asyncio.wait_for(_answer(reader), 10)
            except (OSError, EOFError, ValueError, asyncio.TimeoutError):
                writer.close()
                taken.failed += 1
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                quick = writer.get_extra_info("socket")
                continue
            if good:
                taken.latencies.append(time.perf_counter() - at)
            else:
                taken.failed += 1
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return taken


async def _answer(reader: asyncio.StreamReader) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, length = head.partition(b"content-length: ")
    if found:
        await reader.readexactly(int(length.split(b"\r", 1)[0]))
    else:
        await reader.readuntil(b"0\r\n\r\n")  # in chunks, as Django answers without its CommonMiddleware
    return head.split(b" ", 2)[1] == b"200"
