"""A port and paths to requests: each once, to see what the program says, or round and round until the block ends."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import re
import threading
from collections.abc import Iterator, Sequence

COOKIE = {"Cookie": "sessionid=" + "core" * 8}
CLIENTS = 4
SAID = re.compile(r"(\d+) of (\d+)")


def ask(port: int, path: str) -> tuple[int, int]:
    """How many times of how many Django refused what this page does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=COOKIE)
        text = connection.getresponse().read(2000).decode("utf-8", "replace")
    finally:
        connection.close()
    said = SAID.fullmatch(text)
    if said is None:
        raise AssertionError(f"{path} answered {text[:500]!r}")
    return int(said[1]), int(said[2])


@contextlib.contextmanager
def loading(port: int, paths: Sequence[str]) -> Iterator[None]:
    """Ask for all paths again and again, over a few connections at once, for as long as the block runs."""
    stop = threading.Event()
    turns = itertools.cycle(paths)
    threads = [threading.Thread(target=_client, args=(port, turns, stop), daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(40)


def _client(port: int, turns: Iterator[str], stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
            ask(port, next(turns))
