"""Find the distribution that an installed file belongs to, from the metadata in the folder of packages."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from asyncspy.model.third_party import Distribution

SITE = re.compile(r"(.*/(?:site|dist)-packages)/(([^/]+).*)")
INFO = re.compile(r"(.+?)-([^-]+)(?:-py[\d.]+)?\.(?:dist-info|egg-info)")
MAX_BYTES = 4 * 1024 * 1024
MAX_FOLDERS = 2000
LISTS = ("RECORD", "top_level.txt", "installed-files.txt")


class Distributions:
    """The distributions installed below a root, such as `/proc/PID/root` for a process in a container.

    Only a distribution's own list of its files is opened, and only in a folder of installed packages. `saved` are the
    distributions of files that were saved with a recording.
    """

    def __init__(self, root: Path | None = None, saved: Mapping[str, Distribution] | None = None) -> None:
        self._root = root
        self.named: dict[str, Distribution] = dict(saved or {})
        """By file, those that were named until now."""
        self._known: dict[tuple[str, str], Distribution | None] = {}

    def of(self, file: str) -> Distribution | None:
        """The distribution of a file; None where it is not installed, or its metadata cannot be read."""
        known = self.named.get(file) or self._installed(file)
        if known is not None:
            self.named[file] = known
        return known

    def _installed(self, file: str) -> Distribution | None:
        found = SITE.match(os.path.normpath(file)) if file.startswith("/") and "\0" not in file else None
        if found is None:
            return None
        folder, inside, top = found.groups()
        site = Path(folder) if self._root is None else self._root / folder.lstrip("/")
        listed = (inside, top) if _is_namespace(site / top) else (top,)
        key = (folder, listed[0])
        if key not in self._known:
            self._known[key] = self._look_up(site, top, listed)
        return self._known[key]

    def _look_up(self, site: Path, top: str, listed: Sequence[str]) -> Distribution | None:
        """The one that lists the first of these files, packages or modules that any does."""
        try:
            infos = sorted(_infos(site), key=lambda info: not _sounds_like(info.name, top))
        except OSError:
            return None
        holder = next((info for inside in listed for info in infos if _holds(info, inside)), None)
        named = INFO.fullmatch(holder.name) if holder is not None else None
        return Distribution(named[1].replace("_", "-"), named[2]) if named else None


def _infos(site: Path) -> Iterator[Path]:
    with os.scandir(site) as entries:
        for number, entry in enumerate(entries):
            if number >= MAX_FOLDERS:
                return
            if INFO.fullmatch(entry.name):
                yield site / entry.name


def _sounds_like(info: str, top: str) -> bool:
    """Whether it is named like the package, as most are: these are looked into first."""
    return info.lower().startswith(top.removesuffix(".py").lower())


def _is_namespace(folder: Path) -> bool:
    """Whether several distributions share this folder, so that only a whole path says which of them a file is of."""
    try:
        return folder.is_dir() and not (folder / "__init__.py").exists()
    except OSError:
        return False


def _holds(info: Path, inside: str) -> bool:
    """Whether a distribution lists this package, module or file."""
    wanted = {inside, inside.removesuffix(".py")}
    files = (line.partition(",")[0].strip().removeprefix("../") for name in LISTS for line in _lines(info / name))
    return any((file if "/" in inside else file.partition("/")[0]) in wanted for file in files)


def _lines(file: Path) -> list[str]:
    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return []
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return []
