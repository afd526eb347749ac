"""Have a worker's main thread run a script: its interpreter is asked to, or before Python 3.14 made to (`inject`)."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from asyncspy.model.processes import Worker
from asyncspy.sample.inject import inject
from asyncspy.sample.inject.inject import Injection
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inside import remote_exec
from asyncspy.sample.inside.interpreters import APP_SINCE, REMOTE_DEBUGGING_SINCE, minor_version


class ScriptRunner(Protocol):
    """Asks one worker to run one script after the other."""

    def run(self, path: str) -> None:
        """Ask for it; the worker comes to it by itself. Raises TargetError where it cannot be asked."""

    def withdraw(self) -> None:
        """Withdraw a request that the worker has not come to carry out."""

    def clean_up(self) -> None:
        """Remove what is left of asking, once the script was run."""


class RemoteExec:
    """Asks by the interpreter's own remote debugging, which leaves nothing behind."""

    def __init__(self, target: Worker) -> None:
        self._target = target

    def run(self, path: str) -> None:
        """Ask for it."""
        remote_exec.run_in(self._target, path)

    def withdraw(self) -> None:
        """Have the interpreter forget it."""
        remote_exec.withdraw(self._target)

    def clean_up(self) -> None:
        """Nothing is left."""


class Injected:
    """Queues the script in the interpreter's memory; `stopped_ns` is how long the worker stood still for it."""

    def __init__(self, target: Worker) -> None:
        self._target = target
        self._injection: Injection | None = None
        self.stopped_ns = 0

    def run(self, path: str) -> None:
        """Queue it."""
        self._injection = inject.inject_file(self._target, path)
        self.stopped_ns = self._injection.stopped_ns

    def withdraw(self) -> None:
        """Take it out of the queue. Where that fails, it finds nothing to run: its folder is removed after this."""
        if self._injection is not None:
            with suppress(NotInjected):
                inject.withdraw(self._injection)
            self._injection = None

    def clean_up(self) -> None:
        """Remove the text that was queued."""
        if self._injection is not None:
            with suppress(NotInjected):
                inject.clear(self._injection)
            self._injection = None


def needs_injection(target: Worker) -> bool:
    """Whether its interpreter cannot be asked."""
    return (minor_version(target.python) or (0, 0)) < REMOTE_DEBUGGING_SINCE


def may_have_app(target: Worker) -> bool:
    """Whether `asyncspy.django` can be installed in it."""
    return (minor_version(target.python) or APP_SINCE) >= APP_SINCE


def runner_for(target: Worker, *, may_inject: bool) -> ScriptRunner | None:
    """What a worker can be asked by; None where only `asyncspy.django` can let the hook in."""
    if not needs_injection(target):
        return RemoteExec(target)
    return Injected(target) if may_inject else None
