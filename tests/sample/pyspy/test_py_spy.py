"""py-spy's words become errors with a next step."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from asyncspy.errors import AsyncspyError, SamplerError, TargetError
from asyncspy.sample import PySpy, find_py_spy, probe
from asyncspy.sample.pyspy import py_spy
from tests.sample.conftest import Stage


def test_the_py_spy_beside_asyncspy_is_found() -> None:
    found = find_py_spy()
    assert Path(found.path).name == "py-spy"
    assert found.version.split(".")[0].isdigit()


@pytest.fixture
def nothing_beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_missing_py_spy_says_how_to_install_it(nothing_beside: Path) -> None:
    with pytest.raises(SamplerError) as caught:
        find_py_spy()
    assert caught.value.exit_code == 4
    assert "pip install py-spy" in caught.value.remedy


def test_a_broken_py_spy_says_so(nothing_beside: Path) -> None:
    broken = nothing_beside / "py-spy"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(SamplerError, match="does not run"):
        find_py_spy()


@pytest.mark.parametrize(
    ("version", "old"),
    [
        ("0.4.2", True),
        ("0.3.14", True),
        ("0.4.3", False),
        ("0.5", False),
        ("1.0.0", False),
        ("", False),
        ("dev", False),
    ],
)
def test_a_release_older_than_the_package_asks_for_says_what_it_lacks(version: str, old: bool) -> None:
    shortcoming = PySpy("py-spy", version).shortcoming
    assert (shortcoming is not None) is old
    assert not shortcoming or f"py-spy {version} is older than 0.4.3" in shortcoming


def test_the_oldest_release_is_the_one_that_the_package_asks_for() -> None:
    pyproject = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    assert f'"py-spy>={".".join(map(str, py_spy.OLDEST_RELEASE))}"' in pyproject


@pytest.mark.parametrize(
    ("said", "error", "word"),
    [
        ("Error: Permission denied (os error 13)", TargetError, "as root"),
        ("Permission Denied: Try running again with elevated permissions", TargetError, "SYS_PTRACE"),
        ("Error: Failed to open process 77 - check if it is running.", TargetError, "find-workers"),
        ("Error: Failed to find python version from target process", TargetError, "find-workers"),
        ("Error: Failed to find a good interpreter", SamplerError, "--upgrade py-spy"),
        ("", SamplerError, "--upgrade py-spy"),
    ],
)
def test_complaints(said: str, error: type[AsyncspyError], word: str) -> None:
    explained = py_spy.error_of(said, 77, py_spy.PySpy("py-spy", "0.4.3"))
    assert type(explained) is error
    assert word in explained.remedy


def test_quotes_are_one_line_and_bounded() -> None:
    quoted = py_spy.error_lines("py-spy> Sampling\nError: no" + "x" * 5000 + "\nStack backtrace:\n 0: main")
    assert quoted.startswith("Error: no")
    assert "\n" not in quoted
    assert len(quoted) <= py_spy.MAX_QUOTE


def test_a_probe_of_a_process_that_is_no_python() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        try:
            with pytest.raises(TargetError, match="not a Python process"):
                probe(find_py_spy(), sleeping.pid)
        finally:
            sleeping.kill()


def test_a_probe_that_hangs_is_given_up(stage: Stage) -> None:
    with pytest.raises(SamplerError, match=r"within 0\.3 s"):
        probe(stage("time.sleep(60)", dump=0.3), 77)


def test_words_about_lateness_and_counts() -> None:
    said = "py-spy> 1.20s behind in sampling\npy-spy> 3.05s behind in sampling\nWrote x. Samples: 1532 Errors: 4"
    assert py_spy.seconds_behind(said) == 3.05
    assert py_spy.sample_counts(said) == (1532, 4)
    assert py_spy.seconds_behind("all good") is None
    assert py_spy.sample_counts("") == (None, None)
