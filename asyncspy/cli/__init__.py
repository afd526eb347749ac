"""The commands: options in, stages called, exit code out.

Each command lives in a module of its own that is imported when it is asked for, so that `asyncspy --version` in a
runbook does not wait for rich.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from typing import Any, TextIO

import click

from asyncspy import __version__
from asyncspy.errors import AsyncspyError, OutputError

COMMANDS = {
    "attach": "asyncspy.cli.attach",
    "demo": "asyncspy.cli.demo",
    "diff": "asyncspy.cli.diff",
    "doctor": "asyncspy.cli.doctor",
    "dump": "asyncspy.cli.dump",
    "export": "asyncspy.cli.export",
    "find-workers": "asyncspy.cli.find_workers",
    "report": "asyncspy.cli.report",
    "watch": "asyncspy.cli.watch",
}
INTERRUPTED = 130
LONGEST = 2000
"""Characters of an error that are shown: it may quote a name from a file or from another program."""


class Commands(click.Group):
    """A group whose commands are imported on demand, and whose errors end with a next step and never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(module).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises on purpose becomes two lines and an exit code."""
        try:
            return super().invoke(ctx)
        except AsyncspyError as error:
            complain(error)
            ctx.exit(error.exit_code)
        except BrokenPipeError:  # `asyncspy demo 2>&1 | head` is no error
            _mute(sys.stdout)
            ctx.exit(0)
        except OSError as error:
            if error.errno == errno.EIO:  # the terminal was closed: there is nobody left to tell
                _mute(sys.stdout, sys.stderr)
                ctx.exit(INTERRUPTED)
            _mute(sys.stdout)
            where = error.filename or "the output"
            told = OutputError(f"{where}: {error.strerror or error}", remedy="make room there, or write elsewhere")
            complain(told)
            ctx.exit(told.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


def _mute(*streams: TextIO) -> None:
    from asyncspy.cli.terminal import mute  # noqa: PLC0415 - as below

    for stream in streams:
        mute(stream)


def complain(error: AsyncspyError) -> None:
    """What happened, and the next step."""
    from asyncspy.untrusted import escape_unprintable  # noqa: PLC0415 - only who errs waits for it

    click.echo(
        f"{click.style('error:', fg='red', bold=True)} {escape_unprintable(error.message, limit=LONGEST)}", err=True
    )
    click.echo(f"{click.style(' next:', bold=True)} {escape_unprintable(error.remedy, limit=LONGEST)}", err=True)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="asyncspy %(version)s")
@click.option("-q", "--quiet", is_flag=True, help="Print the answer and errors alone: no progress, no notes.")
def commands(*, quiet: bool) -> None:
    """Which line of your code runs async-unsafe Django on the event loop?

    asyncspy attaches py-spy to a live ASGI worker, without restarting it, and names the call chains that end in
    Django's async_unsafe guard, down to the line to change.

    \b
      asyncspy find-workers             which processes serve, and can they be watched?
      asyncspy doctor --pid 48291       will attaching work, and if not, what mends it?
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
