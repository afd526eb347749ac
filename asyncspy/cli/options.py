"""Options that several commands share, and what their values mean."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncspy.report import FORMATS
from asyncspy.workflow.recording_run import RecordOptions

F = TypeVar("F", bound=Callable[..., Any])

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
LONGEST_SECONDS = 24 * 3600
SHORTEST_INTERVAL = 0.1


class Duration(click.ParamType[int]):
    """Seconds as a person writes them: 90, 90s, 3m, 1h."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Whole seconds."""
        found = re.fullmatch(r"(\d{1,6})([smh]?)", str(value), re.ASCII)
        seconds = int(found[1]) * UNITS[found[2]] if found else 0
        if not 1 <= seconds <= LONGEST_SECONDS:
            self.fail(f"{value!r} is no duration between 1s and 24h; write 90, 90s, 3m or 1h", param, ctx)
        return seconds


class Interval(click.ParamType[float]):
    """Seconds, also parts of one: 0.5, 30s, 5m."""

    name = "interval"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smh]?)", str(value), re.ASCII)
        seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
        if not SHORTEST_INTERVAL <= seconds <= LONGEST_SECONDS:
            self.fail(f"{value!r} is no interval between 0.1s and 24h; write 0.5, 30s or 5m", param, ctx)
        return seconds


def with_app_root(function: F) -> F:
    """Add --app-root."""
    return click.option(
        "--app-root",
        "app_roots",
        type=click.Path(),
        multiple=True,
        callback=lambda _ctx, _param, values: _spellings(values),
        help="Where your own code lies, as the worker sees it; may be given again. All else is then somebody else's.",
    )(function)


def _spellings(roots: tuple[str, ...]) -> tuple[str, ...]:
    """A relative root is meant from here, or it is the beginning of the short names in a recording."""
    here = [os.path.abspath(root) for root in roots if root.startswith("/") or _is_somewhere()]  # noqa: PTH100
    short = [os.path.normpath(root) for root in roots if not root.startswith(("/", ".", "~"))]
    return tuple(dict.fromkeys([*here, *short]))


def _is_somewhere() -> bool:
    """Whether the current folder is still there."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def with_format(function: F) -> F:
    """Add --format."""
    return with_format_of(FORMATS, "report")(function)


def with_format_of(formats: Collection[str], what: str) -> Callable[[F], F]:
    """Add --format for something that has formats of its own."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(sorted(formats)),
        default="terminal",
        show_default=True,
        help=f"How to print the {what}.",
    )


def with_unfold(function: F) -> F:
    """Add --unfold."""
    return click.option(
        "-v",
        "--unfold",
        "--verbose",
        "unfold",
        is_flag=True,
        help="Show all: every frame of a chain, every entry, everything that was read.",
    )(function)


def with_duration(default: str) -> Callable[[F], F]:
    """Add --duration."""
    return click.option(
        "--duration", type=Duration(), default=default, show_default=True, help="How long to record: 90, 90s, 3m."
    )


class Goal(click.ParamType[int | None]):
    """What ends a recording: `found`, or so many samples of the loop, as in `5000-samples`."""

    name = "goal"

    def get_metavar(self, *_: object, **__: object) -> str:
        """As it is written in the help."""
        return "found|N-samples"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The number of samples; None for `found`."""
        found = re.fullmatch(r"(\d{1,9})-samples", str(value), re.ASCII)
        if value != "found" and not (found and int(found[1])):
            self.fail(f"{value!r} is no goal; write found, or 5000-samples", param, ctx)
        return int(found[1]) if found else None


def with_pids(function: F) -> F:
    """Add --pid, which may be given several times, and --all."""
    pid = click.option(
        "--pid",
        "pids",
        type=click.IntRange(1),
        multiple=True,
        help="The worker, or a master: then all its workers. May be given again.  [default: the only server here]",
    )
    return pid(
        click.option("--all", "every", is_flag=True, help="Every server of this machine, all at once.")(function)
    )


def as_record_options(function: F) -> F:
    """Collect the options of --pid, --exact, --output, ... as `options`, a RecordOptions."""

    @wraps(function)
    def collected(
        *args: Any,
        pids: tuple[int, ...],
        every: bool,
        output: Path | None,
        native: bool,
        nonblocking: bool,
        exact: bool,
        app_roots: tuple[str, ...],
        **others: Any,
    ) -> Any:
        options = RecordOptions(pids, every, output, native, nonblocking, exact, app_roots)
        return function(*args, options=options, **others)

    return collected  # type: ignore[return-value]


def with_py_spy(function: F) -> F:
    """Add what is passed on to py-spy as it is."""
    native = click.option(
        "--native", is_flag=True, help="Also sample C code below Python. Slower; not on every machine."
    )
    nonblocking = click.option(
        "--nonblocking",
        is_flag=True,
        help="Do not pause the worker for a sample. It runs on while its stack is read: samples are lost, and some "
        "stacks that seem whole never were. Findings of few samples prove nothing then.",
    )
    return native(nonblocking(function))


def with_exact(function: F) -> F:
    """Add --exact."""
    return click.option(
        "--exact",
        is_flag=True,
        help="Also count every call that reaches Django's guard on an event loop: a small hook runs inside the worker "
        "until the end. Python 3.14 or newer; before that with asyncspy.django in INSTALLED_APPS.",
    )(function)


def with_output(function: F) -> F:
    """Add --output."""
    return click.option(
        "--output",
        type=click.Path(path_type=Path, readable=False),
        help="Where to save the recording: a new file or a folder.  [default: ./asyncspy-PID-TIME.json]",
    )(function)


def with_rate(function: F) -> F:
    """Add --rate."""
    return click.option(
        "--rate",
        type=click.IntRange(1, 1000),
        default=100,
        show_default=True,
        help="Samples per second. More than 100 slows the worker and bends what is measured.",
    )(function)
