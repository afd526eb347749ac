"""Whether a process runs Python, and which, is read from its executable's name and its mapped files."""

from __future__ import annotations

import pytest

from asyncspy.discover.interpreter import Interpreter, identify_interpreter

PYENV = frozenset({"/opt/python/lib/libpython3.12.so.1.0", "/srv/venv/lib/python3.12/site-packages/_x.so"})
UWSGI = frozenset({"/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", "/lib/libc.so.6"})
CONDA = frozenset({"/opt/conda/lib/python3.10/lib-dynload/_ssl.cpython-310-x86_64-linux-gnu.so"})
TAGGED = frozenset({"/app/_speedups.cpython-313-x86_64-linux-gnu.so"})
TWO = frozenset({"/usr/lib/python3.9/lib-dynload/a.so", "/srv/venv/lib/python3.12/site-packages/b.so"})


@pytest.mark.parametrize(
    ("exe", "files", "found", "version"),
    [
        ("/usr/bin/python3.12", PYENV, True, "3.12"),
        ("/usr/bin/python3.12", None, True, "3.12"),
        ("/opt/python3.13t", frozenset(), True, "3.13"),
        ("/usr/bin/uwsgi", UWSGI, True, "3.11"),
        ("/opt/conda/bin/python", CONDA, True, "3.10"),
        ("/usr/bin/python3", TAGGED, True, "3.13"),
        ("/usr/bin/python3", TWO, True, None),
        ("/usr/bin/python3", None, True, None),
        (None, PYENV, True, "3.12"),
        ("/usr/sbin/nginx", frozenset({"/lib/libc.so.6"}), False, None),
        ("/usr/bin/pythonic-tool", frozenset({"/lib/libc.so.6"}), False, None),
        ("/usr/sbin/nginx", None, None, None),
        (None, None, None, None),
        (None, frozenset(), None, None),
    ],
)
def test_interpreter(exe: str | None, files: frozenset[str] | None, found: bool | None, version: str | None) -> None:
    interpreter = identify_interpreter(exe, files)
    assert (interpreter.found, interpreter.version) == (found, version)


def test_pypy_is_recognised() -> None:
    assert identify_interpreter("/usr/bin/pypy3.10", frozenset()).pypy
    assert not identify_interpreter("/usr/bin/python3.10", frozenset()).pypy


def test_an_executable_that_only_the_maps_show_is_found() -> None:
    """Newer kernels show the maps to some from whom they hide the link; Debian's Python maps no libpython."""
    debian = frozenset({"/usr/bin/python3.11", "/usr/lib/x86_64-linux-gnu/libc.so.6"})
    assert identify_interpreter(None, debian) == Interpreter(found=True, version="3.11")
    assert identify_interpreter(None, frozenset({"/usr/lib/x86_64-linux-gnu/libc.so.6"})).found is False
    assert identify_interpreter("/usr/bin/uwsgi", debian).found is False
