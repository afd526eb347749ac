"""Diagnose whether attaching to a process, or to the workers of this machine, will work."""

from __future__ import annotations

from asyncspy.discover import diagnose
from asyncspy.errors import SamplerError
from asyncspy.model.processes import CheckResult, Diagnosis
from asyncspy.sample import find_py_spy


def diagnose_target(pid: int | None = None) -> Diagnosis:
    """Check py-spy, the machine, and the process or all workers. Raises TargetError for what is no Python process."""
    try:
        py_spy = find_py_spy()
    except SamplerError as error:
        return diagnose(pid, CheckResult("py-spy", ok=False, said=error.message, remedy=error.remedy))
    said = f"py-spy {py_spy.version}: {py_spy.path}"
    return diagnose(pid, CheckResult("py-spy", ok=True, said=said), py_spy=py_spy.version)
