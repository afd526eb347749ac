"""Packed files, folders, several files and standard input give what the plain files give; bombs do not go off."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import shutil
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from asyncspy.errors import InputError
from asyncspy.read import load, load_all
from tests.read.fixtures import FIXTURES, RECORDINGS

ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"

ONE_OF_EACH = [
    RECORDINGS / "uvicorn-asyncio-every1.raw.txt",
    RECORDINGS / "uvicorn-asyncio-every1.speedscope.json",
    RECORDINGS / "uvicorn-asyncio-every1.svg",
    FIXTURES / "formats" / "austin-sleepless.txt",
    FIXTURES / "formats" / "py-spy-chrometrace.json",
    FIXTURES / "formats" / "py-spy-dump.txt",
    FIXTURES / "logs" / "plain.log",
]


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=lambda path: path.name)
def test_gzip_is_unpacked_whatever_the_name(path: Path, tmp_path: Path) -> None:
    half = len(path.read_bytes()) // 2
    packed = tmp_path / "noname"
    packed.write_bytes(gzip.compress(path.read_bytes()[:half]) + gzip.compress(path.read_bytes()[half:]))
    assert load(packed).stacks == load(path).stacks
    assert load(packed).events == load(path).events


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=lambda path: path.name)
def test_zstd_is_unpacked_whatever_the_name(path: Path, tmp_path: Path) -> None:
    packed = tmp_path / "noname"
    packed.write_bytes(importlib.import_module(ZSTD).compress(path.read_bytes()))
    assert load(packed).stacks == load(path).stacks
    assert load(packed).events == load(path).events


def test_zstd_without_a_library_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    packed = tmp_path / "flame.svg.zst"
    packed.write_bytes(b"\x28\xb5\x2f\xfd" + b"\0" * 20)
    with pytest.raises(InputError) as caught:
        load(packed)
    assert caught.value.remedy == f"unpack it on the way: zstd -dc {packed} | asyncspy report -"


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_packing_is_one_clear_error(tmp_path: Path, damage: str) -> None:
    data = bytearray(gzip.compress(ONE_OF_EACH[1].read_bytes()))
    if damage == "cut":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 0xFF
    packed = tmp_path / "x.json.gz"
    packed.write_bytes(data)
    with pytest.raises(InputError, match="damaged or cut short"):
        load(packed)


def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    """400 MB of spaces in 400 KB."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as sink:
        sink.write(b'{"profiles": [')
        for _ in range(400):
            sink.write(b" " * 1024**2)
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(packed.getvalue())
    start = time.process_time()
    tracemalloc.start()
    with pytest.raises(InputError, match="250 times its size"):
        load(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 350 * 1024**2
    assert time.process_time() - start < 10


def test_a_folder_gives_all_that_can_be_read_and_names_the_rest(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".git").mkdir()
    for number, path in enumerate(ONE_OF_EACH):
        shutil.copy(path, tmp_path / "deep" / f"{number}")
        shutil.copy(path, tmp_path / ".git" / f"{number}")
    (tmp_path / "notes.bz2").write_bytes(bz2.compress(b"hello"))
    (tmp_path / "loop").symlink_to(tmp_path)
    profiles = list(load_all([tmp_path]))
    assert sum(profile.total for profile in profiles) == sum(load(path).total for path in ONE_OF_EACH)
    (left,) = [profile.inputs[0] for profile in profiles if profile.inputs[0].format == "unknown"]
    assert (left.path, left.format, left.dropped) == (str(tmp_path / "notes.bz2"), "unknown", 1)
    assert "not a recording of a known format" in left.notes[0]


def test_a_folder_with_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.bz2").write_bytes(bz2.compress(b"hello"))
    with pytest.raises(InputError, match="none of its 1 files"):
        list(load_all([tmp_path]))


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=lambda path: path.name)
def test_standard_input_is_read_through_a_pipe(path: Path) -> None:
    code = "import sys; from pathlib import Path; from asyncspy.read import load; "
    code += "p = load(Path('-')); print(p.total, len(p.events), p.inputs[0].path)"
    reader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    shown, _ = reader.communicate(path.read_bytes(), timeout=60)
    whole = load(path)
    assert shown.decode().strip() == f"{whole.total} {len(whole.events)} standard input"


def test_an_empty_pipe_is_one_clear_error() -> None:
    code = "from pathlib import Path; from asyncspy.read import load; load(Path('-'))"
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, timeout=60, check=False)
    assert b"standard input: is empty" in done.stderr


LOG = (FIXTURES / "logs" / "plain.log").read_bytes()
GIGABYTE = 1024**3


def sparse(path: Path, *parts: bytes | int) -> Path:
    """A file of these bytes and of holes of these lengths."""
    with path.open("wb") as sink:
        for part in parts:
            sink.seek(part, 1) if isinstance(part, int) else sink.write(part)
    return path


def violations(path: Path) -> int:
    return sum(logged.times for logged in load(path).events.values())


@pytest.mark.parametrize("where", ["start", "middle", "end", "everywhere"])
def test_a_hole_of_a_gigabyte_costs_nothing(tmp_path: Path, where: str) -> None:
    """What copytruncate leaves while the writer goes on; by CPU time, since others may use this machine."""
    parts: dict[str, tuple[bytes | int, ...]] = {
        "start": (GIGABYTE, LOG),
        "middle": (LOG, GIGABYTE, LOG),
        "end": (LOG, GIGABYTE - 1, b"\0"),
        "everywhere": (5, LOG, GIGABYTE, b"2026-11-21 ERROR cut of", GIGABYTE, LOG, 5000),
    }
    file = sparse(tmp_path / "web.log", *parts[where])
    start = time.process_time()
    tracemalloc.start()
    found = violations(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == parts[where].count(LOG) * violations(FIXTURES / "logs" / "plain.log")
    assert peak < 30 * 1024**2
    assert time.process_time() - start < 5


def test_nuls_that_are_no_hole_are_read_over(tmp_path: Path) -> None:
    """As in a pipe, or where the file system knows of no holes."""
    file = tmp_path / "web.log"
    file.write_bytes(b"\0" * 5_000_000 + LOG + b"\0" * 5_000_000 + LOG.replace(b"ERROR", b"ERR\0OR"))
    assert violations(file) == 2 * violations(FIXTURES / "logs" / "plain.log")
    code = "import sys; from pathlib import Path; from asyncspy.read import load; print(len(load(Path('-')).events))"
    with file.open("rb") as source:
        piped = subprocess.run(["cat"], stdin=source, capture_output=True, timeout=60, check=True).stdout
    for given in ({"input": piped}, {"stdin": file.open("rb")}):
        shown = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=60, check=True, **given)
        assert int(shown.stdout) == len(load(file).events)


def test_nothing_but_a_hole_is_an_empty_file(tmp_path: Path) -> None:
    assert "is empty" in load(sparse(tmp_path / "web.log", GIGABYTE, b"\0")).inputs[0].notes[0]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("path", [*ONE_OF_EACH, FIXTURES / "logs" / "plain.log"], ids=lambda path: path.name)
def test_utf_16_is_read_as_powershell_redirects_it(path: Path, encoding: str, tmp_path: Path) -> None:
    text = "\ufeff" + path.read_text().replace("\n", "\r\n")
    file = tmp_path / "redirected"
    file.write_bytes(text.encode(encoding))
    assert load(file).stacks == load(path).stacks
    assert load(file).events == load(path).events


def test_utf_16_that_is_cut_within_a_character_is_read(tmp_path: Path) -> None:
    file = tmp_path / "web.log"
    file.write_bytes(LOG.decode().encode("utf-16") + b"\x00\xd8\x41")
    assert violations(file) == violations(FIXTURES / "logs" / "plain.log")
