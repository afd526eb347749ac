"""Source lines are shown only from what plainly is the source that was named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asyncspy.source.files import SourceFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "app.py").write_bytes("first\r\nform\x0cfeed\u2028é\nlast\n".encode())
    return tmp_path


def test_lines_are_counted_as_python_counts_them(root: Path) -> None:
    files = SourceFiles(root)
    assert files.lines("/srv/app.py") == ["first", "form\x0cfeed\u2028é", "last"]
    assert [files.line("/srv/app.py", at) for at in (-1, 0, 1, 3, 4)] == [None, None, "first", "last", None]


def test_without_a_root_names_mean_files_here(root: Path) -> None:
    assert SourceFiles().line(str(root / "srv" / "app.py"), 1) == "first"


@pytest.mark.parametrize(
    "file",
    ["/srv/gone.py", "srv/app.py", "<frozen runpy>", "", "/srv", "/srv/secret.txt", "/srv/a\0b.py", "/srv/\ud800.py"],
)
def test_what_is_not_plainly_source_is_not_opened(root: Path, file: str) -> None:
    (root / "srv" / "secret.txt").write_text("secret\n")
    assert SourceFiles(root).lines(file) is None
    assert SourceFiles(root).changed_since(file, 0) is False


def test_no_name_climbs_above_the_root(root: Path) -> None:
    (root / "outside.py").write_text("secret\n")
    assert SourceFiles(root / "srv").lines("/../outside.py") is None
    assert SourceFiles(root).line("/srv/../outside.py", 1) == "secret"


def test_too_large_not_utf8_and_fifos_are_left_alone(root: Path) -> None:
    (root / "large.py").write_bytes(b"#" * (2 * 1024 * 1024 + 1))
    (root / "latin.py").write_bytes(b"caf\xe9\n")
    os.mkfifo(root / "pipe.py")
    files = SourceFiles(root)
    assert [files.lines(name) for name in ("/large.py", "/latin.py", "/pipe.py")] == [None, None, None]


def test_a_file_is_read_once_and_few_are_kept(root: Path) -> None:
    files = SourceFiles(root)
    assert files.line("/srv/app.py", 1) == "first"
    (root / "srv" / "app.py").write_text("changed\n")
    assert files.line("/srv/app.py", 1) == "first"
    for number in range(100):
        files.lines(f"/srv/{number}.py")
    assert files.line("/srv/app.py", 1) == "changed"


def test_a_file_written_later_has_changed(root: Path) -> None:
    os.utime(root / "srv" / "app.py", (1000, 1000))
    assert SourceFiles(root).changed_since("/srv/app.py", 999)
    assert not SourceFiles(root).changed_since("/srv/app.py", 1000)


def test_links_lead_nowhere_out_of_the_root_and_only_to_source(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "host.py"
    outside.write_text("the host's\n")
    (root / "secret").write_text("secret\n")
    links = {
        "absolute.py": str(outside),
        "climbing.py": "../../../../../.." + str(outside),
        "renamed.py": "../secret",
        "ring.py": "ring.py",
        "inside.py": "/srv/app.py",
        "beside.py": "app.py",
    }
    for name, target in links.items():
        (root / "srv" / name).symlink_to(target)
    (root / "link").symlink_to("/srv")
    files = SourceFiles(root)
    assert {name for name in links if files.lines(f"/srv/{name}") is not None} == {"inside.py", "beside.py"}
    assert files.line("/link/app.py", 1) == "first"
