"""One report to every call in the package on the way to it, in a process of its own: JSON on stdout.

    python -m benchmarks.house.traced CHECKOUT FIXTURE

A call is counted when Python tells a profiler of one: also each time that a generator is resumed.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType

from benchmarks.house.checkout import NAME, Checkout, checkout, command_line, room_of

NOT_COUNTED = {"<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>"}
GENERATOR = "<genexpr>"


class Calls:
    """A profiler that keeps which functions ran, and how often the room changed from one call to the next."""

    def __init__(self, of: Checkout) -> None:
        self._checkout = of
        self._inside = f"{of.package}/"
        self._known: dict[int, tuple[CodeType, str | None]] = {}
        self._last: str | None = None
        self.changes = 0
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        """Take note of a call."""
        if event != "call":
            return
        code = frame.f_code
        if id(code) not in self._known:  # the code is kept, counted or not, so that its id is never another's
            self._known[id(code)] = (code, self._checkout.below(code.co_filename) if self._counts(code) else None)
        path = self._known[id(code)][1]
        if path is None:
            return
        room = room_of(path)
        self.calls += 1
        self.changes += self._last is not None and room != self._last
        self._last = room

    def _counts(self, code: CodeType) -> bool:
        is_function = bool(code.co_flags & CO_OPTIMIZED)  # the bodies of modules and classes are not
        return is_function and code.co_name not in NOT_COUNTED and code.co_filename.startswith(self._inside)

    def functions(self) -> list[tuple[str, int, str]]:
        """The functions that ran, in the order of their first calls: file, line and name."""
        return [(path, code.co_firstlineno, code.co_name) for code, path in self._known.values() if path is not None]


def trace(of: Checkout, fixture: str) -> dict[str, object]:
    """Report on a fixture, once."""
    main = command_line(of)
    calls = Calls(of)
    sys.argv = [NAME, "report", fixture, "--format", "terminal"]
    printed, told = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code: object = 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(told):
        threading.setprofile(calls)
        sys.setprofile(calls)
        try:
            main()
        except SystemExit as left:
            code = left.code
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    told.flush()
    return {
        "exit": code or 0,
        "stderr": told.buffer.getvalue().decode() if isinstance(told.buffer, io.BytesIO) else "",
        "functions": calls.functions(),
        "calls": calls.calls,
        "changes": calls.changes,
        "modules": sorted(name for name in sys.modules if name.partition(".")[0] == NAME),
    }


if __name__ == "__main__":
    print(json.dumps(trace(checkout(Path(sys.argv[1])), sys.argv[2])))
