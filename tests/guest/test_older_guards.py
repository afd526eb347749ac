"""The hook in the guards of Django 3.2 to 4.1, without `sys.monitoring`: what raises or is let pass is counted."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import types
import weakref
from pathlib import Path
from typing import Any

import pytest

from asyncspy.guest import entering
from asyncspy.guest.counting import ALLOW_VARIABLE, Hook

TEMPLATE = """
import asyncio, functools, os
from asyncio import get_running_loop

class SynchronousOnlyOperation(Exception):
    pass

def async_unsafe(func):
    def decorator(func):
        @functools.wraps(func)
        def inner(*args, **kwargs):
            {}
            return func(*args, **kwargs)
        return inner
    return decorator(func)
"""
GUARDS = {
    "3.2": """if not os.environ.get('DJANGO_ALLOW_ASYNC_UNSAFE'):
                try:
                    event_loop = asyncio.get_event_loop()
                except RuntimeError:
                    pass
                else:
                    if event_loop.is_running():
                        raise SynchronousOnlyOperation""",
    "3.2.25": """if not os.environ.get('DJANGO_ALLOW_ASYNC_UNSAFE'):
                try:
                    event_loop = get_running_loop()
                except RuntimeError:
                    pass
                else:
                    if event_loop.is_running():
                        raise SynchronousOnlyOperation""",
    "4.0": """if not os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    pass
                else:
                    raise SynchronousOnlyOperation""",
    "4.1": """try:
                get_running_loop()
            except RuntimeError:
                pass
            else:
                if not os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):
                    raise SynchronousOnlyOperation""",
}
"""The part of each that asks, as its release has it."""


@pytest.fixture(params=GUARDS)
def guard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = types.ModuleType(entering.GUARD)
    exec(TEMPLATE.format(GUARDS[request.param]), made.__dict__)  # noqa: S102
    monkeypatch.setitem(sys.modules, entering.GUARD, made)
    monkeypatch.delattr(sys, "monitoring", raising=False)
    return made


@pytest.mark.parametrize("allowed", [False, True], ids=["raising", "allowed"])
def test_all_is_counted_and_nothing_is_left(
    guard: Any, allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if allowed:
        monkeypatch.setenv(ALLOW_VARIABLE, "1")
    (tmp_path / "lease").touch()
    query = guard.async_unsafe(lambda: "rows")
    before = dict(vars(guard))

    async def ask(times: int) -> None:
        for _ in range(times):
            try:
                query()
            except guard.SynchronousOnlyOperation:
                assert not allowed

    hook = entering.start_hook(str(tmp_path), os.getpid())
    assert isinstance(hook, Hook), (tmp_path / "started").read_text()
    assert entering.start_hook(str(tmp_path), os.getpid()) is None  # a second one
    asyncio.run(ask(7))
    assert query() == "rows"  # where no loop runs
    assert guard.os.environ.get("PATH") == os.environ["PATH"]
    assert guard.os.getpid() == os.getpid()
    hook.stop()
    assert dict(vars(guard)) == before
    freed = weakref.ref(hook)
    del hook
    assert freed() is None  # without a collection
    chains = json.loads((tmp_path / "result").read_text())["chains"]
    assert [(chain[0], chain[1]) for chain in chains] == [(7, allowed)]
