"""The layer contract: kept as the code stands, and broken by an import against the flow."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

pytestmark = pytest.mark.skipif(not LINT_IMPORTS.exists(), reason="import-linter is not installed")


def verdict(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package and its contract, to be broken."""
    shutil.copytree(ROOT / "asyncspy", tmp_path / "asyncspy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contract_is_kept() -> None:
    checked = verdict(ROOT)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("model/stacks.py", "from asyncspy.recording import writer"),
        ("analyse/unsafe/violations.py", "from asyncspy.report import FORMATS"),
        ("recording/destination.py", "from asyncspy.discover import inspect"),
        ("demo/planted.py", "from asyncspy.cli import commands"),
    ],
)
def test_an_import_against_the_flow_breaks_it(house: Path, module: str, line: str) -> None:
    with (house / "asyncspy" / module).open("a") as file:
        file.write(f"\n{line}\n")
    checked = verdict(house)
    assert checked.returncode == 1
    assert "BROKEN" in checked.stdout


def test_a_new_room_must_be_placed_in_the_contract(house: Path) -> None:
    (house / "asyncspy" / "attic.py").write_text("")
    assert verdict(house).returncode == 1
