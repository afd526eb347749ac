"""`python leash.py PARENT COMMAND…` becomes COMMAND, to which the kernel sends SIGINT when PARENT dies.

It is a separate program because only the child can ask the kernel for this, and because between fork and exec of a
program with threads hardly any code is safe to run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def main(parent: int, command: list[str]) -> None:
    """Tie this process to its parent and become the command."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)  # the parent ended before the signal was requested
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
