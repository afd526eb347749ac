"""What becomes of the disk, and of the place where a recording is to go."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess

import pytest

from tests.live.faults.scene import Scene
from tests.live.faults.table import fault, started


@fault("the disk fills up", 4, "the disk is full", saved=False)
def _(one: Scene) -> None:
    small = one.folder / "small"
    small.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    one.held.callback(subprocess.run, ["umount", "-l", str(small)], check=False)
    one.spin()
    one.start(duration="2", output=small / "out.json")
    one.sampling()
    with (small / "big").open("wb", buffering=0) as big, contextlib.suppress(OSError):
        while big.write(bytes(65536)):
            pass


@fault("the folder is removed", 4, "is not there any more.*--output", saved=False)
def _(one: Scene) -> None:
    started(one)
    shutil.rmtree(one.saved)
    one.send(signal.SIGINT)


@fault("another file takes the name", 4, "never overwritten; what py-spy recorded is kept", saved=False, kept=True)
def _(one: Scene) -> None:
    started(one)
    (one.saved / "out.json").write_text("{}")
    one.send(signal.SIGINT)
