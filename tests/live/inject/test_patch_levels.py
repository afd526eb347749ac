"""A file is let into patch levels and builds that nobody here has built: Debian's, in roots of their own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from asyncspy.sample.inject.inject import clear, inject
from tests.live.inject.pythons import named_python, running_on
from tests.live.matrix.homes import Missing
from tests.live.processes import eventually

pytestmark = [
    pytest.mark.live,
    pytest.mark.matrix,
    pytest.mark.root,
    pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare"),
]

NAMES = ("bullseye", "trixie", "testing:python3.13", "sid:python3.13")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["tick", "busy", "threads"])
def test_a_file_is_run_once_each_time(name: str, kind: str, tmp_path: Path) -> None:
    try:
        python = named_python(name)
    except Missing as missing:
        pytest.skip(str(missing))
    with running_on(python, kind, tmp_path) as on:
        counted = tmp_path / "counted"
        counted.touch()
        counted.chmod(0o666)
        path = on.code("code", f"with open({str(counted)!r}, 'a') as file: file.write('x')")
        for times in range(1, 4):
            made = inject(on.pid, path)
            assert eventually(lambda: counted.stat().st_size >= times, timeout=20)  # noqa: B023
            clear(made)
        assert counted.read_text() == "xxx"
