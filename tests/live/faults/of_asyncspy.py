"""What is done to asyncspy itself."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading

from tests.live.faults.programs import TERMINAL
from tests.live.faults.scene import LONG, Scene
from tests.live.faults.table import ends_after_it_starts, fault, samples, started
from tests.live.processes import eventually


@fault("Ctrl-C once", 130, also=samples)
def _(one: Scene) -> None:
    started(one)
    one.send(signal.SIGINT)


@fault("Ctrl-C before it samples", 130, unless=("nothing was recorded", 130))
def _(one: Scene) -> None:
    one.spin()
    one.start()
    one.until("Recording")
    one.send(signal.SIGINT)


@fault("Ctrl-C twice, while py-spy does not listen", 130, "interrupted", saved=False)
def _(one: Scene) -> None:
    one.spin()
    one.start(
        stub="signal.signal(signal.SIGINT, signal.SIG_IGN); print('Sampling process', flush=True)\ntime.sleep(600)"
    )
    one.sampling()
    one.send(signal.SIGINT)
    threading.Event().wait(0.3)
    one.send(signal.SIGINT)


@fault("SIGTERM", 130, also=samples)
def _(one: Scene) -> None:
    started(one)
    one.send(signal.SIGTERM)


@fault("SIGHUP", 130, also=samples)
def _(one: Scene) -> None:
    started(one)
    one.send(signal.SIGHUP)


@fault("SIGHUP under nohup", 0, also=samples)
def _(one: Scene) -> None:
    one.spin()
    one.start(duration="2", before=("nohup",))
    one.sampling()
    one.send(signal.SIGHUP)


@fault("the terminal closes", 130)
def _(one: Scene) -> None:
    ours, theirs = pty.openpty()
    one.spin()
    one.start(before=(sys.executable, "-c", TERMINAL), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    one.sampling()
    os.close(ours)


@fault("whoever reads the report is gone", 0)
def _(one: Scene) -> None:
    one.spin()
    one.start(duration="1", stdout=subprocess.PIPE)
    assert one.command.stdout is not None
    one.command.stdout.close()


@fault("asyncspy is killed", -9, saved=False, kept=True)
def _(one: Scene) -> None:
    started(one)
    one.send(signal.SIGKILL)


@fault("asyncspy is stopped, and goes on", 0, also=samples)
def _(one: Scene) -> None:
    one.spin()
    one.start(duration="4")
    sampler = one.sampling()
    one.send(signal.SIGSTOP)
    assert eventually(lambda: not sampler.is_running() or sampler.status() == "zombie", timeout=LONG)
    one.send(signal.SIGCONT)


CLOCK = """
import datetime, os, time
real, now = datetime.datetime, time.time
def back():
    return 3600 if os.path.exists({flag!r}) else 0
class Jumping(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) - datetime.timedelta(seconds=back())
datetime.datetime, time.time = Jumping, lambda: now() - back()
"""


@fault("the clock jumps back by an hour", 0, also=ends_after_it_starts)
def _(one: Scene) -> None:
    one.spin()
    (one.folder / "sitecustomize.py").write_text(CLOCK.format(flag=str(one.folder / "jumped")))
    one.start(duration="2", env={"PYTHONPATH": str(one.folder)})
    one.sampling()
    (one.folder / "jumped").touch()
