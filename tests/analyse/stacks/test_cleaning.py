"""Frames of C, of the interpreter, or of a parent before a fork are not judged."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.stacks.cleaning import clean_profile
from asyncspy.model.stacks import Frame, Stack
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, UVLOOP, frames, profile

VIEW = "checkout (shop/views.py:25)\n"
NATIVE = (
    Frame("run_until_complete", "loop.c", 35414),
    Frame("uv_run", "core.c", 452),
    Frame("task_step", "_asynciomodule.c", 3127),
    Frame("_queue_SimpleQueue_get", "_queuemodule.c.h", 253),
    Frame("PyObject_Call", "python3.12"),
    Frame("_PyEval_Vector", "/usr/lib/libpython3.12.so.1.0"),
    Frame("__tls_get_addr", "ld-linux-x86-64.so.2"),
    Frame("epoll_wait", "libc.so.6"),
    Frame("core::ops::function::FnOnce::call_once", "/rustc/abc/library/core/src/ops/function.rs", 250),
)
SHIM = Frame("__init__", "__init__", 0)


def test_native_frames_between_all_others_change_nothing() -> None:
    plain = frames(UVLOOP, HANDLER, VIEW, COUNT)
    mixed = [frame for pair in zip(plain, NATIVE * len(plain), strict=False) for frame in pair]
    assert analyse(profile(tuple(mixed))) == analyse(profile(plain))


@pytest.mark.parametrize("native", NATIVE, ids=lambda frame: frame.file)
def test_a_native_leaf_above_the_guard_does_not_mean_that_it_let_the_call_pass(native: Frame) -> None:
    (finding,) = analyse(profile((*frames(UVLOOP, HANDLER, VIEW, GUARD.format(line=19)), native))).findings
    assert (finding.evidence.reached, finding.allowed) == (1, False)


def test_a_native_leaf_does_not_hide_that_a_loop_waits() -> None:
    waiting = (*frames(ASYNCIO, "EpollSelector.select (selectors.py:468)"), Frame("epoll_wait", "libc.so.6"))
    assert analyse(profile(waiting)).samples.idle == 1


def test_the_interpreters_frame_around_a_constructor_is_nobodys_code() -> None:
    """Python 3.13 and 3.14 put it between `Order(…)` and the `__init__` of Django's class."""
    form = frames(VIEW, "BaseModelForm.__init__ (django/forms/models.py:370)", COUNT)
    (finding,) = analyse(profile((*frames(ASYNCIO, HANDLER), form[0], SHIM, *form[1:]))).findings
    assert finding.culprit.frame == form[0]


GUEST = "/srv/venv/lib/python3.12/site-packages/asyncspy/guest/"
PRIVATE = "/tmp/asyncspy-0123456789abcdef0123456789abcdef/text"  # noqa: S108 - where the hook's text is
HOOKED = {
    "imported": (
        Frame("Hook.guard_started", GUEST + "counting.py", 94),
        Frame("Hook._count", GUEST + "counting.py", 119),
    ),
    "a checkout": (Frame("Hook.guard_started", "/srv/asyncspy/asyncspy/guest/counting.py", 94),),
    "replaced": (
        Frame("_asking_loop.<locals>.asyncspy_running_loop", GUEST + "entering.py", 99),
        Frame("Hook.guard_asked", GUEST + "counting.py", 101),
    ),
    "injected": (Frame("Hook.guard_started", "<asyncspy>", 93), Frame("Hook._count", "<asyncspy>", 118)),
    "run from a file": (Frame("Hook.guard_started", PRIVATE, 93),),
    "asked of Python 3.14": (Frame("Hook.guard_started", "<string>", 451), Frame("Hook._count", "<string>", 480)),
    "without folders": (Frame("Hook.guard_started", "counting.py", 93), Frame("Hook._count", "counting.py", 118)),
    "it writes": (
        Frame("Hook.check_lease", "<asyncspy>", 170),
        Frame("dumps", "/usr/lib/python3.12/json/__init__.py", 2),
    ),
    "a tracer": (Frame("trace_dispatch", "/srv/venv/lib/python3.12/site-packages/_pydevd_bundle/pydevd_frame.py", 9),),
}


@pytest.mark.parametrize("hook", HOOKED.values(), ids=HOOKED)
@pytest.mark.parametrize("reading_the_environment", [False, True])
def test_what_counts_at_the_guard_is_not_what_the_guard_let_pass(
    hook: tuple[Frame, ...], reading_the_environment: bool
) -> None:
    reading = frames("get (os.py:5)") if reading_the_environment else ()
    (finding,) = analyse(profile((*frames(UVLOOP, HANDLER, VIEW, GUARD.format(line=15)), *reading, *hook))).findings
    assert (finding.evidence.reached, finding.allowed) == (1, False)
    assert finding.chain[-1].file.endswith("django/utils/asyncio.py")


def test_what_the_hook_does_on_the_loop_is_no_work_of_the_application() -> None:
    ticking = (*frames(ASYNCIO), Frame("Hook._tick", "<asyncspy>", 85), Frame("dumps", "/usr/lib/python3.12/json/x.py"))
    assert list(clean_profile(profile(ticking)).stacks) == [Stack(frames(ASYNCIO))]


def test_a_guarded_function_of_ones_own_was_let_pass() -> None:
    own = frames(UVLOOP, HANDLER, VIEW, GUARD.format(line=26), "charge (shop/pay.py:4)")
    assert analyse(profile(own)).findings[0].allowed


@pytest.mark.parametrize("fork", ["multiprocessing/popen_fork.py", "billiard/popen_fork.py"])
def test_a_child_forked_from_the_loop_does_not_run_it(fork: str) -> None:
    child = frames(
        ASYNCIO,
        HANDLER,
        VIEW,
        f"Popen._launch ({fork}:71)",
        "BaseProcess._bootstrap (multiprocessing/process.py:314)",
        "work (shop/jobs.py:3)",
        COUNT,
    )
    analysis = analyse(profile(child))
    assert (analysis.samples.sync, analysis.findings) == (1, ())


def test_a_server_that_was_forked_runs_its_own_loop() -> None:
    worker = frames("Popen._launch (multiprocessing/popen_fork.py:71)", UVLOOP, HANDLER, VIEW, COUNT)
    assert len(analyse(profile(worker)).findings) == 1


def test_no_sample_is_lost_and_what_becomes_the_same_is_added_up() -> None:
    plain = frames(UVLOOP, VIEW)
    found = clean_profile(profile(plain, (*plain, NATIVE[0]), (*plain, NATIVE[1], SHIM), NATIVE))
    assert sorted(found.stacks.values()) == [1, 3]
    assert found.total == 4


@pytest.mark.parametrize("file", ["/srv/shop/manage", "templates/page.html", "<string>", "shop/c.py", "cell.pyx", ""])
def test_other_names_are_kept(file: str) -> None:
    stack = (Frame("work", file, 3),)
    assert clean_profile(profile(stack)).stacks == profile(stack).stacks
