"""What a file is, is told by what it holds; what is no readable file is one clear error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from asyncspy.errors import InputError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.read import FORMATS, load
from asyncspy.recording import saved_form
from tests.read.fixtures import READABLE, RECORDINGS


@pytest.mark.parametrize("name", READABLE)
def test_each_recording_is_of_one_format_only(name: str) -> None:
    head = (RECORDINGS / name).read_bytes()[:65536]
    assert [one.name for one in FORMATS if one.sniff(head)] == [load(RECORDINGS / name).inputs[0].format]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("uvicorn-asyncio-every1.speedscope.json", "speedscope"),
        ("uvicorn-asyncio-every1.raw.txt", "raw"),
        ("uvicorn-asyncio-every1.svg", "svg"),
    ],
)
@pytest.mark.parametrize("misnamed", ["flame.svg", "profile.json", "stacks.txt", "noname"])
def test_the_name_decides_nothing(tmp_path: Path, name: str, kind: str, misnamed: str) -> None:
    shutil.copy(RECORDINGS / name, tmp_path / misnamed)
    profile = load(tmp_path / misnamed)
    assert profile.inputs[0].format == kind
    assert profile.stacks == load(RECORDINGS / name).stacks


def test_a_byte_order_mark_and_windows_newlines_change_nothing(tmp_path: Path) -> None:
    raw = (RECORDINGS / "uvicorn-asyncio-every1.raw.txt").read_bytes()
    changed = tmp_path / "stacks.txt"
    changed.write_bytes(b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"))
    assert load(changed).stacks == load(RECORDINGS / "uvicorn-asyncio-every1.raw.txt").stacks


def test_a_saved_recording_brings_its_own_origin(tmp_path: Path) -> None:
    document = json.loads((RECORDINGS / "uvicorn-asyncio-every1.speedscope.json").read_text())
    worker = Worker(pid=7, ppid=1, role="worker", certain=True, server="uvicorn", django="5.2.19")
    origin = Origin("py-spy 0.4.3", mode="gil", rate=100, duration=10.0, samples=507, target=worker)
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(saved_form.embed(document, origin)))
    profile = load(saved)
    assert profile.origins == (origin,)
    assert profile.total == 507


@pytest.mark.parametrize(
    ("weights", "unit", "rate", "total", "noted"),
    [
        ([0.01, 0.01], "seconds", None, 2, False),
        ([10, 30], "milliseconds", 100, 4, False),
        ([2, 3], "none", None, 5, False),
        ([0.01, 0.03], "seconds", None, 2, True),
    ],
)
def test_weights_become_samples(
    tmp_path: Path, weights: list[float], unit: str, rate: int | None, total: int, noted: bool
) -> None:
    document = {
        "profiles": [
            {"type": "sampled", "name": 'Thread 1 "x"', "unit": unit, "samples": [[0], [0]], "weights": weights}
        ],
        "shared": {"frames": [{"name": "main", "file": "/a.py", "line": 1}]},
    }
    if rate:
        document = saved_form.embed(document, Origin("py-spy 0.4.3", rate=rate))
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(document))
    profile = load(path)
    assert profile.total == total
    assert any("its weights differ" in note for note in profile.inputs[0].notes) is noted


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    return caught.value


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "gone.json").message
    assert "is a folder" in refused(tmp_path).message


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe").message


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/mem is Linux")
def test_a_file_that_cannot_be_read_is_refused() -> None:
    assert "cannot be read" in refused(Path("/proc/self/mem")).message
