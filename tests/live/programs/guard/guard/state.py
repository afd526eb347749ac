"""What a guest could have left in this process, as JSON: asked before, during and after a hook is in."""

import gc
import os
import sys
import threading
import weakref
from pathlib import Path

from django.http import JsonResponse
from django.utils import asyncio as guard

from guard import planted

OURS = {"Hook", "Chain", "LoopWatch", "TaskWatch", "SeenWay"}


def _code():
    (decorator,) = (const for const in guard.async_unsafe.__code__.co_consts if hasattr(const, "co_consts"))
    (inner,) = (const for const in decorator.co_consts if hasattr(const, "co_consts"))
    return inner


def _monitoring():
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return {}
    tools = {tool: monitoring.get_tool(tool) for tool in range(6)}
    events = {tool: monitoring.get_local_events(tool, _code()) for tool, name in tools.items() if name}
    return {"tools": {tool: name for tool, name in tools.items() if name}, "events": events}


async def state(request):
    hooks = [each for each in gc.get_objects() if type(each).__name__ in OURS]
    return JsonResponse(
        {
            "made": planted.made,
            "guard": [id(guard.async_unsafe), id(_code()), *map(id, map(vars(guard).get, ("get_running_loop", "os")))],
            "monitoring": _monitoring(),
            "threads": sorted(thread.name for thread in threading.enumerate() if "Pool" not in thread.name),
            "files": sorted(filter(_lasts, map(_target, Path("/proc/self/fd").iterdir()))),
            "modules": sorted(name for name in sys.modules if not name.startswith("asyncspy")),
            "hooks": len(hooks),
            "at_exit": len(weakref.finalize._registry),
            "tracing": [str(sys.gettrace()), str(sys.getprofile())],
        }
    )


def _lasts(name):
    """Not what comes and goes by itself: connections, and the database that Django closes after it has answered."""
    return "socket" not in name and not name.startswith(os.environ["GUARD_DATABASE"])


def _target(file):
    try:
        return str(file.readlink())
    except OSError:
        return ""
