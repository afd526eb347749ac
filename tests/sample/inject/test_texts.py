"""The line that is run in the application never raises, names nothing there, and gives a Ctrl-C back."""

from __future__ import annotations
import __future__

import signal
from pathlib import Path
from typing import Any

import pytest

from asyncspy.sample.inject import texts
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.target_python import LEAST_ROOM, TEXT_START

LONGEST = "/var/tmp/asyncspy-" + "0" * 32 + "/text"  # noqa: S108 - never opened


def run(path: Path, code: str) -> dict[str, Any]:
    """What is in the module that it ran in, beside what was."""
    path.write_text(code)
    space: dict[str, Any] = {"__builtins__": __builtins__}
    exec(texts.run_file(str(path)).rstrip(b"\0"), space)  # noqa: S102 - as the target runs it
    return {name: value for name, value in space.items() if name != "__builtins__"}


@pytest.mark.parametrize("code", ["1/0", "raise SystemExit(1)", "raise BaseException", "def", "\0", "x = 1"])
def test_nothing_is_raised_and_nothing_is_left(tmp_path: Path, code: str) -> None:
    assert run(tmp_path / "code", code) == {}


def test_a_file_that_is_gone_is_nothing() -> None:
    exec(texts.run_file("/nowhere/at/all").rstrip(b"\0"), {})  # noqa: S102


def test_annotations_are_not_evaluated(tmp_path: Path) -> None:
    """Python 3.9 could not."""
    assert __future__.annotations.compiler_flag == texts.FUTURE_ANNOTATIONS
    done = tmp_path / "done"
    run(tmp_path / "code", f"def f(x: undefined | None) -> None: ...\nopen({str(done)!r}, 'w').close()")
    assert done.exists()


def test_an_interrupt_is_given_back(tmp_path: Path) -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: got.append(number))
    try:
        run(tmp_path / "code", "raise KeyboardInterrupt")
    finally:
        signal.signal(signal.SIGINT, before)
    assert got == [signal.SIGINT]


def test_all_texts_fit_and_are_known_by_their_beginning() -> None:
    text = texts.run_file(LONGEST)
    assert len(text) <= LEAST_ROOM
    assert text.startswith(TEXT_START)
    told = texts.write_number(3, text)
    assert (len(told), told.startswith(TEXT_START), told[-1]) == (len(text), True, 0)
    compile(told.rstrip(b"\0"), "told", "exec")


@pytest.mark.parametrize("path", ["/tmp/'", '/tmp/"', "/tmp/\\", "/tmp/\n", "relative", "/tmp/ü", ""])  # noqa: S108
def test_a_path_that_would_be_more_than_a_path_is_refused(path: str) -> None:
    with pytest.raises(NotInjected):
        texts.run_file(path)
