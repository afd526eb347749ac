"""Check whether py-spy can read the target's interpreter; the functions are like those of `checks`."""

from __future__ import annotations

import re

from asyncspy.discover.access.facts import AccessFacts, Refusal
from asyncspy.discover.access.fix_commands import asyncspy_as_root

NEWEST_PYTHON = {(0, 4, 0): (3, 13), (0, 4, 1): (3, 14), (0, 4, 3): (3, 15)}
"""The newest Python that py-spy can read, from this release on."""

_FREE_THREADED = re.compile(r"python\d\.\d+t")


def python(facts: AccessFacts) -> Refusal | str | None:
    """Refuse what py-spy cannot read: free-threaded builds, and a Python newer than this py-spy knows."""
    target = facts.target
    if target is None or target.python is None:
        return None
    name = (target.exe or "").rpartition("/")[2]
    if _FREE_THREADED.fullmatch(name):
        return Refusal(
            f"it runs {name}, and py-spy cannot read free-threaded builds", "run the server on a build with the GIL"
        )
    version = tuple(int(part) for part in target.python.split("."))
    release = tuple(int(part) for part in re.findall(r"\d+", facts.py_spy or "")[:3])
    known = max((newest for since, newest in NEWEST_PYTHON.items() if not release or since <= release), default=(3, 13))
    if version > known:
        return Refusal(
            f"it runs Python {target.python}, and py-spy {facts.py_spy or ''} knows Python up to {known[0]}.{known[1]}",
            "a newer py-spy may know it: python -m pip install --upgrade py-spy",
        )
    return f"it runs Python {target.python}" + (f", which py-spy {facts.py_spy} reads" if facts.py_spy else "")


def architecture(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process that is built for another CPU than py-spy."""
    machine, target = facts.machine, facts.target
    if target is None or target.cpu is None or target.cpu == machine.cpu:
        return f"Linux {machine.kernel}, {machine.cpu}"
    return Refusal(
        f"it is built for {target.cpu}, and asyncspy and py-spy for {machine.cpu}",
        f"install asyncspy for {target.cpu}: it is best run inside the target's own container",
    )


def executable(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process whose interpreter does not lie below its root under the name in /proc, where py-spy looks."""
    target = facts.target
    if target is None or target.exe is None:
        return None
    if target.exe_found:
        return "its interpreter's file can be found"
    line = f"nsenter --target {target.pid} --mount -- {asyncspy_as_root()} attach --pid {target.pid}"
    return Refusal(
        "it has changed its root inside of another mount namespace, where py-spy does not find its interpreter",
        f"as root, in that mount namespace: {line}",
    )
