"""sdist and wheel, built as the release workflow builds them, and used in a bare environment of each Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.live.ship.conftest import ROOT, tell

pytestmark = [pytest.mark.ship, pytest.mark.timeout(1200)]

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
RECORDING = ROOT / "fixtures" / "recordings" / "uvicorn-asyncio-every1.speedscope.json"


def run(*words: str | Path, cwd: Path) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(words, cwd=cwd, env=kept, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def python(version: str) -> str:
    """An interpreter of this version: pyenv's, or one on the path."""
    pyenv = sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin/python3")
    )
    found = str(pyenv[-1]) if pyenv else shutil.which(f"python{version}")
    if found is None:
        pytest.skip(f"there is no Python {version} here")
    return found


def clone(folder: Path) -> Path:
    """What is committed, and nothing that lies about."""
    run("git", "clone", "--quiet", str(ROOT), str(folder), cwd=folder.parent)
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = clone(tmp_path_factory.mktemp("release") / "checkout")
    run("make", "dist", cwd=checkout)  # with the locked tools, and checked by twine
    return checkout / "dist"


def sums(dist: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in dist.iterdir()}


def test_the_same_commit_gives_the_same_files(dist: Path, tmp_path: Path) -> None:
    again = clone(tmp_path / "again")
    run("make", "dist", cwd=again)
    assert sums(again / "dist") == sums(dist)
    assert len(sums(dist)) == 2


def test_the_sdist_has_all_that_its_tests_need(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        top = {name.split("/")[1] for name in packed.getnames() if "/" in name}
    assert {"asyncspy", "tests", "fixtures", "docs", "locks", "Makefile", "Dockerfile", "README.md", "LICENSE"} <= top


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_installs_and_works_in_a_bare_environment(dist: Path, tmp_path: Path, version: str, kind: str) -> None:
    (packed,) = dist.glob(kind)
    run(python(version), "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    here = tmp_path / "venv" / "bin"
    run(here / "pip", "install", "--quiet", packed, cwd=tmp_path)
    assert (
        run(here / "asyncspy", "--version", cwd=tmp_path)
        == f"asyncspy {packed.name.split('-')[1].removesuffix('.tar.gz')}\n"
    )
    assert "helper_count" in run(here / "asyncspy", "report", RECORDING, cwd=tmp_path)
    assert "<!doctype html>" in run(here / "asyncspy", "report", RECORDING, "--format", "html", cwd=tmp_path).lower()
    assert run(here / "asyncspy", "doctor", cwd=tmp_path)
    (typed,) = (tmp_path / "venv" / "lib").glob("python*/site-packages/asyncspy/py.typed")
    tell(f"{packed.name} on Python {version}: installed and used, {typed.parent.name} is typed")


def test_the_workflows_have_no_known_weakness() -> None:
    zizmor = shutil.which("zizmor") or shutil.which("zizmor", path=str(ROOT / ".venv" / "bin"))
    if zizmor is None:
        pytest.skip("zizmor is not installed: pip install --group ship")
    run(zizmor, "--offline", "--quiet", ".github/workflows", cwd=ROOT)
