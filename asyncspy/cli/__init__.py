"""The command line: each command translates its options, calls one use case and shows the result.

Each command is a module of its own that is imported when it is asked for, so that `asyncspy --version` is fast.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from typing import Any, TextIO

import click

from asyncspy import __version__
from asyncspy.errors import AsyncspyError, OutputError

COMMANDS = ("attach", "demo", "diff", "doctor", "dump", "export", "find-workers", "report", "watch")
INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are imported on demand, and whose errors end with a next step and never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"asyncspy.cli.{cmd_name.replace('-', '_')}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error is printed in two lines and becomes an exit code."""
        try:
            return super().invoke(ctx)
        except AsyncspyError as error:
            print_error(error)
            ctx.exit(error.exit_code)
        except BrokenPipeError:  # `asyncspy demo 2>&1 | head` is no error
            _mute(sys.stdout)
            ctx.exit(0)
        except OSError as error:
            if error.errno == errno.EIO:  # the terminal was closed
                _mute(sys.stdout, sys.stderr)
                ctx.exit(INTERRUPTED)
            _mute(sys.stdout)
            where = error.filename or "the output"
            failure = OutputError(f"{where}: {error.strerror or error}", remedy="make room there, or write elsewhere")
            print_error(failure)
            ctx.exit(failure.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


def _mute(*streams: TextIO) -> None:
    from asyncspy.cli.terminal import mute  # noqa: PLC0415 - as below

    for stream in streams:
        mute(stream)


def print_error(error: AsyncspyError) -> None:
    """Print what happened, and the next step."""
    from asyncspy.cli.terminal import MAX_TEXT  # noqa: PLC0415 - only needed after an error
    from asyncspy.untrusted import escape_unprintable  # noqa: PLC0415 - as above

    click.echo(
        f"{click.style('error:', fg='red', bold=True)} {escape_unprintable(error.message, limit=MAX_TEXT)}", err=True
    )
    click.echo(f"{click.style(' next:', bold=True)} {escape_unprintable(error.remedy, limit=MAX_TEXT)}", err=True)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="asyncspy %(version)s")
@click.option("-q", "--quiet", is_flag=True, help="Print the answer and errors alone: no progress, no notes.")
def commands(*, quiet: bool) -> None:
    """Which line of your code runs async-unsafe Django on the event loop?

    asyncspy attaches py-spy to a live ASGI worker, without restarting it, and names the call chains that end in
    Django's async_unsafe guard, down to the line to change.

    \b
      asyncspy find-workers             which processes serve, and can they be watched?
      asyncspy doctor --pid 48291       will attaching work, and if not, what fixes it?
      asyncspy attach --pid 48291       record one of them for three minutes and report
      asyncspy dump --pid 48291         is it hung, and on what?
      asyncspy watch --pid 48291        findings as they come, until stopped
      asyncspy report flame.svg         the same report from a saved recording
      asyncspy diff before after        is the line gone?
      asyncspy export x.json --to pprof the recording for other tools
      asyncspy demo                     all of it on a Django shop with planted faults

    \b
    Completion of commands and options, in bash (zsh and fish alike):
      eval "$(_ASYNCSPY_COMPLETE=bash_source asyncspy)"
    """
