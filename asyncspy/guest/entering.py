"""Install the hook in Django's guard in this very process.

From Python 3.12 on by `sys.monitoring`, which calls the hook where the guard's code starts and costs nothing elsewhere;
before that by replacing one name in the guard's module.
"""

from __future__ import annotations

import os
import sys

from asyncspy.guest.counting import Hook
from asyncspy.guest.files import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = object

GUARD, NAME = "django.utils.asyncio", "asyncspy"
NEEDED = (GUARD, "asyncio", "contextvars", "itertools", "json", "weakref")
NOT_LOADED = "it has not loaded"
TOOLS = (4, 3, 2, 5, 1, 0)
"""Ids of `sys.monitoring`; first those that are reserved for no kind of tool."""


class Refused(Exception):  # noqa: N818 - it is an answer
    """Why the hook cannot be installed."""


def guard_code() -> Any:
    """The code object that all guarded functions share."""
    decorate = getattr(sys.modules[GUARD], "async_unsafe", None)
    for outer in _nested_codes(getattr(decorate, "__code__", None)):
        for code in _nested_codes(outer):
            if code.co_name == "inner":
                return code
    raise Refused("its Django has no guard of a kind that this asyncspy knows: async_unsafe is another function there")


def _nested_codes(code: Any) -> list[Any]:
    return [each for each in getattr(code, "co_consts", ()) if hasattr(each, "co_consts")]


def install_by_monitoring(hook: Hook) -> Any:
    """Have the interpreter call the hook where the guard starts, and nowhere else; returns what undoes that."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    code, event = guard_code(), monitoring.events.PY_START
    names = [monitoring.get_tool(tool) for tool in TOOLS]
    if NAME in names:
        raise Refused("another asyncspy counts in it already")
    for tool, name in zip(TOOLS, names):  # noqa: B905 - of one length
        if name is None:
            monitoring.use_tool_id(tool, NAME)
            break
    else:
        raise Refused(f"other tools hold all of its monitoring ids ({', '.join(map(str, names))})")

    def uninstall() -> None:
        monitoring.set_local_events(tool, code, 0)
        monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)

    try:
        monitoring.register_callback(tool, event, hook.guard_started)
        monitoring.set_local_events(tool, code, event)
    except BaseException:
        uninstall()
        raise
    return uninstall


def install_by_replacement(hook: Hook) -> Any:
    """Before Python 3.12: replace what the guard asks first, in its module alone; returns what undoes that.

    Since Django 4.1 that is `get_running_loop`, before that `os.environ`.
    """
    guard: Any = sys.modules[GUARD]
    name = (*guard_code().co_names, "")[0]
    make = {"get_running_loop": _asking_loop, "os": AskingEnvironment}.get(name)
    original = getattr(guard, name, None)
    if make is None or original is None:
        raise Refused("its Django asks for the loop in a way that can only be watched on Python 3.12 or newer")
    if getattr(original, "asyncspy_hook", None) is not None:
        raise Refused("another asyncspy counts in it already")
    replacement = make(hook, original)

    def uninstall() -> None:
        if getattr(guard, name) is replacement:
            setattr(guard, name, original)

    setattr(guard, name, replacement)
    return uninstall


def _asking_loop(hook: Hook, original: Any) -> Any:
    def asyncspy_running_loop() -> Any:
        loop = original()
        if not hook.done:
            hook.guard_asked()
        return loop

    asyncspy_running_loop.asyncspy_hook = hook  # type: ignore[attr-defined]
    return asyncspy_running_loop


class AskingEnvironment:
    """Stands for the module `os` and for its `environ`, of which the guard asks nothing but one variable."""

    def __init__(self, hook: Hook, original: Any) -> None:
        self.asyncspy_hook, self._os = hook, original

    @property
    def environ(self) -> Any:
        """Itself; an attribute would be a reference cycle, and outlive the hook."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._os, name)

    def get(self, name: str, default: Any = None) -> Any:
        """As `os.environ.get`."""
        if not self.asyncspy_hook.done:
            self.asyncspy_hook.guard_asked()
        return self._os.environ.get(name, default)


def start_hook(folder: str, pid: int) -> Hook | None:
    """Start to count in this process, and write to the folder that it started, or why not; None where it did not."""
    hook = None
    try:
        if os.getpid() != pid or not os.path.exists(f"{folder}/lease"):  # a fork's child, or no longer asked for
            return None
        missing = [name for name in NEEDED if name not in sys.modules]
        if missing:
            raise Refused(f"{NOT_LOADED} {missing[0]}")
        hook = Hook(folder)
        install = install_by_monitoring if hasattr(sys, "monitoring") else install_by_replacement
        hook.installed(install(hook))
        write(folder, "started", '{"problem": null}')
    except Exception as error:
        problem = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        try:
            if hook is not None:
                hook.uninstall()
            quoted = "".join(each if each.isalnum() or each in " .,:()_-" else " " for each in problem[:300])
            write(folder, "started", '{"problem": "' + quoted + '"}')
        except Exception:
            return None
        return None
    return hook
