"""What a target does while it is recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import psutil

from tests.live.faults.scene import LONG, Scene
from tests.live.faults.table import fault, samples, started
from tests.live.processes import eventually


@fault("target exits", 0, "ended after .* what was recorded until then is kept", target="ended", also=samples)
def _(one: Scene) -> None:
    started(one)
    one.tell("os._exit(0)")


@fault("target is killed, as by the OOM killer", 0, "ended after", target="ended", also=samples)
def _(one: Scene) -> None:
    started(one)
    os.kill(one.pid, signal.SIGKILL)


@fault("target crashes", 0, "ended after", target="ended", also=samples)
def _(one: Scene) -> None:
    started(one)
    one.tell("os.kill(os.getpid(), signal.SIGSEGV)")


HELD = ("py-spy hung while it held process", 4)
"""The target execs at the very moment at which py-spy holds it."""


@fault("target execs another Python", 0, also=samples, unless=HELD)
def _(one: Scene) -> None:
    started(one, duration="3")
    one.tell("os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)'])")


@fault("target execs something else", 0, also=samples, unless=HELD)
def _(one: Scene) -> None:
    started(one, duration="3")
    one.tell("os.execv('/bin/sleep', ['sleep', '600'])")


@fault("target is stopped, and goes on", 0, also=samples)
def _(one: Scene) -> None:
    started(one, duration="3")
    os.kill(one.pid, signal.SIGSTOP)
    threading.Event().wait(1)
    os.kill(one.pid, signal.SIGCONT)


@fault("target is stopped, and stays so", 0, target="stopped", also=samples)
def _(one: Scene) -> None:
    started(one, duration="2")
    os.kill(one.pid, signal.SIGSTOP)


@fault("target is stopped already", 3, "is stopped.*kill -CONT", target="stopped", saved=False)
def _(one: Scene) -> None:
    os.kill(one.spin(), signal.SIGSTOP)
    assert eventually(lambda: psutil.Process(one.pid).status() == "stopped", timeout=LONG)
    one.start()


@fault("target starts and ends threads all the time", 0)
def _(one: Scene) -> None:
    one.spin()
    one.tell(
        "threading.Thread(target=lambda: [threading.Thread(target=sum, args=([],)).start() "
        "for _ in iter(int, 1)], daemon=True).start()"
    )
    one.start(duration="2")


@fault("target starts and ends processes all the time", 0)
def _(one: Scene) -> None:
    one.spin()
    one.tell(
        "import subprocess; threading.Thread(target=lambda: [subprocess.run(['true']) for _ in iter(int, 1)], "
        "daemon=True).start()"
    )
    one.start(duration="2")


@fault("target is idle", 0, "used no CPU")
def _(one: Scene) -> None:
    words = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(600)"]
    idle = subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True)
    one.owns(idle)
    assert idle.stdout is not None
    assert idle.stdout.readline() == b"up\n"
    one.start(duration="1")


@fault("target has ended already", 3, "find-workers", target="ended", saved=False)
def _(one: Scene) -> None:
    os.kill(one.spin(), signal.SIGKILL)
    one.target.wait()
    one.start()


@fault("target is a zombie", 3, target="ended", saved=False)
def _(one: Scene) -> None:
    os.kill(one.spin(), signal.SIGKILL)
    assert eventually(lambda: psutil.Process(one.pid).status() == "zombie", timeout=LONG)
    one.start()


@fault("target is no Python", 3, "not a Python process", saved=False)
def _(one: Scene) -> None:
    one.owns(subprocess.Popen(["sleep", "600"], start_new_session=True))
    one.start()
