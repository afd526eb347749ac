"""One worker to the calls that a hook counts in it: put in, asked, and taken out again whatever happens."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable

from asyncspy.errors import AsyncspyError, SamplerError, TargetError
from asyncspy.guest import counting, entering
from asyncspy.model.processes import Worker
from asyncspy.sample.inside import remote_exec
from asyncspy.sample.inside.exchange_folder import ExchangeFolder
from asyncspy.sample.inside.hook_report import HookReport, parse_report
from asyncspy.sample.inside.tasks import minor
from asyncspy.sample.thread_activity import process_state

POLL_SECONDS = 0.05
START_SECONDS, ANSWER_SECONDS = 10.0, 5.0
"""How long a worker may take to come by a place where it can let the hook in, and to answer it."""

APP_FOLDER = "asyncspy-exact-{}"
"""Where `asyncspy.django` looks whether it is asked for, in /tmp; the number is the worker's own pid."""

STOP = """
import sys
for tool in range(6):
    if sys.monitoring.get_tool(tool) == {name!r}:
        hook = sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, None).__self__
        hook.stop()
"""
"""Ends the hook where no loop runs in the main thread to look after the lease."""

OLDER = (
    "process {pid} runs Python {python}: code can be let in from outside since Python 3.14, and asyncspy.django, which "
    "can be asked before that, {lacks}"
)
OLDER_REMEDY = (
    "what works there: sampling (asyncspy attach --pid {pid}) and tracebacks in its log (asyncspy report web.log); to "
    "count exactly, add 'asyncspy.django' to INSTALLED_APPS and restart"
)


def text() -> str:
    """The hook as one text that needs no asyncspy where it runs."""
    lines = "\n".join(inspect.getsource(module) for module in (counting, entering)).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("from __future__", "from asyncspy.")))


class HookSession:
    """A hook in one worker; `end` it, whatever happens."""

    def __init__(self, target: Worker, ended: Callable[[], bool] = lambda: False) -> None:
        self.target, self._ended = target, ended
        self._inner = target.pid_inside or target.pid
        self.by_app = (minor(target.python) or (0, 0)) < remote_exec.SINCE
        self._folder = ExchangeFolder(target.pid, APP_FOLDER.format(self._inner) if self.by_app else None)
        self._asked = False
        self.last: HookReport | None = None
        self._waiting = False
        try:
            self._put_in()
        except BaseException:
            self.drop()
            raise

    def _put_in(self) -> None:
        inside = self._folder.inside
        self._folder.write("lease", "")
        if not self.by_app:
            self._folder.write("text", f"{text()}\n\nput_in({inside!r}, {self._inner})\n")
            self._asked = True
            remote_exec.run_in(self.target, f"{inside}/text")
        started = self._awaited("started", START_SECONDS)
        if started is None:
            raise self._silent()
        self._asked = False
        problem = _problem(started)
        if problem is not None:
            raise TargetError(
                f"process {self.target.pid} did not take the hook in: {problem}",
                remedy=f"asyncspy attach --pid {self.target.pid} samples it as it is",
            )

    def _silent(self) -> AsyncspyError:
        pid, seconds = self.target.pid, round(START_SECONDS)
        if not self._runs():
            return TargetError(f"process {pid} ended meanwhile", remedy="asyncspy find-workers lists what runs now")
        if self.by_app:
            lacks = f"did not answer within {seconds} s (it looks when a request begins)"
            said = OLDER.format(pid=pid, python=self.target.python, lacks=lacks)
            return TargetError(said, remedy=OLDER_REMEDY.format(pid=pid))
        return TargetError(
            f"process {pid} came by no place within {seconds} s where it could let the hook in: its main thread waits "
            "for requests, or in C; what was asked of it is withdrawn",
            remedy=f"try again while it serves requests; is it hung? asyncspy dump --pid {pid}",
        )

    def renew(self) -> None:
        """Let it stay for some seconds more."""
        self.pick_up()
        self._folder.renew()

    def ask(self) -> None:
        """Have it tell what it has counted until now."""
        self._folder.drop("result")
        self._waiting = True
        self._folder.ask()

    def pick_up(self) -> bool:
        """Keep what it told, as `last`; whether it has answered, or never will."""
        data = self._folder.read("result") if self._waiting else None
        if data is not None:
            self.last, self._waiting = parse_report(data) or self.last, False
        return not self._waiting or not self._runs()

    def end(self) -> HookReport:
        """Take it out, and give what it counted."""
        try:
            self._folder.drop("result")
            self._folder.drop("lease")
            result = self._result(ANSWER_SECONDS)
            if result is None and not self.by_app and self._runs():
                self._folder.write("stop", STOP.format(name=entering.NAME))
                self._asked = True
                remote_exec.run_in(self.target, f"{self._folder.inside}/stop")
                result = self._result(ANSWER_SECONDS)
                self._asked = result is None
            if result is None:
                raise self._lost()
            return result
        finally:
            self.drop()

    def _lost(self) -> AsyncspyError:
        pid = self.target.pid
        if not self._runs():
            return TargetError(
                f"process {pid} ended, and what was counted in it with it",
                remedy="asyncspy find-workers lists what runs now",
            )
        return SamplerError(
            f"the hook in process {pid} did not answer within {round(2 * ANSWER_SECONDS)} s: its loop is held; it "
            "takes itself out as soon as that goes on",
            remedy=f"asyncspy dump --pid {pid} shows what holds it",
        )

    def drop(self) -> None:
        """Leave nothing behind, and nothing asked for."""
        if self._asked:
            self._asked = False
            remote_exec.withdraw(self.target)
        self._folder.remove()

    def _runs(self) -> bool:
        return process_state(self.target.pid) not in {None, "Z", "X"}  # a dead one stays listed until it is reaped

    def _result(self, seconds: float) -> HookReport | None:
        data = self._awaited("result", seconds)
        return parse_report(data) if data is not None else None

    def _awaited(self, name: str, seconds: float) -> bytes | None:
        """What it writes under that name; None where it does not within that time, or cannot any more."""
        deadline = time.monotonic() + seconds
        while (data := self._folder.read(name)) is None:
            if time.monotonic() > deadline or not self._runs() or (name == "started" and self._ended()):
                return None
            time.sleep(POLL_SECONDS)
        return data


def _problem(started: bytes) -> str | None:
    try:
        told = json.loads(started)
        problem = told["problem"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "what it answered cannot be read"
    return str(problem)[:300] if problem is not None else None
