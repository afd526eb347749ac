"""Every command that the README shows is run, as shown, on a real server and real recordings."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.harness import PROGRAMS, Server, loading, serving

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
RECORDINGS = ROOT / "fixtures" / "recordings"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [line.partition("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
EXAMPLES = [line for line in COMMANDS if line.startswith("asyncspy ")]

FILES = {
    "asyncspy-48291.json": "uvicorn-asyncio-every1.speedscope.json",
    "flame.svg": "uvicorn-asyncio-every1.svg",
    "monday.json": "uvicorn-asyncio-every1.speedscope.json",
    "tuesday.txt": "uvicorn-asyncio-every1.raw.txt",
    "before.json": "uvicorn-asyncio-every1.speedscope.json",
    "after.json": "uvicorn-asyncio-never.speedscope.json",
    "main.json": "uvicorn-asyncio-every1.speedscope.json",
    "load-test.json": "uvicorn-uvloop-every1.speedscope.json",
}
"""What stands in for the files that the README names."""


def test_the_readme_shows_commands_and_make_knows_its_own() -> None:
    assert len(EXAMPLES) >= 5
    makes = [line for line in COMMANDS if line.startswith("make ")]
    assert makes == ["make demo", "make test"]
    for line in makes:
        subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, check=True, capture_output=True, timeout=60)
    assert set(COMMANDS) == {*EXAMPLES, *makes}


def test_ci_calls_the_readmes_test_command() -> None:
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(PROGRAMS / "shop", env={"SHOP_VIOLATE_EVERY": "1"}) as running, loading(running.url):
        yield running


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_works_as_shown(example: str, server: Server, tmp_path: Path, may_trace: None) -> None:
    for name, recording in FILES.items():
        shutil.copy(RECORDINGS / recording, tmp_path / name)
    words = [str(server.pid) if word == "48291" else word for word in shlex.split(example)[1:]]
    words = words[: words.index(">")] if ">" in words else words
    if "/tmp" in words:  # noqa: S108 - the README's, for which this test's own folder stands in
        words[words.index("/tmp")] = str(tmp_path)  # noqa: S108
    if words[0] == "attach":
        words += [] if "--until" in words else ["--duration", "2"]
        words += [] if "--mode" in words else ["--wall-duration", "2"]
    if words[0] == "watch":
        words += ["--duration", "4", "--slice", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "asyncspy", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or words[0] == "export"
    if words[0] == "attach":
        assert list(tmp_path.glob(f"asyncspy-{server.pid}-*.json"))
