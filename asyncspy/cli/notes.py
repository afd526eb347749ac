"""What a person may want to know beside the answer, to stderr; --quiet leaves it out, and errors are never such."""

from __future__ import annotations

import click

from asyncspy.report.inert import inert

LONGEST = 2_000


def say(text: str) -> None:
    """Say it, unless nothing but the answer is wanted."""
    if not is_quiet():
        click.echo(inert(text, limit=LONGEST), err=True)


def is_quiet() -> bool:
    """Whether --quiet was given, before or without a command."""
    context = click.get_current_context(silent=True)
    return bool(context is not None and context.find_root().params.get("quiet"))
