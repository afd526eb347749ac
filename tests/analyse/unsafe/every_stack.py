"""Takes work to do on an event loop; gives every stack that it ever had, as if a sampler had hit each of its calls.

A sampler sees a few stacks of many. What holds for all of them, recorded here from the installed Django with
sys.setprofile, holds for whatever a sampler may hit.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from unittest import mock

import pytest

from asyncspy.model.stacks import Frame, Profile, Stack

APPS = ["auth", "contenttypes", "sessions", "sites", "messages", "admin"]
_recording: list[dict[Stack, int]] = []

TELLS_CLASSES = sys.version_info >= (3, 11)
"""Whether frames name the classes of their functions. Older Pythons' recordings are in fixtures and in the matrix."""

needs_classes = pytest.mark.skipif(not TELLS_CLASSES, reason="Python 3.11 is the first whose frames name their classes")


def configure() -> None:
    """A Django with a database in a scratch file, once for all tests that need one."""
    import django  # noqa: PLC0415 - configured before anything of it is imported
    from django.conf import settings  # noqa: PLC0415

    if settings.configured:
        return
    folder = Path(tempfile.mkdtemp(prefix="asyncspy-every-stack-"))
    settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=[f"django.contrib.{app}" for app in APPS],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [str(folder)]}],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SITE_ID=1,
        USE_TZ=True,
    )
    (folder / "people.html").write_text("{% for user in users %}{{ user.username }}{% endfor %}")
    django.setup()


def stacks_of(work: Callable[[], Any], *, allowed: bool = False) -> Profile:
    """Run `work` in a coroutine on a new loop; a sample of each stack of any thread, until it ends or raises."""

    async def on_the_loop() -> None:
        result = work()
        if inspect.isawaitable(result):
            await _awaited(result)

    stacks: dict[Stack, int] = {}
    environment = {"DJANGO_ALLOW_ASYNC_UNSAFE": "1"} if allowed else {}
    with mock.patch.dict(os.environ, environment):
        _recorded(on_the_loop, stacks)
    return Profile(stacks)


async def _awaited(result: Awaitable[Any]) -> None:
    await result


def _recorded(on_the_loop: Callable[[], Any], stacks: dict[Stack, int]) -> None:
    from django.core.exceptions import SynchronousOnlyOperation  # noqa: PLC0415

    _recording.append(stacks)
    before = sys.getprofile()
    threading.setprofile(_hook)
    sys.setprofile(_hook)
    try:
        asyncio.run(on_the_loop())
    except SynchronousOnlyOperation:
        pass
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
        _recording.pop()


def _hook(frame: FrameType | None, event: str, _arg: object) -> None:
    recording = _recording[-1:]  # taken once: what a thread's hook raises ends that thread, and with it asgiref's pool
    if event != "call" or not recording or _is_detail(frame):
        return
    frames = []
    while frame is not None and frame.f_code is not _recorded.__code__:
        key = (frame.f_code, frame.f_lineno)
        found = _frames.get(key)
        if found is None:
            found = _frames[key] = _frame(*key)
        frames.append(found)
        frame = frame.f_back
    frames.reverse()
    recording[0][Stack(tuple(frames), os.getpid(), threading.current_thread().name)] = 1


def _is_detail(frame: FrameType | None) -> bool:
    """Inside the standard library a stack tells what its caller's tells, except where it is a boundary."""
    file = frame.f_code.co_filename if frame else ""
    return (
        file.startswith(("<", STDLIB))
        and not file.startswith(PACKAGES)
        and not any(part in file for part in BOUNDARIES)
    )


STDLIB = sysconfig.get_path("stdlib") + "/"
PACKAGES = sysconfig.get_path("purelib") + "/"
BOUNDARIES = ("/asyncio/", "/concurrent/", "/threading.py", "/selectors.py")
_frames: dict[tuple[CodeType, int], Frame] = {}


def _frame(code: CodeType, line: int) -> Frame:
    """As py-spy spells it: with the class where this Python knows it, which is from 3.11 on."""
    return Frame(getattr(code, "co_qualname", code.co_name), code.co_filename, line)
