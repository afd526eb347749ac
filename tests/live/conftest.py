"""What live tests need of the machine; where it is missing they are skipped and say why, and in CI they fail.

What builds other Pythons' environments is kept out of a run that did not ask for it (`-m matrix`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SNAKE = "print('up', flush=True); import time; time.sleep(60)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "matrix" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("matrix")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("matrix")]


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
