"""Options that several commands share, and the parsers of their values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click

from asyncspy.report import FORMATS

F = TypeVar("F", bound=Callable[..., Any])

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
MAX_SECONDS = 24 * 3600
MIN_INTERVAL = 0.1


def duration(text: str) -> int:
    """Parse seconds as a person writes them: 90, 90s, 3m, 1h."""
    found = re.fullmatch(r"(\d{1,6})([smh]?)", text, re.ASCII)
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not 1 <= seconds <= MAX_SECONDS:
        raise click.BadParameter(f"{text!r} is not a duration between 1s and 24h; write 90, 90s, 3m or 1h")
    return seconds


def interval(text: str) -> float:
    """Parse seconds that may have a fraction: 0.5, 30s, 5m."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smh]?)", text, re.ASCII)
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not MIN_INTERVAL <= seconds <= MAX_SECONDS:
        raise click.BadParameter(f"{text!r} is not an interval between 0.1s and 24h; write 0.5, 30s or 5m")
    return seconds


def _absolute_roots(_ctx: click.Context, _param: click.Parameter, roots: tuple[str, ...]) -> tuple[str, ...]:
    """A relative root is below the current folder, or it is the beginning of the short names in a recording."""
    try:
        absolute = [os.path.abspath(root) for root in roots]  # noqa: PTH100
    except OSError:  # the current folder was removed
        absolute = [os.path.normpath(root) for root in roots if root.startswith("/")]
    short = [os.path.normpath(root) for root in roots if not root.startswith(("/", ".", "~"))]
    return tuple(dict.fromkeys([*absolute, *short]))


with_app_root = click.option(
    "--app-root",
    "app_roots",
    type=click.Path(),
    multiple=True,
    callback=_absolute_roots,
    help="Where your own code is, as the worker sees it; may be given again. Other code counts as third-party.",
)

with_unfold = click.option(
    "-v",
    "--unfold",
    "--verbose",
    "unfold",
    is_flag=True,
    help="Show all: every frame of a chain, every entry, everything that was read.",
)


def with_format_of(formats: Collection[str], what: str) -> Callable[[F], F]:
    """Add --format for a report or a comparison."""
    names, text = click.Choice(sorted(formats)), f"How to print the {what}."
    return click.option("--format", "form", type=names, default="terminal", show_default=True, help=text)


with_format = with_format_of(FORMATS, "report")
