"""A file in the target's file system goes in; the target's own interpreter runs it at its next safe moment (PEP 768).

That is asked for by an interpreter of the same minor version: ours, one that is installed here, or the target's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inside.enter import ASK
from asyncspy.sample.inside.tasks import minor, ours_or_roots

SINCE = (3, 14)
"""The first Python that lets code in from outside."""

SECONDS = 15
ENTER = Path(__file__).with_name("enter.py")
NOTHING = "/dev/null"
"""Asked to run this, an interpreter does nothing, and forgets what it was asked before."""

WITHOUT = "record by sampling: asyncspy attach --pid {pid}"


def run_in(target: Worker, path: str) -> None:
    """Have it run that file. Raises TargetError where it cannot be asked."""
    done = _run(_command(target, path), target)
    if done.returncode:
        raise _refused(target, done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"])


def withdraw(target: Worker) -> None:
    """Have it forget a file that it has not come to run."""
    try:
        _run(_command(target, NOTHING), target)
    except TargetError:
        return  # it is gone, and nothing is left to withdraw


def _command(target: Worker, path: str) -> list[str]:
    version = minor(target.python)
    if version is None:
        raise TargetError(f"the Python version of process {target.pid} is not known", remedy=_without(target))
    ours = sys.version_info[:2] == version
    if _same_root(target.pid):
        asks = sys.executable if ours else _installed(target, version)
        return [asks, "-I", "-S", "-c", ASK, str(target.pid), path]
    if os.geteuid() != 0:
        raise TargetError(
            f"process {target.pid} runs in another root (a container), which only root may enter",
            remedy=f"sudo asyncspy attach --exact --pid {target.pid}",
        )
    if not os.path.lexists(Path(f"/proc/{target.pid}/root", "proc", "self")):
        raise TargetError(
            f"process {target.pid} runs in another root that has no /proc: nobody can look at it from in there",
            remedy=f"mount -t proc proc {os.readlink(f'/proc/{target.pid}/root')}/proc; or {_without(target)}",  # noqa: PTH115
        )
    uid, gid, exe = _user_and_exe(target.pid)
    if not ours and uid == 0 and not _may_all_that_we_may(target.pid):
        raise TargetError(
            f"process {target.pid} runs as root in another root (a container): its own interpreter is not started "
            "with our rights",
            remedy=f"run asyncspy on Python {version[0]}.{version[1]}, out here or in there; or {_without(target)}",
        )
    inner = target.pid_inside or target.pid
    enter = [sys.executable, "-I", "-S", str(ENTER)]
    return [*enter, *map(str, (target.pid, inner, uid, gid)), "" if ours else exe, path]


def _same_root(pid: int) -> bool:
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat("/"))  # noqa: PTH116 - the link is followed
    except OSError as error:
        raise TargetError(
            f"the root of process {pid} cannot be seen: {error.strerror}", remedy=f"sudo asyncspy doctor --pid {pid}"
        ) from None


def _installed(target: Worker, version: tuple[int, int]) -> str:
    """An interpreter of that version that nobody but root or us can have written: on PATH, or the target's own."""
    name = "python{}.{}".format(*version)
    found = [shutil.which(name), _exe(target.pid)]
    for each in filter(None, found):
        if ours_or_roots(Path(each).resolve()):
            return str(Path(each).resolve())
    raise TargetError(
        f"process {target.pid} can only be asked by a {name} that nobody else can change; its own is not one",
        remedy=f"run asyncspy itself on that Python: {name} -m pip install asyncspy; {_without(target)}",
    )


def _exe(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return None


def _user_and_exe(pid: int) -> tuple[int, int, str]:
    """Whom it runs as, and its interpreter as its own root calls it."""
    try:
        about = os.stat(f"/proc/{pid}")  # noqa: PTH116 - beside readlink
        root = os.readlink(f"/proc/{pid}/root")  # noqa: PTH115
    except OSError as error:
        raise TargetError(f"process {pid} is gone: {error.strerror}", remedy="asyncspy find-workers") from None
    exe = _exe(pid) or ""
    return about.st_uid, about.st_gid, exe.removeprefix(root) if root != "/" else exe


def _may_all_that_we_may(pid: int) -> bool:
    """Whether it is root as we are, and nothing confines it: then nothing is given away in starting its programs."""
    try:
        told, ours = (_status(which) for which in (str(pid), "self"))
        same = os.path.samestat(os.stat(f"/proc/{pid}/ns/user"), os.stat("/proc/self/ns/user"))  # noqa: PTH116
    except OSError:
        return False
    return same and told.get("Seccomp") == ours.get("Seccomp") and told.get("CapEff") == ours.get("CapEff")


def _status(which: str) -> dict[str, str]:
    lines = Path(f"/proc/{which}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _run(command: list[str], target: Worker) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=SECONDS,
            check=False, cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        why = f"did not come to an end within {SECONDS} s"
    except OSError as error:
        why = f"cannot be started: {error.strerror}"
    raise TargetError(f"{command[0]}, which was to ask process {target.pid}, {why}", remedy=_without(target))


def _refused(target: Worker, said: list[str]) -> TargetError:
    why = said[0][:300]
    if "not enabled" in why or "disabled" in why:
        return TargetError(
            f"process {target.pid} lets no code in from outside: it was started with PYTHON_DISABLE_REMOTE_DEBUG or "
            "-X disable-remote-debug, or its Python was built without",
            remedy=f"start it without that; until then {_without(target)}",
        )
    if "PermissionError" in why or "not permitted" in why:
        return TargetError(
            f"no right to write into process {target.pid}: {why}",
            remedy=f"sudo asyncspy attach --exact --pid {target.pid}; asyncspy doctor --pid {target.pid} says more",
        )
    return TargetError(f"process {target.pid} cannot be asked to let the hook in: {why}", remedy=_without(target))


def _without(target: Worker) -> str:
    return WITHOUT.format(pid=target.pid)
