"""asyncspy export: to a file or to standard output, the whole or the findings alone, and where it must refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import commands

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
EVERY, NEVER = (RECORDINGS / f"uvicorn-asyncio-{often}.speedscope.json" for often in ("every1", "never"))


def export(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["export", *map(str, words)], prog_name="asyncspy")


def test_to_standard_output_for_a_pipe() -> None:
    done = export(EVERY, "--to", "folded")
    assert done.exit_code == 0
    assert sum(int(line.rpartition(" ")[2]) for line in done.stdout.splitlines()) == 507
    assert done.stderr == ""


def test_the_findings_alone() -> None:
    lines = export(EVERY, "--to", "folded", "--only", "findings").stdout.splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == 31
    assert all("helper_count (/srv/shop/shop/pricing.py:9)" in line for line in lines)


def test_to_a_new_file_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "shop.pb.gz"
    assert export(EVERY, "--to", "pprof", "--output", file).exit_code == 0
    assert file.read_bytes()[:2] == b"\x1f\x8b"
    again = export(EVERY, "--to", "pprof", "--output", file)
    assert again.exit_code == 4
    assert "is there already" in again.stderr
    assert export(EVERY, "--to", "pprof", "--output", tmp_path / "none" / "x").exit_code == 4


def test_nothing_is_not_exported() -> None:
    done = export(NEVER, "--to", "folded", "--only", "findings")
    assert done.exit_code == 4
    assert "it has no findings that were sampled" in done.stderr


@pytest.mark.parametrize("words", [("--to", "svg"), (), ("--to", "folded", "--only", "loop")])
def test_what_there_is_not_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert export(EVERY, *words).exit_code == 2
