"""Options of the commands that record: which processes, how, and where the recording is saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncspy.cli.options import with_app_root
from asyncspy.workflow.record_options import RecordOptions

F = TypeVar("F", bound=Callable[..., Any])

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
