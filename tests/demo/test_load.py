"""The load: it asks, counts what it is answered, stops when it should, and leaves other machines alone."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asyncspy.demo.traffic import ROUTES, Load


class Target(ThreadingHTTPServer):
    """Fails every second product page, and remembers who asked for what."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: Counter[tuple[str, str]] = Counter()
        self.cookies: dict[str, str | None] = {}
        self.failed = 0
        self.full_round = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def note(self, request: Answer) -> int:
        with self.lock:
            self.asked[request.command, request.path] += 1
            self.cookies[request.path] = request.headers["Cookie"]
            if len(self.asked) == len(ROUTES):
                self.full_round.set()
            bad = request.path.endswith("/product-7/") and self.asked[request.command, request.path] % 2
            self.failed += bool(bad)
        return 500 if bad else 200


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(self.server.note(self))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_page_is_asked_for_and_every_answer_counted(target: Target) -> None:
    with Load(target.url, "key") as load:
        assert target.full_round.wait(20)
    assert set(target.asked) == {(route.method, route.path) for route in ROUTES}
    assert load.total == sum(target.asked.values())
    assert load.failed == load.statuses[500] == target.failed > 0
    assert load.unanswered == 0


def test_only_the_pages_that_need_it_get_the_session(target: Target) -> None:
    with Load(target.url, "key"):
        assert target.full_round.wait(20)
    assert target.cookies == {route.path: "sessionid=key" if route.logged_in else None for route in ROUTES}


def test_nothing_is_asked_after_the_block(target: Target) -> None:
    with Load(target.url, "key") as load:
        assert target.full_round.wait(20)
    before = load.total
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncspy-visitor")]
    assert load.total == before == sum(target.asked.values())


def test_it_ends_by_itself_after_its_time(target: Target) -> None:
    with Load(target.url, "key", seconds=0.2) as load:
        deadline = time.monotonic() + 20
        while load.running and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not load.running
        assert load.total > 0


def test_a_shop_that_is_gone_is_counted_and_does_not_fail() -> None:
    with Target() as server:
        url = server.url
    with Load(url, "key", seconds=30) as load:
        deadline = time.monotonic() + 20
        while not load.unanswered and time.monotonic() < deadline:
            time.sleep(0.01)
    assert load.unanswered > 0
    assert load.total == 0


@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "http://example.com", "http://[2001:db8::1]:80", "nonsense"])
def test_only_loopback_is_loaded(url: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Load(url, "key")
