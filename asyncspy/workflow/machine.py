"""The live processes and the py-spy program as use cases reach them; tests give functions of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncspy import discover
from asyncspy.model.processes import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncspy.model.stacks import Stack
    from asyncspy.sample import PassResult, PySpy


def _find_py_spy() -> PySpy:
    from asyncspy.sample import find_py_spy  # noqa: PLC0415 - listing workers needs no py-spy

    return find_py_spy()


def _read_stacks(py_spy: PySpy, pid: int) -> Iterable[Stack]:
    from asyncspy.sample.pyspy.stack_dump import read_stacks  # noqa: PLC0415 - as above

    return read_stacks(py_spy, pid)


def _record(*arguments: Any, **options: Any) -> list[PassResult]:
    from asyncspy.sample import record  # noqa: PLC0415 - as above

    return record(*arguments, **options)


@dataclass(frozen=True, slots=True)
class Machine:
    """Functions that look at processes; the defaults look at those of this machine."""

    find_workers: Callable[[], list[Worker]] = discover.find_workers
    inspect_process: Callable[[int], Worker] = discover.inspect_process
    workers_of: Callable[[Worker], list[Worker]] = discover.workers_of
    started_at: Callable[[int], float | None] = discover.started_at
    is_running: Callable[[int], bool] = discover.is_running
    child_pids: Callable[[int], set[int]] = discover.child_pids
    sibling_pids: Callable[[Worker], set[int]] = discover.sibling_pids
    wait_for_successor: Callable[..., Worker | None] = discover.wait_for_successor
    record: Callable[..., list[PassResult]] = _record
    find_py_spy: Callable[[], PySpy] = _find_py_spy
    read_stacks: Callable[[PySpy, int], Iterable[Stack]] = _read_stacks


THIS_MACHINE = Machine()
