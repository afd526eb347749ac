"""Send requests for all pages of a running shop until stopped, and count the answers."""

from __future__ import annotations

import http.client
import ipaddress
import itertools
import random
import socket
import threading
import time
from collections import Counter
from types import TracebackType
from typing import NamedTuple
from urllib.parse import urlsplit

ANSWER_SECONDS = 10.0
REQUESTS_PER_CONNECTION = 40
"""A connection stays with one worker; a new one now and then gives every worker its share."""

QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""uvicorn sends headers and body apart and without TCP_NODELAY: a late acknowledgement costs 40 ms per request.
The kernel forgets this option, so it is set before every answer."""


class Page(NamedTuple):
    """One page, how often a visitor asks for it in a round, whether logged in, and what is sent along."""

    path: str
    weight: int
    logged_in: bool = False
    body: str | None = None

    @property
    def method(self) -> str:
        """A body is posted."""
        return "GET" if self.body is None else "POST"


EVERY_ORDER = str(list(range(1, 21)))

# Weighted so that a recording of 20 s shows every planted fault: one that is quickly refused needs more requests.
ROUTES = (
    Page("/", 1),
    Page("/catalogue/", 5),
    Page("/catalogue/print/", 1),
    Page("/category/tea/", 5),
    Page("/category/tea/feed/", 1),
    Page("/product/product-7/", 6),
    Page("/product/product-7/stock/", 1),
    Page("/basket/", 4),
    Page("/basket/total/", 1),
    Page("/orders/3/", 4),
    Page("/orders/3/receipt/", 1),
    Page("/account/offers/", 3, logged_in=True),
    Page("/account/orders/", 4, logged_in=True),
    Page("/staff/menu/", 4, logged_in=True),
    Page("/staff/stock/", 1, logged_in=True),
    Page("/webhooks/payment/", 4, body=EVERY_ORDER),
    Page("/webhooks/refund/", 3, body=EVERY_ORDER),
    Page("/webhooks/delivery/", 1, body="[7]"),
)


class Load:
    """Visitors of a shop while the context lasts, or until `seconds` are over; the counts are complete afterwards.

    Each visitor sends its next request as soon as the last one was answered.
    """

    def __init__(self, url: str, session: str, *, visitors: int = 4, seconds: float = 120.0) -> None:
        parts = urlsplit(url)
        if parts.hostname is None or not _is_loopback(parts.hostname):
            raise ValueError(f"the load is for loopback only, not for {url}")
        self._host, self._port = parts.hostname, parts.port
        self._cookie = {"Cookie": f"sessionid={session}"}
        self._seconds = seconds
        self._deadline = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.unanswered = 0
        self._threads = [
            threading.Thread(target=self._visit, args=(n,), name=f"asyncspy-visitor-{n}", daemon=True)
            for n in range(visitors)
        ]

    @property
    def running(self) -> bool:
        """Whether any visitor still sends requests."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def total(self) -> int:
        """The number of requests that were answered."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """The number of answers with status 500 and above."""
        return sum(count for status, count in self.statuses.items() if status >= http.client.INTERNAL_SERVER_ERROR)

    def __enter__(self) -> Load:
        self._deadline = time.monotonic() + self._seconds
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 1)

    def _visit(self, number: int) -> None:
        """Be one visitor: request all routes in a shuffled order, again and again."""
        rounds = [route for route in ROUTES for _ in range(route.weight)]
        random.Random(number).shuffle(rounds)  # noqa: S311
        routes = itertools.cycle(rounds)
        while self._continues():
            connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
            try:
                for route in itertools.islice(routes, REQUESTS_PER_CONNECTION):
                    if not self._continues():
                        return
                    self._ask(connection, route)
            except (OSError, http.client.HTTPException):
                with self._lock:
                    self.unanswered += 1
                self._stop.wait(0.2)
            finally:
                connection.close()

    def _continues(self) -> bool:
        return not self._stop.is_set() and time.monotonic() < self._deadline

    def _ask(self, connection: http.client.HTTPConnection, route: Page) -> None:
        connection.request(route.method, route.path, route.body, self._cookie if route.logged_in else {})
        if QUICK_ACK is not None and connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        response = connection.getresponse()
        response.read()
        with self._lock:
            self.statuses[response.status] += 1


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may resolve to any address
