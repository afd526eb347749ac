"""A checkout to its package: the modules in it, their rooms and lines; and the environment that it is run in."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Protocol

NAME = "asyncspy"
HERE = Path(__file__).resolve().parents[2]
"""The checkout that this benchmark lies in; the one that it measures may be another."""

GUEST = "demo/project"
"""A Django project that is served, not imported: Django says how its files are named."""

PINNED = {"COLUMNS": "80", "FORCE_COLOR": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
UNSET = ("NO_COLOR", "PYTHONIOENCODING", "PYTHONWARNINGS")


@dataclass(frozen=True)
class Module:
    """One file of the package; `path` begins below the package's folder."""

    path: str
    lines: int

    @property
    def room(self) -> str:
        """The package at the top that it lies in, or its own name where it lies at the top itself."""
        return room_of(self.path)


@dataclass(frozen=True)
class Checkout:
    """A folder that holds the package."""

    folder: Path

    @property
    def package(self) -> Path:
        """The folder of the package."""
        return self.folder / NAME

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """All Python files of the package, in the order of their paths."""
        paths = (path for path in self.package.rglob("*.py") if "__pycache__" not in path.parts)
        return tuple(Module(self.below(path), path.read_bytes().count(b"\n")) for path in sorted(paths))

    def below(self, path: Path | str) -> str:
        """A path as it continues below the package's folder."""
        return Path(path).relative_to(self.package).as_posix()

    def by_room(self) -> dict[str, list[Module]]:
        """The modules of each room, by its name."""
        rooms: dict[str, list[Module]] = {}
        for module in self.modules:
            rooms.setdefault(module.room, []).append(module)
        return dict(sorted(rooms.items()))


class Main(Protocol):
    """The command line: it reads sys.argv and leaves with SystemExit."""

    def __call__(self) -> None: ...


def checkout(folder: Path) -> Checkout:
    """The checkout in a folder, if it is one."""
    found = Checkout(folder.resolve())
    if not (found.package / "__main__.py").is_file():
        raise SystemExit(f"{folder} holds no {NAME}/__main__.py")
    return found


def room_of(path: str) -> str:
    """The first part of a path below the package: `analyse` or `errors.py`."""
    return path.partition("/")[0]


def command_line(of: Checkout) -> Main:
    """The command line of that checkout, imported; this process must not have imported the package of another."""
    sys.path.insert(0, str(of.folder))
    module = import_module(f"{NAME}.__main__")
    if not Path(str(module.__file__)).resolve().is_relative_to(of.package):
        raise SystemExit(f"{NAME} was imported from {module.__file__}, not from {of.folder}")
    main: Main = module.main
    return main


def environment() -> dict[str, str]:
    """This environment, with what an output may depend on pinned."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET and not name.startswith("_ASYNCSPY")}
    return {**kept, **PINNED}
