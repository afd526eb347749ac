"""Copy the demo project so that it can be served: its database filled, a clerk logged in."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from asyncspy.demo.planted import PROJECT
from asyncspy.discover import TRACER_NAMED
from asyncspy.errors import AsyncspyError

PREPARE_SECONDS = 60.0
MIN_VERSIONS = {"django": (4, 2), "uvicorn": (0, 30)}
INSTALL = 'pip install "asyncspy[demo]"'
BROKEN = f"check the space in the temporary folder; if a package is missing or too old: {INSTALL}"
BUSY = "try again when the machine is less busy"


class DemoError(AsyncspyError):
    """The demo's shop cannot be started."""


class ShopCopy(NamedTuple):
    """The folder of the copy, the environment that its processes need, and the session key of the shop's clerk."""

    root: Path
    environment: dict[str, str]
    session: str


@contextlib.contextmanager
def copied_shop(root: Path | None = None) -> Iterator[ShopCopy]:
    """Make a private copy that is removed on exit; with `root`, make it in that empty folder, and keep it."""
    check_installed()
    with _copied(root) as copy:
        environment = _environment(copy)
        yield ShopCopy(copy, environment, _prepare(copy, environment))


def check_installed() -> None:
    """Raise DemoError unless the packages that the shop needs are installed."""
    for package, oldest in MIN_VERSIONS.items():
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            raise DemoError(f"the demo needs {package}, which is not installed", remedy=INSTALL) from None
        if _release(version) < oldest:
            wanted = ".".join(map(str, oldest))
            raise DemoError(f"the demo needs {package} {wanted} or newer; this is {version}", remedy=INSTALL)


def _release(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(int("".join(c for c in part if c.isdecimal()) or 0) for part in parts)


@contextlib.contextmanager
def _copied(root: Path | None) -> Iterator[Path]:
    with contextlib.ExitStack() as stack:
        if root is None:
            scratch = tempfile.TemporaryDirectory(prefix="asyncspy-demo-", ignore_cleanup_errors=True)
            copy = Path(stack.enter_context(scratch)).resolve()
        else:
            copy = root.resolve()
            if copy.is_dir() and any(copy.iterdir()):
                raise DemoError(f"{copy} is not empty", remedy="name an empty folder for the demo's project")
        shutil.copytree(PROJECT, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        copy.chmod(0o700)  # copytree gave it the mode of the installed folder
        yield copy


def _environment(root: Path) -> dict[str, str]:
    """The caller's environment without what would change the shop, such as DJANGO_ALLOW_ASYNC_UNSAFE."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "UVICORN_"))}
    paths = [str(root), *filter(None, [kept.get("PYTHONPATH")])]
    return {
        **kept,
        TRACER_NAMED: str(os.getpid()),
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "PYTHONPATH": os.pathsep.join(paths),
        "SHOP_SECRET_KEY": secrets.token_urlsafe(32),
    }


def _prepare(root: Path, environment: dict[str, str]) -> str:
    """Fill the shop's database; returns the session key of the shop's clerk."""
    command = [sys.executable, "-m", "django", "open_shop"]
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=PREPARE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DemoError("the demo's database was not ready in time", remedy=BUSY) from None
    if done.returncode:
        raise DemoError(f"the demo's database could not be made: {last_line(done.stderr)}", remedy=BROKEN)
    return done.stdout.strip()


def last_line(text: str) -> str:
    """The last line that a program printed."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
