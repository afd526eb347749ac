"""A recording that shows nothing but the import of the app says so, and blames no line of it for the loop."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.combine_modes import combine_modes
from asyncspy.model.analysis import Analysis
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin, Profile, SamplingMode, Stack
from asyncspy.report import FORMATS
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, frames
from tests.report.views import view

MASTER = Worker(10, 1, "master", True, "uvicorn", app="shop.asgi:application")
SPAWNED = """
<module> (<string>:1)
spawn_main (multiprocessing/spawn.py:122)
BaseProcess._bootstrap (multiprocessing/process.py:314)
"""
IMPORT = """
Server.serve (uvicorn/server.py:86)
import_from_string (uvicorn/importer.py:19)
import_module (importlib/__init__.py:126)
_find_and_load (<frozen importlib._bootstrap>:1176)
<module> (shop/asgi.py:6)
_find_and_load (<frozen importlib._bootstrap>:1176)
<module> (shop/tariffs.py:8)
load (shop/tariffs.py:4)
"""
TRACEBACK = "print_exception (traceback.py:125)\n"
TRACKER = "main (multiprocessing/resource_tracker.py:202)\n"
PONG = "Thread._bootstrap (threading.py:1002)\nProcess.always_pong (uvicorn/supervisors/multiprocess.py:47)\n"
SUPERVISOR = "<module> (bin/uvicorn:8)\nMultiprocess.run (uvicorn/supervisors/multiprocess.py:134)\n"
IDLE = ASYNCIO.replace("Handle._run (asyncio/events.py:88)\n", "") + "EpollSelector.select (selectors.py:468)\n"


def stack(pid: int, *text: str, thread: str = "MainThread") -> Stack:
    files = {"/srv/shop/<string>": "<string>", "/srv/shop/traceback.py": "/usr/lib/python3.12/traceback.py"}
    found = (each._replace(file=files.get(each.file, each.file)) for each in frames(*text))
    frozen = "/srv/shop/<frozen importlib._bootstrap>"
    whole = (each._replace(file=frozen.removeprefix("/srv/shop/")) if each.file == frozen else each for each in found)
    return Stack(tuple(whole), pid, thread)


def dying(pid: int) -> dict[Stack, int]:
    """A process that imports, prints its traceback and ends; uvicorn's thread answers the master beside it."""
    return {
        stack(pid, SPAWNED, ASYNCIO, IMPORT): 60,
        stack(pid, SPAWNED): 2,
        stack(pid, SPAWNED, TRACEBACK): 2,
        stack(pid, PONG, thread="Thread-1 (always_pong)"): 50,
        Stack((), pid, "MainThread"): 30,
    }


def judged(stacks: dict[Stack, int], mode: SamplingMode = "wall") -> Analysis:
    beside = {stack(10, SUPERVISOR): 64, stack(11, TRACKER): 64}
    return analyse(Profile({**beside, **stacks}, (Origin("py-spy 0.4.3", mode, 20, 10.0, target=MASTER),)))


def test_processes_that_only_import_are_said_to_with_the_line_that_was_seen_most() -> None:
    analysis = judged({**dying(12), **dying(13)})
    assert analysis.app_import is not None
    assert (analysis.app_import.processes, analysis.app_import.samples) == (2, 120)
    assert analysis.app_import.line is not None
    assert analysis.app_import.line.frame == Frame("load", "/srv/shop/shop/tariffs.py", 4)
    assert analysis.findings == ()


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_every_report_says_it_and_gives_no_share_of_the_loops_time(form: str) -> None:
    text = " ".join(FORMATS[form](judged(dying(12)), view(1000)).split())
    assert "Nothing but the import of the app was seen of 1 process, most often at" in text
    assert "at work" not in text


def test_a_worker_that_was_started_meanwhile_and_serves_is_none_of_them() -> None:
    served = {stack(14, ASYNCIO, IMPORT): 60, stack(14, IDLE): 20}
    assert judged({**dying(12), **served}).app_import is None


def test_an_import_in_the_course_of_requests_is_none_either() -> None:
    """A worker that is asked all the time, in a recording by the GIL; one view imports in each request."""
    late = "report (shop/views.py:4)\n_find_and_load (<frozen importlib._bootstrap>:1176)\n"
    view_itself = "report (shop/views.py:5)\n"
    work = {stack(14, ASYNCIO, HANDLER, late): 60, stack(14, ASYNCIO, HANDLER, view_itself): 30}
    assert judged(work, "gil").app_import is None


def test_few_samples_of_a_start_show_nothing() -> None:
    assert judged({stack(12, SPAWNED, ASYNCIO, IMPORT): 19}).app_import is None


def test_what_waits_decides_where_both_were_recorded() -> None:
    """By the GIL a worker that was just reloaded and is not asked shows its import alone."""
    running, waiting = judged(dying(12), "gil"), judged({stack(12, IDLE): 60})
    assert running.app_import is not None
    assert combine_modes(running, waiting).app_import is None
    assert combine_modes(running, judged(dying(12))).app_import is not None


def test_a_query_that_is_made_while_the_app_is_imported_stays_a_finding() -> None:
    (finding,) = judged({stack(12, SPAWNED, ASYNCIO, IMPORT, COUNT): 60}).findings
    assert (finding.kind, finding.culprit.frame.function) == ("async-unsafe", "load")
