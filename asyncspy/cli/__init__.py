"""The command line: each command translates its options, calls one use case and shows the result.

Each command is a module of its own that is imported when it is asked for: `--version`, `--help` and completion of a
command's name import none of them.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from typing import Any, TextIO

import click
from click.shell_completion import CompletionItem

from asyncspy import __version__
from asyncspy.errors import AsyncspyError, OutputError

COMMANDS = {
    "find-workers": "Which processes serve, and can they be watched?",
    "doctor": "Will attaching work, and if not, what fixes it?",
    "attach": "Record a live worker: what runs on its event loop?",
    "dump": "Is a worker hung, and on what?",
    "watch": "Show findings as they come, until stopped.",
    "report": "Report from saved recordings, flame graphs, dumps and logs.",
    "fix": "Print a patch for what was found.",
    "diff": "Compare two recordings: is the line gone?",
    "export": "Write recordings in the format of another tool.",
    "demo": "Go through all of it on a Django shop with planted faults.",
}
"""The commands in the order in which they are needed, and what a list of them says."""
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of all commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, or an option of asyncspy itself."""
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

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
      asyncspy find-workers
      asyncspy attach --pid 48291
      asyncspy report flame.svg
      asyncspy fix recording.json

    \b
    Completion of commands and options, in bash (zsh and fish alike):
      eval "$(_ASYNCSPY_COMPLETE=bash_source asyncspy)"
    """
