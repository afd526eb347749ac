"""The py-spy program: find it, and understand what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

from asyncspy.errors import AsyncspyError, SamplerError, TargetError
from asyncspy.program import UPGRADE_PY_SPY, py_spy_file

MAX_STARTS = 4
"""Of 100 starts, up to 8 were seen to fail because a thread of a busy worker began or ended just then."""

FAILED_STARTS = ("Failed to find a python interpreter", "Failed to get stack traces")
MAX_QUOTE = 400
OLDEST_RELEASE = (0, 4, 3)
"""As pyproject.toml has it; one that is found on PATH may be older."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How many seconds py-spy may take: for a stack dump, and for what is said at each field."""

    dump: float = 20
    held: float = 3.0
    """A target that was held longer than this without a pause: its py-spy hangs."""
    last_chance: float = 1.0
    """How long a py-spy that hangs may take to write its file after SIGINT."""
    grace: float = 30
    """Added to one and a half times the duration: py-spy counts ticks, not seconds, and overruns when it lags."""
    exit: float = 5.0
    """How long a py-spy whose result is not needed may take to end after SIGINT."""
    check: float = 0.25
    """How often the watchdog checks what py-spy holds."""


@dataclass(frozen=True, slots=True)
class PySpy:
    """An executable py-spy."""

    path: str
    version: str
    timeouts: Timeouts = Timeouts()

    @property
    def shortcoming(self) -> str | None:
        """What is wrong with a release older than those that asyncspy asks for."""
        release = tuple(int(part) for part in re.findall(r"[0-9]{1,6}", self.version)[:3])
        if not release or release >= OLDEST_RELEASE:
            return None
        return (
            f"py-spy {self.version} is older than {'.'.join(map(str, OLDEST_RELEASE))}: it names no threads of "
            "Python 3.14, which pools and hangs are recognised by, and may take twenty times the CPU"
        )


@dataclass(frozen=True, slots=True)
class Complaint:
    """What py-spy prints when something is wrong, and the error that asyncspy raises for it."""

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
        done = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=Timeouts().dump, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise SamplerError(
            f"{found} does not run: {error}",
            remedy=f"install it again: {sys.executable} -m pip install --force-reinstall py-spy",
        ) from None
    return PySpy(found, done.stdout.strip().removeprefix("py-spy").strip())


def is_failed_start(output: str) -> bool:
    """Whether py-spy met a thread just as it began or ended: then it only needs to be started again."""
    return any(words in output for words in FAILED_STARTS)


def error_of(output: str, pid: int, py_spy: PySpy) -> AsyncspyError:
    """What py-spy printed when it failed, as an AsyncspyError."""
    for complaint in COMPLAINTS:
        if re.search(complaint.pattern, output, re.IGNORECASE):
            return complaint.error(complaint.message.format(pid=pid), remedy=complaint.remedy.format(pid=pid))
    return SamplerError(
        f"py-spy {py_spy.version} could not record process {pid}: {error_lines(output)}",
        remedy=f"a newer py-spy may know this Python: {UPGRADE_PY_SPY}",
    )


def error_lines(output: str) -> str:
    """The lines of py-spy's output that name an error, else the last one, as one short line."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and "Stack backtrace" not in line]
    errors = [line for line in lines if line.startswith(("Error:", "Reason:"))]
    return ("; ".join(errors) or (lines[-1] if lines else "it printed nothing"))[:MAX_QUOTE]


def seconds_behind(output: str) -> float | None:
    """By how many seconds py-spy says it fell behind, at worst."""
    behind = [float(value) for value in re.findall(r"(\d{1,9}\.\d{1,9})s behind in sampling", output, re.ASCII)]
    return max(behind, default=None)


def sample_counts(output: str) -> tuple[int | None, int | None]:
    """The samples and errors that py-spy counted."""
    found = re.search(r"Samples: (\d{1,15})(?: Errors: (\d{1,15}))?", output, re.ASCII)
    return (int(found[1]), int(found[2] or 0)) if found else (None, None)
