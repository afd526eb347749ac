"""Run `queue_writer` as a process of its own, and end it if it takes too long."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from asyncspy.sample.inject.pending_queue import WriteTarget
from asyncspy.sample.inject.queue_writer import STOP_SECONDS, STOPPING
from asyncspy.sample.inject.refused import NotInjected

HERE = Path(__file__).parent
BOOT = f"import sys; sys.path.append(sys.argv[1]); from {HERE.name}.queue_writer import main; main(sys.argv[2])"
"""This folder alone, as a package of its own: importing all of asyncspy would take longer than the rest together."""

START_SECONDS = 10.0
MAX_ANSWER = 65_536


def run_writer(action: str, target: WriteTarget, text: bytes, boot: str = BOOT) -> dict[str, Any]:
    """What the writer answers. Raises NotInjected; of kind "slow" where it was ended, and may have written or not."""
    job = {"action": action, "target": target.as_json(), "text": text.hex(), "parent": os.getpid()}
    command = [sys.executable, "-I", "-S", "-B", "-c", boot, str(HERE.parent), json.dumps(job)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    ) as writer:
        try:
            said = _listen(writer)
        finally:
            writer.kill()  # it has ended, or is ended now; the kernel then lets go of whom it holds
        errors = writer.stderr.read(MAX_ANSWER) if writer.stderr else b""
    line = said.removeprefix(STOPPING)
    if not line.endswith(b"\n"):
        if said.startswith(STOPPING):
            raise NotInjected("slow")
        raise NotInjected("failed", (errors.decode(errors="replace").strip().splitlines() or ["no answer"])[-1][:300])
    answer: dict[str, Any] = json.loads(line)
    if "refused" in answer:
        raise NotInjected(answer["refused"], answer["detail"])
    return answer


def _listen(writer: subprocess.Popen[bytes]) -> bytes:
    """All that it prints until it ends or its time is over; that is short once it says that it stops the process."""
    assert writer.stdout is not None  # noqa: S101 - a pipe was asked for
    said, deadline, stopping = b"", time.monotonic() + START_SECONDS, False
    while len(said) < MAX_ANSWER:
        if not stopping and said.startswith(STOPPING):
            deadline, stopping = time.monotonic() + STOP_SECONDS, True
        ready, _, _ = select.select([writer.stdout], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(writer.stdout.fileno(), MAX_ANSWER) if ready else b""
        if not part:
            break
        said += part
    return said
