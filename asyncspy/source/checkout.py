"""Find the files of a checkout that a recording names, with their text and whether it is the text that ran."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from asyncspy.source.files import NEWLINE, decode_source, read_bytes

MAX_ENTRIES = 1000


class SourceText(NamedTuple):
    """A file of the checkout: its text with its own line ends, and how that is encoded."""

    path: Path
    name: str
    text: str
    encoding: str

    def encoded(self, text: str) -> bytes:
        """Another text in the encoding of this file. Raises UnicodeEncodeError where it has no such character."""
        return text.encode(self.encoding)


class Checkout:
    """The files below a root, by the names of a recording that may have been made elsewhere.

    `ran_in` is the folder that the recorded app ran in, `saved` are lines of its files as they ran, and `since` is when
    the code may first have been loaded.
    """

    def __init__(
        self, root: Path, ran_in: str | None, saved: Mapping[str, Mapping[int, str]], since: float | None
    ) -> None:
        self.root = root.resolve()
        self._ran_in, self._saved, self._since = ran_in, saved, since
        self._known: dict[str, SourceText | str] = {}

    @cached_property
    def own_packages(self) -> frozenset[str]:
        """The names that code of the checkout is imported by, from the root or from one folder below it."""
        folders = [self.root, *(entry for entry in _entries(self.root) if entry.is_dir())]
        return frozenset(entry.name.removesuffix(".py") for folder in folders for entry in _entries(folder))

    def find(self, file: str) -> SourceText | str:
        """The file, or why it cannot be edited."""
        if file not in self._known:
            self._known[file] = self._find(file)
        return self._known[file]

    def text(self, file: str) -> str | None:
        """The text of a file that can be edited."""
        found = self.find(file)
        return found.text if isinstance(found, SourceText) else None

    def _find(self, file: str) -> SourceText | str:
        path = self._locate(file)
        if path is None:
            return f"{file} is not below {self.root}"
        try:
            data = read_bytes(path)
            if data is None:
                return f"{file} is too large, or no regular file"
            text, encoding = decode_source(data)
        except (OSError, SyntaxError, ValueError, LookupError):
            return f"{file} cannot be read as Python source"
        if self._was_changed(file, path, text):
            return f"{file} was changed since it ran"
        return SourceText(path, path.relative_to(self.root).as_posix(), text, encoding)

    def is_verified(self, file: str, line: int) -> bool:
        """Whether this line is known to be what ran: it was saved, or the file itself was not written since."""
        found = self.find(file)
        if isinstance(found, str):
            return False
        return line in self._saved.get(file, {}) or self._is_written_since(file, found.path) is False

    def _was_changed(self, file: str, path: Path, text: str) -> bool:
        """Whether anything says that it is not what ran."""
        saved = self._saved.get(file)
        if not saved:
            return self._is_written_since(file, path) is True
        lines = NEWLINE.split(text)
        return not all(0 < number <= len(lines) and lines[number - 1] == line for number, line in saved.items())

    def _is_written_since(self, file: str, path: Path) -> bool | None:
        """Whether the very file that ran was written since; None if it is not known when, or this is a copy of it."""
        if self._since is None or os.path.realpath(file) != str(path):
            return None
        return path.stat().st_mtime > self._since

    def _locate(self, file: str) -> Path | None:
        """The file below the root: at its place below the folder that the app ran in, else by the end of its name."""
        if "\0" in file or not file.endswith(".py"):
            return None
        folder = f"{(self._ran_in or '').rstrip('/')}/"
        steps = [step for step in os.path.normpath(file).split("/") if step not in {"", ".", ".."}]
        names = [file.removeprefix(folder)] if self._ran_in and file.startswith(folder) else []
        names += ["/".join(steps[start:]) for start in range(len(steps))]
        for name in names:
            path = Path(os.path.realpath(self.root / name))
            if path.is_relative_to(self.root) and path.is_file():
                return path
        return None


def _entries(folder: Path) -> list[Path]:
    """The packages and modules in a folder; those of dependencies that are installed in there are not followed."""
    try:
        return [e for e in sorted(folder.iterdir())[:MAX_ENTRIES] if e.suffix == ".py" or (e / "__init__.py").exists()]
    except OSError:
        return []
