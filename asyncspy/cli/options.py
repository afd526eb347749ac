"""Options that several commands share, and the parsers of their values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncspy.report import FORMATS
from asyncspy.workflow.record_options import RecordOptions

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

RECORD_OPTIONS = (
    click.option(
        "--pid",
        "pids",
        type=click.IntRange(1),
        multiple=True,
        help="The worker, or a master: then all its workers. May be given again.  [default: the only server here]",
    ),
    click.option("--all", "all_servers", is_flag=True, help="Every server of this machine, all at once."),
    click.option(
        "--output",
        type=click.Path(path_type=Path, readable=False),
        help="Where to save the recording: a new file or a folder.  [default: ./asyncspy-PID-TIME.json]",
    ),
    with_app_root,
    click.option(
        "--exact",
        is_flag=True,
        help="Also count every call that reaches Django's guard on an event loop: a small hook runs inside the worker "
        "until the end. Python 3.14 or newer; before that with --inject, or asyncspy.django in INSTALLED_APPS.",
    ),
    click.option(
        "--inject",
        is_flag=True,
        help="With --exact, on Python 3.9 to 3.13: write the hook into the worker's memory as it runs. It is rehearsed "
        "first; docs/inject.md says what is written, and what cannot be promised.",
    ),
    click.option("--yes", "assume_yes", is_flag=True, help="Do not ask before --inject acts."),
    click.option("--native", is_flag=True, help="Also sample C code below Python. Slower; not on every machine."),
    click.option(
        "--nonblocking",
        is_flag=True,
        help="Do not pause the worker for a sample. It runs on while its stack is read: samples are lost, and some "
        "stacks that seem whole never were. Findings of few samples prove nothing then.",
    ),
)


def with_record_options(function: F) -> F:
    """Add --pid, --all and what else says which workers to record and how; the command is given `options`."""

    @wraps(function)
    def collected(*arguments: Any, **values: Any) -> Any:
        options = RecordOptions(**{name: values.pop(name) for name in RecordOptions.__dataclass_fields__})
        return function(*arguments, options=options, **values)

    for option in reversed(RECORD_OPTIONS):
        option(collected)
    return collected  # type: ignore[return-value]
