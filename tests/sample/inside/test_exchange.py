"""What the target's user may have written or put in the way is bounded, refused, or left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from asyncspy.errors import TargetError
from asyncspy.guest import counting, entering
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Event, Frame, Occurrences, Origin
from asyncspy.recording import saved_form
from asyncspy.sample.inside import remote_exec
from asyncspy.sample.inside.exchange_folder import ExchangeFolder
from asyncspy.sample.inside.hook_report import HookReport, parse_report
from asyncspy.sample.inside.hook_session import hook_script

CHAIN = [3, False, 10.0, 20.0, True, [0, 1]]
TOLD = {
    "format": 1, "seconds": 60.5, "beyond": 2, "lost": 0,
    "frames": [["view", "/srv/shop/views.py", 25], ["inner", "/x/django/utils/asyncio.py", 15]], "chains": [CHAIN],
}  # fmt: skip
ME = os.getpid()


def read(**changed: Any) -> HookReport | None:
    return parse_report(json.dumps({**TOLD, **changed}).encode())


def test_what_the_hook_writes_is_read() -> None:
    told = read()
    assert told is not None
    frames = (Frame("view", "/srv/shop/views.py", 25), Frame("inner", "/x/django/utils/asyncio.py", 15))
    times = Occurrences(3, "1970-01-01T00:00:10+00:00", "1970-01-01T00:00:20+00:00")
    assert told.events == {Event("async-unsafe", frames, captured="raised"): times}
    assert (told.seconds, told.beyond, told.calls, told.broken) == (60.5, 2, 5, 0)


@pytest.mark.parametrize(
    "chain",
    [
        None, [], [0, *CHAIN[1:]], [True, *CHAIN[1:]], [1e300, *CHAIN[1:]], [-1, *CHAIN[1:]],
        [*CHAIN[:2], "soon", *CHAIN[3:]], [*CHAIN[:5], [0, 7]], [*CHAIN[:5], [-1]], [*CHAIN[:5], []],
        [*CHAIN[:5], [0] * 1000], [*CHAIN[:5], [True]],
    ],
)  # fmt: skip
def test_broken_chains_are_counted_and_left_out(chain: Any) -> None:
    told = read(chains=[CHAIN, chain])
    assert told is not None
    assert (len(told.events), told.broken) == (1, 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"[" * 100_000, b"{}", b'{"format": 2, "seconds": 1}', b'{"format": 1, "seconds": NaN}', b"\xff"],
)
def test_what_is_no_answer_is_none(data: bytes) -> None:
    assert parse_report(data) is None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A stand-in for the target's root."""
    (tmp_path / "tmp").mkdir()
    return tmp_path


def test_a_folder_is_its_owners_alone_and_nothing_is_left_of_it(root: Path) -> None:
    made = ExchangeFolder(ME, root=str(root))
    (there,) = (root / "tmp").iterdir()
    made.write("lease", "")
    assert (there.stat().st_mode & 0o777, (there / "lease").stat().st_mode & 0o777) == (0o700, 0o600)
    with pytest.raises(FileExistsError):
        made.write("lease", "")
    made.remove()
    made.remove()
    assert list((root / "tmp").iterdir()) == []


def test_neither_links_nor_pipes_in_it_are_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("ours") / "secret"
    secret.write_text("ours")
    made = ExchangeFolder(ME, root=str(root))
    (there,) = (root / "tmp").iterdir()
    (there / "result").symlink_to(secret)
    (there / "lease").symlink_to(secret)
    assert made.read("result") is None
    made.request_report()
    made.renew_lease()
    (there / "result").unlink()
    os.mkfifo(there / "result")
    pipe = os.open(there / "result", os.O_RDWR)
    os.write(pipe, b"anything")
    assert made.read("result") == b""
    os.close(pipe)
    made.remove()
    assert secret.read_text() == "ours"


def test_a_tmp_that_is_a_link_is_not_gone_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tmp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TargetError, match=r"(Not a directory|Too many levels)"):
        ExchangeFolder(ME, "asyncspy-exact-7", root=str(tmp_path))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_known_name_that_is_taken_is_refused_and_one_long_left_is_cleared(root: Path) -> None:
    first = ExchangeFolder(ME, "asyncspy-exact-7", root=str(root))
    first.write("lease", "")
    with pytest.raises(TargetError, match="another asyncspy counts"):
        ExchangeFolder(ME, "asyncspy-exact-7", root=str(root))
    there = root / "tmp" / "asyncspy-exact-7"
    for each in (there / "lease", there):
        os.utime(each, (1, 1))
    ExchangeFolder(ME, "asyncspy-exact-7", root=str(root)).remove()
    assert list((root / "tmp").iterdir()) == []


def test_the_text_stands_alone() -> None:
    space: dict[str, Any] = {}
    exec(compile(hook_script(), "text", "exec"), space)  # noqa: S102 - as the target runs it
    assert {"Hook", "start_hook"} <= set(space)
    assert "asyncspy." not in "".join(
        line for line in hook_script().splitlines() if line.startswith(("from", "import"))
    )
    assert {name for name in ("counting", "entering") if name in space} == set()
    assert counting.FORMAT == 1
    assert entering.NAME == "asyncspy"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("RuntimeError: Remote debugging is not enabled in the remote process.", "PYTHON_DISABLE_REMOTE_DEBUG"),
        ("PermissionError: [Errno 1] Operation not permitted", "no right to write into process 7"),
        ("RuntimeError: weather", "cannot be asked to start the hook: RuntimeError: weather"),
    ],
)
def test_each_refusal_says_why_and_what_to_do(said: str, words: str) -> None:
    error = remote_exec._refused(Worker(7, 1, "worker", True, "uvicorn", python="3.14"), said)
    assert words in error.message
    assert error.exit_code == 3
    assert "asyncspy" in error.remedy


def test_counts_are_saved_and_read_back() -> None:
    told = read()
    assert told is not None
    document = saved_form.embed({"profiles": []}, Origin("asyncspy hook", "exact"), captured=told.events)
    assert saved_form.extract(json.loads(json.dumps(document))).counts == told.events


@pytest.mark.parametrize("hostile", [7, [], {"chains": 7}, {"frames": [1], "chains": [[1]]}, {"chains": [None, {}]}])
def test_counts_that_others_wrote_are_left_out(hostile: Any) -> None:
    events = saved_form.extract({"asyncspy": {"format": 2, "passes": [], "captured": hostile}}).counts
    assert events == {}
