"""The py-spy program: where it is, which version, and what its words mean."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

from asyncspy.errors import AsyncspyError, SamplerError, TargetError
from asyncspy.program import py_spy_file
from asyncspy.sample.pyspy.watchdog import look

PROBE_SECONDS = 20
STARTS = 4
"""Up to 8 of 100 starts were seen to stumble over the threads of a busy worker."""
STUMBLES = ("Failed to find a python interpreter", "Failed to get stack traces")
LONGEST_QUOTE = 400


@dataclass(frozen=True, slots=True)
class PySpy:
    """An executable py-spy."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What py-spy says when something is wrong, and what asyncspy says for it."""

    pattern: str
    error: type[AsyncspyError]
    message: str
    remedy: str


COMPLAINTS = (
    Complaint(
        "Permission denied|Operation not permitted",
        TargetError,
        "the kernel does not let this user read process {pid}",
        "run the same command as root; in a container, start it with --cap-add=SYS_PTRACE",
    ),
    Complaint(
        "No such process|No such file or directory: /proc|Failed to open process",
        TargetError,
        "process {pid} is gone",
        "list the workers there are: asyncspy find-workers",
    ),
    Complaint(
        "Failed to find python version|No python processes found|not a python process",
        TargetError,
        "process {pid} is not a Python process that py-spy can read",
        "list the workers there are: asyncspy find-workers",
    ),
)


def find_py_spy() -> PySpy:
    """The py-spy installed beside asyncspy, else the one on PATH."""
    found = py_spy_file()
    if found is None:
        raise SamplerError(
            "py-spy is neither installed beside asyncspy nor on PATH",
            remedy=f"install it: {sys.executable} -m pip install py-spy",
        )
    try:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=PROBE_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise SamplerError(
            f"{found} does not run: {error}",
            remedy=f"install it anew: {sys.executable} -m pip install --force-reinstall py-spy",
        ) from None
    return PySpy(found, said.stdout.strip().removeprefix("py-spy").strip())


def probe(py_spy: PySpy, pid: int) -> None:
    """One stack dump: raises what would keep a recording from starting, without `-s`, which masks the reason."""
    command = [py_spy.path, "dump", "--pid", str(pid)]
    try:
        for _ in range(STARTS):
            done = look(command, pid, PROBE_SECONDS)
            if done.returncode == 0 or not stumbled(done.stderr):
                break
    except subprocess.TimeoutExpired as error:
        raise SamplerError(
            f"py-spy could not read process {pid} within {error.timeout:.3g} s",
            remedy=f"is it stopped or very busy? Look at its state: ps -o pid,stat,pcpu,cmd -p {pid}",
        ) from None
    if done.returncode != 0:
        raise explain(done.stderr or done.stdout, pid, py_spy)


def stumbled(said: str) -> bool:
    """Whether py-spy came upon a thread just as it began or ended: trying again is all that is needed."""
    return any(words in said for words in STUMBLES)


def explain(said: str, pid: int, py_spy: PySpy) -> AsyncspyError:
    """py-spy's last words as an error of ours."""
    for complaint in COMPLAINTS:
        if re.search(complaint.pattern, said, re.IGNORECASE):
            return complaint.error(complaint.message.format(pid=pid), remedy=complaint.remedy.format(pid=pid))
    return SamplerError(
        f"py-spy {py_spy.version} could not record process {pid}: {last_words(said)}",
        remedy=f"a newer py-spy may know this Python: {sys.executable} -m pip install --upgrade py-spy",
    )


def last_words(said: str) -> str:
    """What of py-spy's output tells most, on one line and bounded."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and "Stack backtrace" not in line]
    telling = [line for line in lines if line.startswith(("Error:", "Reason:"))]
    return ("; ".join(telling) or (lines[-1] if lines else "it said nothing"))[:LONGEST_QUOTE]


def lateness(said: str) -> float | None:
    """By how many seconds py-spy says it fell behind, at worst."""
    behind = [float(value) for value in re.findall(r"(\d{1,9}\.\d{1,9})s behind in sampling", said, re.ASCII)]
    return max(behind, default=None)


def counts(said: str) -> tuple[int | None, int | None]:
    """The samples and errors that py-spy counted."""
    found = re.search(r"Samples: (\d{1,15})(?: Errors: (\d{1,15}))?", said, re.ASCII)
    return (int(found[1]), int(found[2] or 0)) if found else (None, None)
