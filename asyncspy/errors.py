"""The errors of asyncspy, each with its exit code and what to do about it."""

from __future__ import annotations


class AsyncspyError(Exception):
    """An error whose message says what happened and why, and whose `remedy` says what to do about it."""

    exit_code = 4

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(AsyncspyError):
    """Options were given that cannot be used together."""

    exit_code = 2


class TargetError(AsyncspyError):
    """The process is gone, belongs to another user, or is not Python."""

    exit_code = 3


class EndedError(TargetError):
    """The process ended, or is about to, or runs another program by now."""


class SamplerError(AsyncspyError):
    """py-spy is missing, too old, or failed."""


class OutputError(AsyncspyError):
    """The output cannot be written."""


class InputError(AsyncspyError):
    """A file cannot be read, or is in no known format."""
