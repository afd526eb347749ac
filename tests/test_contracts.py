"""The import contracts of pyproject.toml: kept by the code as it is, and each broken once on purpose."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]

BREAKS = [
    ("Data flows one way", "model/stacks.py", "from asyncspy.recording import writer"),
    ("Data flows one way", "analyse/__init__.py", "from asyncspy.report import FORMATS"),
    ("Data flows one way", "sample/stop_request.py", "from asyncspy import discover"),
    ("Data flows one way", "workflow/__init__.py", "from asyncspy.cli import commands"),
    ("Data flows one way", "demo/planted.py", "from asyncspy.cli import commands"),
    ("Data flows one way", "report/patch_report.py", "from asyncspy.fix import make_patch"),
    ("Data flows one way", "errors.py", "from asyncspy.model import stacks"),
    ("Data flows one way", "guest/counting.py", "from asyncspy import errors"),
    ("Commands call use cases, never the rooms behind them", "cli/report.py", "from asyncspy.read import load"),
    (
        "The saved form of a recording is known to sample and read alone",
        "workflow/__init__.py",
        "from asyncspy.recording import writer",
    ),
    ("Analysis, reports, exports and the model do no I/O", "analyse/__init__.py", "import os"),
    ("Analysis, reports, exports and the model do no I/O", "report/sarif.py", "import pathlib"),
    ("Only sample and fix run other programs", "read/__init__.py", "import subprocess"),
    ("Only commands know click", "workflow/__init__.py", "import click"),
    ("Use cases print nothing", "workflow/__init__.py", "import rich.console"),
    ("What runs in a worker imports nothing that is not there", "django/apps.py", "from asyncspy import errors"),
]

pytestmark = pytest.mark.skipif(not LINT_IMPORTS.exists(), reason="import-linter is not installed")


def verdict(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def package_copy(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, to be broken."""
    shutil.copytree(ROOT / "asyncspy", tmp_path / "asyncspy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_are_kept() -> None:
    checked = verdict(ROOT)
    assert checked.returncode == 0, checked.stdout


def test_each_contract_is_broken_below() -> None:
    assert {contract for contract, _, _ in BREAKS} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "module", "line"), BREAKS)
def test_a_forbidden_import_breaks_its_contract(package_copy: Path, contract: str, module: str, line: str) -> None:
    with (package_copy / "asyncspy" / module).open("a") as file:
        file.write(f"\n{line}\n")
    checked = verdict(package_copy)
    assert checked.returncode == 1
    assert f"{contract} BROKEN" in checked.stdout


def test_a_new_room_must_be_placed_in_the_contract(package_copy: Path) -> None:
    (package_copy / "asyncspy" / "attic.py").write_text("")
    assert verdict(package_copy).returncode == 1


def imports_by_string(source: str) -> Iterator[str]:
    """The calls of a module that import by a name which import-linter cannot see."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
            yield ast.unparse(node)


def test_no_room_is_imported_by_string() -> None:
    """Contracts see import statements alone: by string only commands, readers and zstd may be imported."""
    allowed = {
        "cli/__init__.py": "the commands, each imported when it is called",
        "read/__init__.py": "the readers of its own room, each imported when its format is found",
        "read/open_file.py": "zstd, which older Pythons have from a backport",
    }
    found = {
        str(path.relative_to(ROOT / "asyncspy")): calls
        for path in (ROOT / "asyncspy").rglob("*.py")
        if "demo/project" not in str(path) and (calls := list(imports_by_string(path.read_text())))
    }
    assert {name: calls for name, calls in found.items() if name not in allowed} == {}
    assert list(imports_by_string("import importlib\nimportlib.import_module('asyncspy.' + name)")) != []
