"""What live tests need of the machine; where it is missing they are skipped and say why, and in CI they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SNAKE = "print('up', flush=True); import time; time.sleep(60)"


@pytest.fixture(scope="session")
def may_trace() -> None:
    """The right to trace a sibling, which an ordinary user under Yama lacks."""
    with subprocess.Popen([sys.executable, "-c", SNAKE], stdout=subprocess.PIPE) as snake:
        try:
            assert snake.stdout is not None
            assert snake.stdout.readline() == b"up\n"
            dump = [str(Path(sys.executable).with_name("py-spy")), "dump", "--pid", str(snake.pid)]
            tried = subprocess.run(dump, capture_output=True, text=True, timeout=60, check=False)
        finally:
            snake.kill()
    if tried.returncode != 0:
        said = tried.stderr.strip().partition("\n")[0]
        missing = "ermission" in said and not os.environ.get("CI")
        (pytest.skip if missing else pytest.fail)(f"py-spy could not read a sibling process: {said}")
