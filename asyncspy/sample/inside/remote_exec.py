"""Have a target's own interpreter run a file at its next safe moment (PEP 768).

Another interpreter of the same minor version asks for that: ours, one that is installed here, or the target's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inside import interpreters
from asyncspy.sample.inside.enter import ASK
from asyncspy.sample.inside.interpreters import Version, minor_version
from asyncspy.sample.kernel_state import status_of

ASK_SECONDS = 15
ENTER = Path(__file__).with_name("enter.py")
NOTHING = "/dev/null"
"""An interpreter that is asked to run this does nothing, and forgets what it was asked before."""


def run_in(target: Worker, path: str) -> None:
    """Ask the target to run that file; raises TargetError where it cannot be asked."""
    done = _run(_command(target, path), target)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise _refused(target, lines[-1][:300] if lines else f"exit code {done.returncode}")


def withdraw(target: Worker) -> None:
    """Withdraw a request that the target has not come to carry out."""
    with suppress(TargetError):  # it is gone, and nothing is left to withdraw
        _run(_command(target, NOTHING), target)


def _command(target: Worker, path: str) -> list[str]:
    version = minor_version(target.python)
    if version is None:
        raise TargetError(f"the Python version of process {target.pid} is not known", remedy=_without(target))
    ours = sys.version_info[:2] == version
    if _same_root(target.pid):
        interpreter = sys.executable if ours else _installed(target, version)
        return [interpreter, "-I", "-S", "-c", ASK, str(target.pid), path]
    if os.geteuid() != 0:
        raise TargetError(
            f"process {target.pid} runs in another root (a container), which only root may enter",
            remedy=f"sudo asyncspy attach --exact --pid {target.pid}",
        )
    if not os.path.lexists(Path(f"/proc/{target.pid}/root", "proc", "self")):
        raise TargetError(
            f"process {target.pid} runs in another root that has no /proc: it cannot be examined from inside",
            remedy=f"mount -t proc proc {os.readlink(f'/proc/{target.pid}/root')}/proc; or {_without(target)}",  # noqa: PTH115
        )
    uid, gid, exe = _user_and_exe(target.pid)
    if not ours and uid == 0 and not _has_our_rights(target.pid):
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
        return interpreters.shares_our_root(pid)
    except OSError as error:
        raise TargetError(
            f"the root of process {pid} cannot be seen: {error.strerror}", remedy=f"sudo asyncspy doctor --pid {pid}"
        ) from None


def _installed(target: Worker, version: Version) -> str:
    """An interpreter of that version that only root or we can have written: on PATH, or the target's own."""
    name = "python{}.{}".format(*version)
    for found in filter(None, (shutil.which(name), _exe(target.pid))):
        program = Path(found).resolve()
        if interpreters.is_safe_to_start(program):
            return str(program)
    raise TargetError(
        f"process {target.pid} can only be asked by a {name} that no other user can change; its own can be changed",
        remedy=f"run asyncspy itself on that Python: {name} -m pip install asyncspy; {_without(target)}",
    )


def _exe(pid: int) -> str:
    with suppress(OSError):
        return str(interpreters.executable_of(pid))
    return ""


def _user_and_exe(pid: int) -> tuple[int, int, str]:
    """The user and group it runs as, and its interpreter's path in its own root."""
    try:
        about = os.stat(f"/proc/{pid}")  # noqa: PTH116 - beside readlink
        root = os.readlink(f"/proc/{pid}/root")  # noqa: PTH115
    except OSError as error:
        raise TargetError(f"process {pid} is gone: {error.strerror}", remedy="asyncspy find-workers") from None
    exe = _exe(pid)
    return about.st_uid, about.st_gid, exe.removeprefix(root) if root != "/" else exe


def _has_our_rights(pid: int) -> bool:
    """Whether a root process is confined no more than we are: then starting its program gives no rights away."""
    its, ours = status_of(pid), status_of("self")
    try:
        same = os.path.samestat(os.stat(f"/proc/{pid}/ns/user"), os.stat("/proc/self/ns/user"))  # noqa: PTH116
    except OSError:
        return False
    return same and its.get("Seccomp") == ours.get("Seccomp") and its.get("CapEff") == ours.get("CapEff")


def _run(command: list[str], target: Worker) -> subprocess.CompletedProcess[str]:
    try:
        return interpreters.run(command, ASK_SECONDS)
    except interpreters.InterpreterError as error:
        message = f"{command[0]}, which was to ask process {target.pid}, {error}"
        raise TargetError(message, remedy=_without(target)) from None


def _refused(target: Worker, why: str) -> TargetError:
    if "not enabled" in why or "disabled" in why:
        return TargetError(
            f"process {target.pid} accepts no code from outside: it was started with PYTHON_DISABLE_REMOTE_DEBUG or "
            "-X disable-remote-debug, or its Python was built without",
            remedy=f"start it without that; until then {_without(target)}",
        )
    if "PermissionError" in why or "not permitted" in why:
        return TargetError(
            f"no right to write into process {target.pid}: {why}",
            remedy=f"sudo asyncspy attach --exact --pid {target.pid}; asyncspy doctor --pid {target.pid} says more",
        )
    return TargetError(f"process {target.pid} cannot be asked to start the hook: {why}", remedy=_without(target))


def _without(target: Worker) -> str:
    return f"record by sampling: asyncspy attach --pid {target.pid}"
