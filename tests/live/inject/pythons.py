"""A name on the command line to a Python, and to a program of `targets` that runs on it.

3.12                        that version, as the matrix finds it: pyenv's
debian                      the system's own
/PATH/bin/python3           an interpreter
bullseye, forky:python3.13  a release of Debian in a root of its own, built by debootstrap in the cache of the matrix
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.live.in_a_root import ENVIRONMENT, in_a_root, somebody_below
from tests.live.inject.targets import DEBIAN, KINDS, SANE, Target, target
from tests.live.matrix.homes import debian, interpreter
from tests.live.processes import eventually, running

EXACT_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"


class Python(NamedTuple):
    """An interpreter; `root` is None where it is in ours."""

    name: str
    program: str
    root: Path | None


def named_python(name: str) -> Python:
    """Find it, or build the root. Raises `Missing` where this machine cannot."""
    if name == "debian" or "/" in name or name[0].isdigit():
        program = {"debian": DEBIAN}.get(name) or (name if "/" in name else interpreter(name))
        origin = "pyenv" if name[0].isdigit() else name
        return Python(f"{_exact_version([program])} {origin}", program, None)
    release, _, package = name.partition(":")
    root, program = debian(release, package or "python3"), f"/usr/bin/{package or 'python3'}"
    return Python(f"{_exact_version(['chroot', str(root), program])} {release}", program, root)


@contextmanager
def running_on(python: Python, kind: str, folder: Path) -> Iterator[Target]:
    """One of the programs while it runs. In a root, too, `folder` has the path that it has here."""
    if python.root is None:
        with target(python.program, kind, folder) as found:
            yield found
        return
    folder.chmod(0o777)
    ready = folder / "ready"
    command = [python.program, "-c", SANE + KINDS[kind], str(ready)]
    argv = in_a_root(python.root, {folder: str(folder)}, command)
    with running(argv, cwd="/", env=ENVIRONMENT, ready=ready.exists) as process:
        (pid,) = somebody_below(process.pid)
        found = Target(pid, folder)
        yield found
        assert eventually(found.is_well, timeout=5), found.state()


def _exact_version(argv: list[str]) -> str:
    done = subprocess.run([*argv, "-c", EXACT_VERSION], capture_output=True, text=True, check=True)
    return done.stdout.strip()
