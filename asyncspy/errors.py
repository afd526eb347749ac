"""What can go wrong, each with the exit code it ends with and the next step for the person who meets it."""

from __future__ import annotations


class AsyncspyError(Exception):
    """Says what happened and why (the message), and what to do about it (`remedy`)."""

    exit_code = 4

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(AsyncspyError):
    """The options given do not go together."""

    exit_code = 2


class TargetError(AsyncspyError):
    """The process asked for is gone, belongs to somebody else, or is not Python."""

    exit_code = 3


class SamplerError(AsyncspyError):
    """py-spy is missing, too old, or failed."""


class OutputError(AsyncspyError):
    """The recording cannot be written where it was asked for."""


class InputError(AsyncspyError):
    """A file cannot be read as any recording that asyncspy knows."""
