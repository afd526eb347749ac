"""A combination to a home that it can run in: a venv in the cache, or for Python 3.14 a Debian unstable in a folder.

Nothing is fetched outside pip and debootstrap. A home is built once and kept under `CACHE`; what this machine cannot
build is `Missing`, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.matrix.combinations import SERVER_PACKAGES, Combination

CACHE = Path(os.environ.get("ASYNCSPY_MATRIX_CACHE") or Path.home() / ".cache" / "asyncspy-matrix")
PYTHONS = os.environ.get("ASYNCSPY_MATRIX_PYTHONS", "")
"""Where to look for interpreters first: `PYTHONS/python3.9/bin/python3.9`."""

DEBIAN_PYTHON = "3.14"
DEBIAN = os.environ.get("ASYNCSPY_DEBIAN_MIRROR", "")
"""Where debootstrap takes Debian from."""

DEBIAN_PACKAGES = "usr/local/lib/python3.14/dist-packages"
BUILD_SECONDS = 600


class Missing(Exception):  # noqa: N818 - it is a reason to skip and no error
    """What this machine lacks for a combination."""


@dataclass(frozen=True)
class Home:
    """Where a combination runs: the words before `-m MODULE`, and the root that its files are in ("" is ours)."""

    python: tuple[str, ...]
    root: Path | None = None

    def inside(self, path: Path) -> str:
        """What the program calls a path of ours that lies in its root."""
        return "/" + str(path.relative_to(self.root)) if self.root else str(path)


def home(combination: Combination) -> Home:
    """Build or reuse the combination's home."""
    requirements = [f"django=={combination.django}", f"asgiref=={combination.asgiref}"]
    requirements += SERVER_PACKAGES[combination.served]
    if combination.python == DEBIAN_PYTHON:
        return _debian(combination, requirements)
    return Home((str(venv(CACHE / _folder(combination), combination.python, requirements)),))


def _folder(combination: Combination) -> str:
    """Short, because it is in every path of a recording."""
    return f"{combination.python}-{combination.django}-{combination.asgiref}-{combination.served}"


def venv(folder: Path, version: str, requirements: Sequence[str]) -> Path:
    """A venv with these packages in that folder, built once; gives its interpreter."""
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run([interpreter(version), "-m", "venv", str(folder)])
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements])
        (folder / "ready").touch()
    return folder / "bin" / "python"


def interpreter(version: str) -> str:
    """The interpreter of a version: where we were told, on PATH, or pyenv's."""
    told = Path(PYTHONS) / f"python{version}" / "bin" / f"python{version}"
    if PYTHONS and told.exists():
        return str(told)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for found in sorted(pyenv.glob(f"{version}.*/bin/python{version}")):
        return str(found)
    on_path = shutil.which(f"python{version}")
    if on_path is None:
        raise Missing(f"Python {version} is not on this machine")
    return on_path


def _debian(combination: Combination, requirements: list[str]) -> Home:
    """A root of its own per combination, hard-linked from one debootstrap; entering it needs root."""
    system, root = debian("sid", f"python{DEBIAN_PYTHON}"), CACHE / _folder(combination)
    if not (root / "ready").exists():
        shutil.rmtree(root, ignore_errors=True)
        _run(["cp", "--archive", "--link", str(system), str(root)])
        target = ["--target", str(root / DEBIAN_PACKAGES), "--python-version", DEBIAN_PYTHON]
        pip = [str(_any_pip()), "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
        _run([*pip, *target, *requirements])
        (root / "ready").touch()
    return Home(("chroot", str(root), f"/usr/bin/python{DEBIAN_PYTHON}"), root)


def debian(release: str, python: str) -> Path:
    """A folder with that release of Debian and this package of a Python in it, built once."""
    folder = CACHE / f"debian-{release}-{python}"
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise Missing(f"{python} of Debian's {release}: that needs root and debootstrap")
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        if not DEBIAN:
            raise Missing("no mirror of Debian is named: set ASYNCSPY_DEBIAN_MIRROR")
        _run(["debootstrap", "--variant=minbase", f"--include={python}", release, str(folder), DEBIAN])
        (folder / "ready").touch()
    return folder


def _any_pip() -> Path:
    folder = CACHE / "pip"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run([shutil.which("python3") or "python3", "-m", "venv", str(folder)])
        # older ones ask whether they themselves may run what they install for another Python
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"])
        (folder / "ready").touch()
    return folder / "bin" / "python"


def _run(command: list[str]) -> None:
    """Run a step of building; a step that fails is a reason to skip, said in its own words."""
    Path(CACHE).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Missing(f"{command[0]} failed: {' | '.join(said)}")
