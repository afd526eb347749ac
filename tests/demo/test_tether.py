"""What each process of the demo's server asks the kernel for; the kernel itself is not asked."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from types import ModuleType

import pytest

from asyncspy.demo.planted import PROJECT
from asyncspy.demo.shop import copied_shop
from asyncspy.discover import TRACER_NAMED

PR_SET_PDEATHSIG = 1
PR_SET_PTRACER = 0x59616D61

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")


@pytest.fixture
def tether() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tether", PROJECT / "tether.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Kernel:
    """Stands in for prctl; one without Yama answers -1."""

    def __init__(self, answer: int = 0) -> None:
        self.answer = answer
        self.calls: list[tuple[int, int]] = []

    def prctl(self, option: int, value: int) -> int:
        self.calls.append((option, value))
        return self.answer


@linux
@pytest.mark.parametrize("answer", [0, -1])
def test_asyncspy_may_trace_and_the_process_dies_with_its_parent(
    tether: ModuleType, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    monkeypatch.setenv("ASYNCSPY_TRACER_NAMED", str(os.getppid()))
    kernel = Kernel(answer)
    tether.tether(kernel.prctl)
    assert kernel.calls == [(PR_SET_PTRACER, os.getppid()), (PR_SET_PDEATHSIG, signal.SIGKILL)]


@pytest.mark.parametrize("value", [None, "", "everyone", "-1"])
def test_a_shop_started_by_hand_asks_for_nothing(
    tether: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("ASYNCSPY_TRACER_NAMED", raising=False)
    if value is not None:
        monkeypatch.setenv("ASYNCSPY_TRACER_NAMED", value)
    kernel = Kernel()
    tether.tether(kernel.prctl)
    assert kernel.calls == []


@linux
def test_a_process_whose_parent_is_already_gone_ends(tether: ModuleType) -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tether.py"), "-c", "print('still here')"],
        env={**os.environ, "ASYNCSPY_TRACER_NAMED": "1"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")


@linux
def test_the_launcher_becomes_the_command_with_the_same_process_id() -> None:
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "tether.py"), "-c", "import os; print(os.getpid())"],
        env={**os.environ, "ASYNCSPY_TRACER_NAMED": str(os.getpid())},
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = process.communicate(timeout=30)
    assert int(said) == process.pid


@linux
@pytest.mark.live
def test_importing_the_application_tethers_the_worker() -> None:
    code = (
        "import tether; calls = []; tether._libc_prctl = lambda: lambda *call: calls.append(call) or -1;"
        "import json, shop.asgi; print(json.dumps(calls))"
    )
    with copied_shop() as copy:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=copy.root, env=copy.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    wanted = [[PR_SET_PTRACER, os.getpid()], [PR_SET_PDEATHSIG, signal.SIGKILL]]
    assert json.loads(done.stdout) == wanted, done.stderr


@linux
def test_find_workers_and_the_shop_mean_the_same_variable(tether: ModuleType) -> None:
    """The project stands alone and cannot import the name."""
    assert tether.TRACER == TRACER_NAMED
