"""asyncspy where every user of the machine can run it: other users cannot reach a checkout in a closed folder.

asyncspy and what it needs are files of Python, and py-spy is one program: copied beside a link to any Python that is
open to all, they run as they do here.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncspy

OLDEST = (3, 10)
TELLS = f"import sys; sys.exit(sys.version_info < {OLDEST})"
EVERYBODY = 0o755


@contextmanager
def home_for_all(*users: list[str]) -> Iterator[Path | None]:
    """A folder with bin/python, bin/py-spy and the packages; None where no Python can be run behind these prefixes."""
    base = next((python for python in _pythons() if all(_runs(user, python) for user in users)), None)
    if base is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="asyncspy-", dir="/tmp") as name:
        home = Path(name)
        home.chmod(EVERYBODY)
        subprocess.run([base, "-m", "venv", "--without-pip", "--symlinks", home], check=True, timeout=60)
        (packages,) = home.glob("lib/python3*/site-packages")
        _copy_packages(packages)
        shutil.copy2(Path(sys.executable).with_name("py-spy"), home / "bin" / "py-spy")
        yield home


def _pythons() -> list[str]:
    """The one that runs the tests, and those of the system."""
    found = [
        os.path.realpath(sys.executable),
        shutil.which("python3"),
        "/usr/local/bin/python3",
        "/usr/bin/python3",
    ]
    return [python for python in dict.fromkeys(found) if python and Path(python).exists()]


def _runs(user: list[str], python: str) -> bool:
    """Whether a user can run it at all, and it is new enough."""
    asked = subprocess.run([*user, python, "-c", TELLS], capture_output=True, cwd="/", timeout=60, check=False)
    return asked.returncode == 0


def _copy_packages(into: Path) -> None:
    shutil.copytree(Path(asyncspy.__file__).parent, into / "asyncspy", ignore=shutil.ignore_patterns("__pycache__"))
    for name in sorted(_needed("asyncspy") - {"asyncspy"}):
        for file in importlib.metadata.files(name) or ():
            if file.parts[0] != ".." and file.suffix != ".pyc":
                (into / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), into / file)


def _needed(name: str) -> set[str]:
    """A package and all that it needs, without its extras."""
    found = {name}
    for requirement in importlib.metadata.requires(name) or ():
        wanted = re.match(r"[\w.-]+", requirement)
        if wanted and ";" not in requirement:
            found |= _needed(wanted[0])
    return found
