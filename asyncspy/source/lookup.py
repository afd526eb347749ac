"""Look up the lines of a recorded file: those saved with the recording, else those of the file on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from asyncspy.model.stacks import Origin
from asyncspy.model.third_party import Distribution
from asyncspy.source.distributions import Distributions
from asyncspy.source.files import SourceFiles

CONTEXT_LINES = 1
MAX_LINES = 200_000

START_READ_EARLY_SECONDS = 1.1
"""How much earlier than it was a process's start may be read: the kernel tells when it booted in whole seconds.
What was written in that second was there before the process imported it, but for a chance that is hardly one."""


class SourceCode:
    """Source files as they were when they ran: as saved with the recording, else as on disk unless changed since.

    `root` is where the file system of the recorded processes is, if that is not ours; `distributions` are those that
    were saved with the recording.
    """

    def __init__(
        self,
        origins: Iterable[Origin],
        saved: Mapping[str, Mapping[int, str]],
        root: Path | None = None,
        distributions: Mapping[str, Distribution] | None = None,
    ) -> None:
        self._files, self._installed, self._saved = SourceFiles(root), Distributions(root, distributions), saved
        started = [origin.target.started_at for origin in origins if origin.target and origin.target.started_at]
        self._since = min(started) + START_READ_EARLY_SECONDS if started else None
        """The start of the first process that was recorded, since when its code may have been loaded."""
        self.changed: dict[str, None] = {}

    def distribution(self, file: str) -> Distribution | None:
        """The distribution that an installed file belongs to, if its metadata can be read."""
        return self._installed.of(file)

    @property
    def distributions(self) -> Mapping[str, Distribution]:
        """By file, the distributions that were found until now."""
        return self._installed.named

    def text(self, file: str) -> str | None:
        """The whole file; where only some of its lines are known, the others are empty."""
        lines = self.lines(file)
        return "\n".join(lines) if lines is not None else None

    def around(self, file: str, line: int) -> list[tuple[int, str]]:
        """A line with its neighbours, numbered."""
        lines = self.lines(file) or []
        saved = self._saved.get(file)
        if not 1 <= line <= len(lines) or (saved and line not in saved and not self._is_as_saved(file)):
            return []
        first, last = max(1, line - CONTEXT_LINES), min(len(lines), line + CONTEXT_LINES)
        return [(number, lines[number - 1]) for number in range(first, last + 1)]

    def lines(self, file: str) -> list[str] | None:
        """The lines of a file, where they are known to be those that ran."""
        saved = self._saved.get(file)
        if saved:
            return self._files.lines(file) if self._is_as_saved(file) else _spread(saved)
        if self._since is not None and self._files.changed_since(file, self._since):
            self.changed[file] = None
            return None
        return self._files.lines(file)

    def _is_as_saved(self, file: str) -> bool:
        """Whether the file here holds the very lines that were saved."""
        lines = self._files.lines(file) or []
        return all(number <= len(lines) and lines[number - 1] == text for number, text in self._saved[file].items())


def _spread(saved: Mapping[int, str]) -> list[str]:
    """Put saved lines at their places; line numbers that no source file has are ignored."""
    known = {number: text for number, text in saved.items() if number <= MAX_LINES}
    return [known.get(number, "") for number in range(1, max(known, default=0) + 1)]
