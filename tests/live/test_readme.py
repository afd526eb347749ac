"""Every command that the README, the runbook and the pages show is run, as shown, on a real server and recordings."""

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
RECORDINGS = ROOT / "fixtures" / "recordings"
PAGES = ("README.md", "docs/runbook.md", "docs/kubernetes/README.md")


def commands(page: str) -> list[str]:
    """The lines of a page's shell blocks, without remarks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return list(filter(None, lines))


COMMANDS = commands("README.md")
EXAMPLES = list(dict.fromkeys(line for page in PAGES for line in commands(page) if line.startswith("asyncspy ")))
INSTALLS = ("pipx ", "uv ", "pip ", "docker ")
"""What is run on machines of its own: tests/live/ship."""

FILES = {
    "asyncspy-48291.json": "uvicorn-asyncio-every1.speedscope.json",
    "flame.svg": "uvicorn-asyncio-every1.svg",
    "monday.json": "uvicorn-asyncio-every1.speedscope.json",
    "tuesday.txt": "uvicorn-asyncio-every1.raw.txt",
    "before.json": "uvicorn-asyncio-every1.speedscope.json",
    "after.json": "uvicorn-asyncio-never.speedscope.json",
    "main.json": "uvicorn-asyncio-every1.speedscope.json",
    "load-test.json": "uvicorn-uvloop-every1.speedscope.json",
    "web.log": "../logs/uvicorn-workers.log",
    "recordings/web-1.json": "uvicorn-asyncio-every1.speedscope.json",
    "recordings/web-2.json": "uvicorn-uvloop-every1.speedscope.json",
    "hang": "../hangs/sleeps",
}
"""What stands in for the files that the pages name."""


def test_the_readme_shows_commands_and_make_knows_its_own() -> None:
    assert len(EXAMPLES) >= 5
    makes = [line for line in COMMANDS if line.startswith("make ")]
    assert makes == ["make demo", "make test"]
    for line in makes:
        subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, check=True, capture_output=True, timeout=60)
    others = [line for line in COMMANDS if not line.startswith(("asyncspy ", *INSTALLS))]
    assert others == makes


def test_ci_calls_the_readmes_test_command() -> None:
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(PROGRAMS / "shop", env={"SHOP_VIOLATE_EVERY": "1"}) as running, loading(running.url):
        yield running


def lay_out(folder: Path, example: str) -> None:
    """The files that an example reads, and none that it writes."""
    words = shlex.split(example)
    for name, recording in FILES.items():
        source, place = RECORDINGS / recording, folder / name
        if "--output" in words and words[words.index("--output") + 1] == name:
            continue
        place.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_works_as_shown(example: str, server: Server, tmp_path: Path, may_trace: None) -> None:
    lay_out(tmp_path, example)
    words = [str(server.pid) if word == "48291" else word for word in shlex.split(example)[1:]]
    words = words[: words.index(">")] if ">" in words else words
    if "/tmp" in words:  # noqa: S108 - the README's, for which this test's own folder stands in
        words[words.index("/tmp")] = str(tmp_path)  # noqa: S108
    if words[0] == "attach":
        words += [] if "--until" in words else ["--duration", "2"]
        words += [] if "--mode" in words else ["--wall-duration", "2"]
    if "--wait" in words:
        words[words.index("--wait") + 1] = "3s"
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
    if words[0] == "fix":  # the code that was recorded is not here
        assert "left to you" in done.stderr
        return
    assert done.stdout.strip() or words[0] == "export"
    if words[0] == "attach":
        named = words[words.index("--output") + 1] if "--output" in words else ""
        assert list(tmp_path.glob(named if named.endswith(".json") else f"asyncspy-{server.pid}-*.json"))
