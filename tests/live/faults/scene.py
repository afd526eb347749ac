"""A fault goes in; a real asyncspy on a real process meets it, and what a person finds afterwards comes out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.live.faults.programs import APP, RUNNER, SPIN
from tests.live.harness import END_SECONDS, load
from tests.live.processes import accepts, end_group, eventually, free_port, running

LONG = 120.0
"""What is waited for comes within seconds; a machine in trouble gets this."""

SAMPLES_SECONDS = 0.1

PY_SPY = Path(sys.executable).with_name("py-spy")


@dataclass(frozen=True)
class Outcome:
    """What was there when all was over."""

    code: int
    target: str
    report: dict[str, Any] | None
    saved: bool
    kept: bool
    said: str
    left: list[int]
    seconds: float


@dataclass
class Scene:
    """A target, an asyncspy on it, and a folder that is theirs alone."""

    folder: Path
    pid: int = 0
    target: psutil.Popen = field(init=False)
    command: subprocess.Popen[bytes] = field(init=False)
    saved: Path = field(init=False)
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    samplers: dict[int, psutil.Process] = field(default_factory=dict)
    began: float = 0.0

    def spin(self) -> int:
        """A busy Python process."""
        words = [sys.executable, "-c", SPIN]
        spinning = psutil.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.held.callback(_end, spinning)
        assert spinning.stdout.readline() == b"up\n"
        self.target, self.pid = spinning, spinning.pid
        return self.pid

    def owns(self, process: subprocess.Popen[bytes]) -> None:
        """Take a process of the test's own making as the target."""
        self.pid = process.pid
        self.held.callback(process.wait)
        self.held.callback(process.kill)

    def tell(self, line: str) -> None:
        """Have the target run a line of Python."""
        self.target.stdin.write(line.encode() + b"\n")
        self.target.stdin.flush()

    def gunicorn(self, *words: str) -> tuple[int, str]:
        """A master with one worker: its pid and its address."""
        (self.folder / "faulty.py").write_text(APP)
        port = free_port()
        argv = [sys.executable, "-m", "gunicorn", "faulty:application", "-k", "uvicorn_worker.UvicornWorker"]
        argv += ["-w", "1", "-b", f"127.0.0.1:{port}", "--log-level", "warning", *words]
        url = f"http://127.0.0.1:{port}/"

        def answers() -> bool:
            return accepts(port) and load(url, requests=1, seconds=5, concurrency=1).statuses.total() == 1

        env = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        master = self.held.enter_context(running(argv, cwd=self.folder, env=env, ready=answers, timeout=LONG))
        self.pid = master.pid
        return self.pid, url

    def start(
        self,
        *words: str,
        duration: str = "5m",
        stub: str = "",
        once: str = "",
        grace: str = "",
        env: Mapping[str, str] | None = None,
        pid: int | None = None,
        output: Path | None = None,
        before: tuple[str, ...] = (),
        **streams: Any,
    ) -> None:
        """`asyncspy attach` on the target; py-spy does `stub` instead of recording, `once` before a dump."""
        saved = output or self.folder / "saved" / "out.json"
        saved.parent.mkdir(exist_ok=True)
        asked = [
            "attach",
            "--pid",
            f"{pid or self.pid}",
            "--mode",
            "gil",
            "--duration",
            duration,
            "--output",
            f"{saved}",
        ]
        py_spy = self._py_spy(stub, once) if stub or once else ""
        argv = [*before, sys.executable, "-c", RUNNER, py_spy, grace, *asked, *words]
        argv += [] if streams else ["--format", "json"]  # where we cannot read it, it is for a person
        self.saved, self.began = saved.parent, time.monotonic()
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            given = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err, **streams}
            self.command = subprocess.Popen(argv, env={**os.environ, **(env or {})}, start_new_session=True, **given)
        self.held.callback(end_group, self.command)

    def _py_spy(self, body: str, once: str) -> str:
        """A py-spy that does everything but record, which is up to the test."""
        script = self.folder / "py-spy"
        script.write_text(
            f"#!{sys.executable}\nimport os, signal, sys, time\nreal = {str(PY_SPY)!r}\n"
            f"if sys.argv[1] != 'record': {once or 'pass'}; os.execv(real, [real, *sys.argv[1:]])\n"
            "output = sys.argv[sys.argv.index('--output') + 1]\n" + body
        )
        script.chmod(0o755)
        return str(script)

    def sampling(self) -> psutil.Process:
        """The recording py-spy, once it says that it samples."""
        found: list[psutil.Process] = []

        def says_so() -> bool:
            found[:] = [one for one in self._below() if b"Sampling process" in _words_of(one)]
            return bool(found) or self.command.poll() is not None

        eventually(says_so, timeout=LONG)
        assert found, f"py-spy never sampled: {self.text()}"
        return found[0]

    def sampled(self) -> psutil.Process:
        """The recording py-spy, once it must have dozens of samples: each costs it CPU."""
        sampler = self.sampling()
        before = _cpu(sampler)
        assert eventually(lambda: not sampler.is_running() or _cpu(sampler) > before + SAMPLES_SECONDS, timeout=LONG)
        return sampler

    def _below(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            below = psutil.Process(self.command.pid).children(recursive=True)
            self.samplers.update((one.pid, one) for one in below)
            return below
        return []

    def until(self, words: str) -> None:
        """Wait until asyncspy has said this."""
        assert eventually(lambda: words in self.text() or self.command.poll() is not None, timeout=LONG)

    def text(self) -> str:
        """What it has said to standard error so far."""
        return (self.folder / "err").read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """A signal to asyncspy alone."""
        self.command.send_signal(number)

    def outcome(self) -> Outcome:
        """What is there when asyncspy has come to its end."""
        self._below()
        code = self.command.wait(LONG)
        seconds = time.monotonic() - self.began
        _, alive = psutil.wait_procs(list(self.samplers.values()), timeout=END_SECONDS)
        files = list(self.saved.iterdir()) if self.saved.is_dir() else []
        out = (self.folder / "out").read_text(errors="replace")
        report = json.loads(out) if out.startswith("{") else None
        saved = any(path.suffix == ".json" and "asyncspy" in json.loads(path.read_text()) for path in files)
        kept = any(path.suffix == ".partial" and path.stat().st_size for path in files)
        empty = [path.name for path in files if path.suffix == ".partial" and not path.stat().st_size]
        left = [one.pid for one in alive]
        said = self.text() + "".join(f"LEFT EMPTY: {name}" for name in empty)
        return Outcome(code, _state(self.pid), report, saved, kept, said, left, seconds)


@contextlib.contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A stage whose every process ends with it."""
    folder.mkdir()
    one = Scene(folder)
    try:
        yield one
    finally:
        one.held.close()


def held(pid: int) -> bool:
    """Whether a process is in the hands of a tracer at this moment."""
    return _state(pid) == "held"


def _state(pid: int) -> str:
    """What has become of a target: whatever holds it only for a sample is given time to let go."""
    try:
        status = psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return "ended"
    return {"tracing-stop": "held", "stopped": "stopped", "zombie": "ended"}.get(status, "runs")


def _cpu(one: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        times = one.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _words_of(one: psutil.Process) -> bytes:
    try:
        return Path(f"/proc/{one.pid}/fd/1").read_bytes() if "record" in one.cmdline() else b""
    except (OSError, psutil.Error):
        return b""


def _end(process: psutil.Popen) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            stream.close()
