"""The whole of asyncspy on real servers: what was planted is named, what is legitimate is not, nothing is harmed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.live.harness import PROGRAMS, Loop, Server, ServerKind, loading, serving

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

SHOP = PROGRAMS / "shop"
SECONDS = 10


def marked(mark: str) -> set[tuple[str, int]]:
    """The lines of the program that end with this mark."""
    return {
        (str(file), number)
        for file in SHOP.rglob("*.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if line.rstrip().endswith(f"# {mark}")
    }


PLANTED = marked("planted")


def asyncspy(*words: str) -> list[str]:
    return [sys.executable, "-m", "asyncspy", *words]


def attach(server: Server, folder: Path, *words: str, seconds: int = SECONDS) -> dict[str, Any]:
    """Attach for so long, under load, and give the JSON report; the target has to be as it was."""
    before = psutil.Process(server.pid).status()
    options = ["--duration", str(seconds), "--wall-duration", "2", "--output", str(folder), "--format", "json", *words]
    with loading(server.url) as loaded:
        done = subprocess.run(
            asyncspy("attach", "--pid", str(server.pid), *options),
            capture_output=True, text=True, timeout=seconds * 2 + 120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert loaded[0].statuses.total() > 0
    assert before != psutil.STATUS_STOPPED != psutil.Process(server.pid).status()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def lines_named(report: dict[str, Any]) -> set[tuple[str, int]]:
    return {(finding["culprit"]["file"], finding["culprit"]["line"]) for finding in unsafe(report)}


def unsafe(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings of async-unsafe work; what the shop's legitimate hops cost is another matter."""
    return [finding for finding in report["findings"] if finding["kind"] == "async-unsafe"]


@pytest.mark.parametrize(
    ("kind", "loop"),
    [("uvicorn", "asyncio"), ("uvicorn", "uvloop"), ("uvicorn-workers", "uvloop"), ("gunicorn", "uvloop")],
)
def test_a_violation_in_every_request_is_named(kind: ServerKind, loop: Loop, tmp_path: Path) -> None:
    with serving(SHOP, server=kind, loop=loop, env={"SHOP_VIOLATE_EVERY": "1"}) as server:
        report = attach(server, tmp_path)
    assert lines_named(report) == PLANTED
    (finding,) = unsafe(report)
    assert (finding["kind"], finding["call"]) == ("async-unsafe", "QuerySet.count")
    assert finding["entry"]["function"] == "checkout"
    assert finding["allowed"] is False
    assert "acount()" in (finding["remedy"][0]["code"] or "")
    assert [(origin["mode"], origin["rate"]) for origin in report["origins"]] == [("gil", 100), ("wall", 20)]
    assert {origin["target"]["server"] for origin in report["origins"]} == {kind.partition("-")[0]}
    assert report["wall"]["idle"] > 0
    (saved,) = tmp_path.iterdir()
    again = subprocess.run(
        asyncspy("report", str(saved), "--format", "json"), capture_output=True, text=True, timeout=60, check=True
    )
    assert lines_named(json.loads(again.stdout)) == PLANTED


def test_legitimate_traffic_gives_no_finding(tmp_path: Path) -> None:
    with serving(SHOP, loop="uvloop", env={"SHOP_VIOLATE_EVERY": "0"}) as server:
        report = attach(server, tmp_path)
    assert unsafe(report) == []
    assert report["verdict"] == "none-seen"
    assert report["samples"]["loop"] > 0
    assert report["samples"]["pool"] > 0
    assert report["reach"]["catch_interval_seconds"] > 0


def test_a_violation_in_every_fifth_request_is_named_beside_the_legitimate_ones(tmp_path: Path) -> None:
    with serving(SHOP, server="uvicorn-workers", env={"SHOP_VIOLATE_EVERY": "5"}) as server:
        report = attach(server, tmp_path, seconds=20)
    assert lines_named(report) == PLANTED


def test_what_the_environment_allows_is_marked_as_such(tmp_path: Path) -> None:
    env = {"SHOP_VIOLATE_EVERY": "1", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    with serving(SHOP, env=env) as server:
        report = attach(server, tmp_path)
    assert lines_named(report) == PLANTED
    assert all(finding["allowed"] and finding["evidence"]["reached"] for finding in unsafe(report))


@pytest.fixture
def interrupted_attach(tmp_path: Path) -> Iterator[tuple[Server, subprocess.Popen[str]]]:
    """An attach for ten minutes that has said it is recording."""
    with serving(SHOP, env={"SHOP_VIOLATE_EVERY": "1"}) as server, loading(server.url):
        words = ["attach", "--pid", str(server.pid), "--duration", "10m", "--output", str(tmp_path), "--format", "json"]
        with subprocess.Popen(asyncspy(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            try:
                assert running.stderr is not None
                assert "Recording" in running.stderr.readline()
                _until_sampling(running.pid)
                yield server, running
            finally:
                running.kill()


def _until_sampling(pid: int) -> None:
    """Wait until the recording py-spy below this process has used some CPU: it samples by then."""
    for _ in range(600):
        children = psutil.Process(pid).children(recursive=True)
        if any(child.name() == "py-spy" and child.cpu_times().user > 0.2 for child in children):
            return
        time.sleep(0.05)  # the pace of the polling; what is waited for is the sampling
    raise AssertionError("py-spy never started sampling")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_attach_reports_what_it_has(
    interrupted_attach: tuple[Server, subprocess.Popen[str]], number: signal.Signals, tmp_path: Path
) -> None:
    server, running = interrupted_attach
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    report = json.loads(out)
    assert report["origins"][0]["interrupted"] is True
    assert report["samples"]["total"] > 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]
    assert psutil.Process(server.pid).status() != psutil.STATUS_STOPPED


def test_killing_asyncspy_leaves_no_py_spy_and_a_living_target(
    interrupted_attach: tuple[Server, subprocess.Popen[str]],
) -> None:
    server, running = interrupted_attach
    samplers = psutil.Process(running.pid).children(recursive=True)
    assert samplers
    running.kill()
    _, alive = psutil.wait_procs(samplers, timeout=20)
    assert alive == []
    assert psutil.Process(server.pid).status() != psutil.STATUS_STOPPED
