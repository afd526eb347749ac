"""A folder with a system in it to the command line that runs a program there, as in a container: its own root, mounts
and PID namespace, and a user who is not root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

SOMEBODY = 1234
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

SCRIPT = """
set -e
root=$1; shift
mount --bind $root $root
cd $root
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmpfs tmp
while [ "$1" != -- ]; do
    mkdir -p ./$2
    mount --bind $1 ./$2
    shift 2
done
shift
mkdir -p tmp/outside
pivot_root . tmp/outside
exec chroot . sh -ec 'umount --lazy /tmp/outside
somebody=$1; shift
exec setpriv --reuid $somebody --regid $somebody --clear-groups "$@"' sh "$@"
"""


def in_a_root(root: Path, bound: Mapping[Path, str], command: Sequence[str]) -> list[str]:
    """The command line; `bound` are folders of ours, and where they are to be in there. Needs root and unshare."""
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh", str(root)]
    binds = [word for ours, theirs in bound.items() for word in (str(ours), theirs)]
    return [*apart, *binds, "--", str(SOMEBODY), *command]


def somebody_below(pid: int) -> list[int]:
    """The processes of that user that a process has started."""
    return [each.pid for each in psutil.Process(pid).children(recursive=True) if each.uids().real == SOMEBODY]
