"""Count the calls to Django's guard in one worker: start the hook, ask for its counts, always remove it."""

from __future__ import annotations

import functools
import inspect
import json
import time
from collections.abc import Callable
from datetime import datetime, timezone

from asyncspy.errors import AsyncspyError, EndedError, SamplerError, TargetError
from asyncspy.guest import counting, entering, files, loop_watch, task_looks
from asyncspy.model.processes import Worker
from asyncspy.sample.inside.exchange_folder import ExchangeFolder
from asyncspy.sample.inside.hook_report import HookReport, parse_report
from asyncspy.sample.inside.script_runners import may_have_app, runner_for
from asyncspy.sample.kernel_state import process_state

POLL_SECONDS = 0.05
START_SECONDS, ANSWER_SECONDS = 10.0, 5.0
"""How long a worker may take to reach a place where it can start the hook, and to answer it."""

APP_FOLDER = "asyncspy-exact-{}"
"""The folder in /tmp by which `asyncspy.django` is asked to start the hook; the number is the worker's own pid."""

STOP_SCRIPT = """
import sys
if hasattr(sys, "monitoring"):
    for tool in range(6):
        if sys.monitoring.get_tool(tool) == {name!r}:
            hook = sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, None).__self__
            hook.stop()
else:
    for name in ("get_running_loop", "os"):
        hook = getattr(getattr(sys.modules[{guard!r}], name, None), "asyncspy_hook", None)
        if hook is not None:
            hook.stop()
"""
"""Stops the hook where no loop runs in the main thread to check the lease."""

BY_APP_SECONDS = 1.5
"""How long `asyncspy.django` may take where injecting is allowed, too; it looks once a second, as a request begins."""

NOT_STARTED_BY_APP = (
    "process {pid} runs Python {python}: the hook can be started from outside since Python 3.14, and by "
    "asyncspy.django before that, which did not answer within {seconds} s (it checks when a request begins)"
)
NOT_STARTED_BY_APP_REMEDY = (
    "three ways: write the hook into it while it runs (asyncspy attach --pid {pid} --exact --inject; docs/inject.md "
    "says what that means); add 'asyncspy.django' to INSTALLED_APPS, restart, and count again (asyncspy attach --pid "
    "{pid} --exact); or sample it (asyncspy attach --pid {pid})"
)

ONLY_BY_INJECTION = "process {pid} runs Python {python}: only --inject can let the hook in there"
ONLY_BY_INJECTION_REMEDY = (
    "two ways: write the hook into it while it runs (asyncspy attach --pid {pid} --exact --inject; docs/inject.md says "
    "what that means); or sample it (asyncspy attach --pid {pid})"
)


class NotReadyError(TargetError):
    """The worker has not loaded what the hook needs: it may be starting."""


@functools.cache
def hook_script() -> str:
    """The source of the hook as one script that needs no asyncspy where it runs.

    It is read once: asyncspy may be upgraded while a long watch goes on.
    """
    modules = (files, task_looks, loop_watch, counting, entering)
    lines = "\n".join(inspect.getsource(module) for module in modules).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("from __future__", "from asyncspy.")))


class HookSession:
    """A hook in one worker. `close` it, whatever happens.

    `last_report` is what it reported last. A worker before Python 3.14 starts the hook itself, by `asyncspy.django`,
    unless it may be injected.
    """

    def __init__(
        self,
        target: Worker,
        given_up: Callable[[], bool] = lambda: False,
        *,
        may_inject: bool = False,
        seconds: float = START_SECONDS,
    ) -> None:
        self.target, self._given_up, self._seconds = target, given_up, seconds
        self.last_report: HookReport | None = None
        self.has_ended = self.is_complete = False
        """Whether the worker was seen to have ended, and whether it wrote its last counts as it did."""
        self.started_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._pid_inside = target.pid_inside or target.pid
        self.runner = runner_for(target, may_inject=may_inject)
        if self.runner is None and not may_have_app(target):
            message = ONLY_BY_INJECTION.format(pid=target.pid, python=target.python)
            raise TargetError(message, remedy=ONLY_BY_INJECTION_REMEDY.format(pid=target.pid))
        self._folder = ExchangeFolder(target.pid, None if self.runner else APP_FOLDER.format(self._pid_inside))
        self._pending = False
        """Whether the interpreter was asked to run a script and has not run it."""
        self._awaits_report = False
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        self._folder.write("lease", "")
        if self.runner is not None:
            folder = self._folder.path_in_target
            self._folder.write("text", f"{hook_script()}\n\nstart_hook({folder!r}, {self._pid_inside})\n")
            self._pending = True
            self.runner.run(f"{folder}/text")
        answer = self._wait_for("started", self._seconds, unless=self._given_up)
        if answer is None:
            raise self._not_started()
        self._was_run()
        problem = _problem(answer)
        if problem is not None:
            error = NotReadyError if problem.startswith(entering.NOT_LOADED) else TargetError
            raise error(
                f"the hook could not be started in process {self.target.pid}: {problem}",
                remedy=f"asyncspy attach --pid {self.target.pid} samples it as it is",
            )

    def _not_started(self) -> AsyncspyError:
        pid, seconds = self.target.pid, round(self._seconds)
        if not self._is_running():
            return EndedError(
                f"process {pid} ended before the hook was started", remedy="asyncspy find-workers lists what runs now"
            )
        if self.runner is None:
            message = NOT_STARTED_BY_APP.format(pid=pid, python=self.target.python, seconds=seconds)
            return TargetError(message, remedy=NOT_STARTED_BY_APP_REMEDY.format(pid=pid))
        return TargetError(
            f"process {pid} reached no point within {seconds} s where it could start the hook: its main thread waits "
            "for requests, or runs C code; the request to start it is withdrawn",
            remedy=f"try again while it serves requests; is it hung? asyncspy dump --pid {pid}",
        )

    def renew(self) -> None:
        """Let the hook stay for some seconds more."""
        self.poll_report()
        self._folder.renew_lease()

    def request_report(self) -> None:
        """Ask for what it has counted until now."""
        self._folder.delete("result")
        self._awaits_report = True
        self._folder.request_report()

    def poll_report(self) -> bool:
        """Keep a report that has come; returns whether none is to be waited for any more."""
        self.has_ended = self.has_ended or not self._is_running()  # before what it wrote last is looked for
        data = self._folder.read("result") if self._awaits_report else None
        if data is not None:
            self.last_report, self._awaits_report = parse_report(data, self.target.pid) or self.last_report, False
        if self.has_ended and not self.is_complete:
            last = parse_report(self._folder.read("last") or b"", self.target.pid)
            self.last_report, self.is_complete = last or self.last_report, last is not None
        return not self._awaits_report or self.has_ended

    def stop(self) -> HookReport:
        """Remove the hook; returns what it counted."""
        try:
            self._folder.delete("result")
            self._folder.delete("lease")
            report = self._wait_for_report()
            if report is None and self.poll_report() and self.has_ended and self.is_complete:
                report = self.last_report
            if report is None and self.runner is not None and self._is_running():
                self._folder.write("stop", STOP_SCRIPT.format(name=entering.NAME, guard=entering.GUARD))
                self._pending = True
                self.runner.run(f"{self._folder.path_in_target}/stop")
                report = self._wait_for_report()
                if report is not None:
                    self._was_run()
            if report is None:
                raise self.no_report()
            return report
        finally:
            self.close()

    def no_report(self) -> AsyncspyError:
        """The error for a worker that gives no report."""
        pid = self.target.pid
        if not self._is_running():
            return TargetError(
                f"process {pid} ended, and the calls counted in it are lost",
                remedy="asyncspy find-workers lists what runs now",
            )
        return SamplerError(
            f"the hook in process {pid} did not answer within {round(2 * ANSWER_SECONDS)} s: its loop is blocked; "
            "it removes itself as soon as the loop runs again",
            remedy=f"asyncspy dump --pid {pid} shows what blocks it",
        )

    def close(self) -> None:
        """Withdraw what is still asked of the target, and remove the folder."""
        if self._pending and self.runner is not None:
            self._pending = False
            self.runner.withdraw()
        self._folder.remove()

    def _was_run(self) -> None:
        self._pending = False
        if self.runner is not None:
            self.runner.clean_up()

    def _is_running(self) -> bool:
        return process_state(self.target.pid) not in {None, "Z", "X"}  # a dead process is listed until it is reaped

    def _wait_for_report(self) -> HookReport | None:
        data = self._wait_for("result", ANSWER_SECONDS)
        return parse_report(data, self.target.pid) if data is not None else None

    def _wait_for(self, name: str, seconds: float, unless: Callable[[], bool] = lambda: False) -> bytes | None:
        """What the target writes under that name; None where it does not in that time, or cannot any more."""
        deadline = time.monotonic() + seconds
        while (data := self._folder.read(name)) is None:
            if time.monotonic() > deadline or not self._is_running() or unless():
                return None
            time.sleep(POLL_SECONDS)
        return data


def _problem(started: bytes) -> str | None:
    """Why the hook did not start, as it says itself; None where it started."""
    try:
        problem = json.loads(started)["problem"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "what it answered cannot be read"
    return str(problem)[:300] if problem is not None else None
