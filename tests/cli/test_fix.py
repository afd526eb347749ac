"""asyncspy fix prints a diff, or JSON by its schema, and says on stderr what is left to a person."""

from __future__ import annotations

import json
import os
import subprocess
import time
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from asyncspy.cli import commands

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A recording of a shop whose files are not on this machine."""
    path = tmp_path / "recorded.json"
    path.write_text(RECORDED.read_text().replace("/srv/shop/", "/elsewhere/"))
    return path


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Path:
    """A checkout of that shop: the two functions on the lines that ran."""
    said = CliRunner().invoke(commands, ["report", str(recorded), "--format", "json"])
    called, counted = [link for link in json.loads(said.stdout)["findings"][0]["chain"] if link["package"] is None]
    views = "\n" * (called["line"] - 2) + "async def checkout(request):\n    n = pricing.helper_count()  # é\n"
    pricing = "\n" * (counted["line"] - 2) + "def helper_count():\n    return User.objects.count()\n"
    root = tmp_path / "checkout"
    for link, text in ((called, views), (counted, pricing)):
        path = root / link["file"].removeprefix("/elsewhere/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (time.time() - 10**8,) * 2)
    return root


def fix(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["fix", *map(str, words)])


def test_the_diff_is_applied_by_git(recorded: Path, shop: Path) -> None:
    done = fix(recorded, "--root", shop)
    assert done.exit_code == 0, done.output
    assert "1 of 1 findings patched in 1 file, 0 left to you" in done.stderr
    subprocess.run(["git", "apply"], cwd=shop, input=done.stdout_bytes, check=True, timeout=60)
    assert "n = await sync_to_async(pricing.helper_count)()  # é" in (shop / "shop/views.py").read_text("utf-8")


def test_json_is_as_its_schema_says(recorded: Path, shop: Path) -> None:
    schema = json.loads(resources.files("asyncspy.report").joinpath("schema/fix-1.json").read_text("utf-8"))
    for words in ((recorded, "--root", shop), (recorded,), (FIXTURES / "logs" / "uvicorn-workers.log", "--root", shop)):
        document = json.loads(fix(*words, "--format", "json").stdout)
        Draft202012Validator(schema).validate(document)
    found = json.loads(fix(recorded, "--root", shop, "--format", "json").stdout)
    (one,) = found["findings"]
    assert one["outcome"] == "patched"
    assert one["lines"][0]["after"].lstrip().startswith("n = await")


def test_code_that_is_not_here_is_left_with_its_remedy(recorded: Path, tmp_path: Path) -> None:
    done = fix(recorded, "--root", tmp_path)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "left to you, since /elsewhere/shop/pricing.py is not below" in done.stderr
    assert ".acount(" in done.stderr


def test_nothing_to_fix(tmp_path: Path) -> None:
    done = fix(FIXTURES / "recordings" / "uvicorn-asyncio-never.speedscope.json", "--root", tmp_path)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing to fix" in done.stderr


def test_a_root_that_is_no_folder(recorded: Path, tmp_path: Path) -> None:
    assert fix(recorded, "--root", tmp_path / "nowhere").exit_code == 2


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    ).stdout


@pytest.fixture
def committed(shop: Path) -> Path:
    git(shop, "init", "-q")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "as it ran")
    return shop


def test_apply_writes_what_the_diff_says_and_is_not_done_twice(recorded: Path, committed: Path) -> None:
    printed = fix(recorded, "--root", committed).stdout_bytes
    (committed / "shop/views.py").chmod(0o640)
    done = fix(recorded, "--root", committed, "--apply")
    assert (done.exit_code, done.stdout_bytes) == (0, printed)
    assert "1 of 1 findings written in 1 file" in done.stderr
    assert "+    n = await sync_to_async(pricing.helper_count)()" in git(committed, "diff")
    assert (committed / "shop/views.py").stat().st_mode & 0o777 == 0o640
    again = fix(recorded, "--root", committed, "--apply", "--force")
    assert (again.exit_code, again.stdout) == (0, "")
    assert git(committed, "status", "--porcelain").split() == ["M", "shop/views.py"]


def test_apply_leaves_files_alone_that_git_could_not_restore(recorded: Path, committed: Path) -> None:
    views = committed / "shop/views.py"
    was, times = views.read_bytes(), views.stat()
    views.write_bytes(was + b"# more\n")
    os.utime(views, (times.st_atime, times.st_mtime))
    dirty = fix(recorded, "--root", committed, "--apply")
    assert dirty.exit_code == 4
    assert "shop/views.py" in dirty.stderr
    assert views.read_bytes() == was + b"# more\n"
    assert fix(recorded, "--root", committed, "--apply", "--force").exit_code == 0
    assert views.read_bytes().endswith(b"# more\n")
    assert views.read_bytes() != was + b"# more\n"


def test_apply_outside_of_git_needs_force(recorded: Path, shop: Path) -> None:
    done = CliRunner().invoke(commands, ["fix", str(recorded), "--root", str(shop), "--apply"])
    assert done.exit_code == 4
    assert "no git repository" in done.stderr


@pytest.mark.parametrize("only", ["1", "pricing.py:9", "shop/pricing.py:9"])
def test_only_some_findings(recorded: Path, shop: Path, only: str) -> None:
    assert "1 of 1 findings patched" in fix(recorded, "--root", shop, "--only", only).stderr


@pytest.mark.parametrize("only", ["2", "0", "ing.py:9", "pricing.py", "views.py:9"])
def test_a_finding_that_there_is_not(recorded: Path, shop: Path, only: str) -> None:
    assert fix(recorded, "--root", shop, "--only", only).exit_code == 2


TRACEBACK = """Internal Server Error: /books/
Traceback (most recent call last):
  File "/opt/venv/lib/python3.12/site-packages/django/core/handlers/base.py", line 253, in _get_response_async
    response = await wrapped_callback(request, *callback_args, **callback_kwargs)
  File "/srv/books/books/views.py", line {line}, in {function}
    return books.count()
  File "/opt/venv/lib/python3.12/site-packages/django/db/models/query.py", line 604, in count
    return self.query.get_count(using=self.db)
  File "/opt/venv/lib/python3.12/site-packages/django/utils/asyncio.py", line 24, in inner
    raise SynchronousOnlyOperation(message)
django.core.exceptions.SynchronousOnlyOperation: You cannot call this from an async context - use a thread.
"""
VIEWS = "async def index(request):\n    return books.count()\n\n\nasync def other(request):\n    return books.author\n"


@pytest.mark.parametrize(
    ("line", "function", "options", "expected"),
    [
        (2, "index", ["--django", "5.2"], "+    return await books.acount()"),
        (2, "index", [], "+    return await sync_to_async(books.count)()"),
        (2, "other", [], "is not in other any more"),
        (6, "other", [], "nothing recorded says that the file is the one that ran"),
    ],
)
def test_of_a_log_only_the_call_that_its_line_names_is_patched(
    tmp_path: Path, line: int, function: str, options: list[str], expected: str
) -> None:
    """A log does not say of which version of a file its lines are, nor which Django raised."""
    (tmp_path / "books").mkdir()
    (tmp_path / "books/views.py").write_text(VIEWS)
    log = tmp_path / "web.log"
    log.write_text(TRACEBACK.format(line=line, function=function))
    done = fix(log, "--root", tmp_path, *options)
    assert done.exit_code == 0
    assert expected in done.output
