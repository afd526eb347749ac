"""Whether we may attach is decided without trying, with the one cause and the line that fixes it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from asyncspy.discover.access.gather import TRACER_NAMED
from asyncspy.discover.access.permission import CHECKS, may_attach
from tests.discover.fake_proc import PTRACE, US, FakeProc

NOBODY = 65534


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    """We and the target are the same ordinary user, sudo is installed, and the kernel has no Yama."""
    fake = FakeProc(tmp_path)
    fake.write("self/root/usr/bin/sudo", "")
    (tmp_path / "self/root/usr/bin/sudo").chmod(0o755)
    fake.us(uid=US)
    fake.target()
    return fake


def refused(fake: FakeProc) -> tuple[str, str]:
    allowed, reason, remedy = may_attach(42, fake.of())
    assert not allowed
    assert reason
    assert remedy
    return reason, remedy


def test_our_own_process_is_allowed_without_yama(fake: FakeProc) -> None:
    assert may_attach(42, fake.of()) == (True, None, None)


@pytest.mark.parametrize(
    ("scope", "capabilities", "allowed"),
    [
        (0, 0, True),
        (1, 0, False),
        (2, 0, False),
        (3, 0, False),
        (1, PTRACE, True),
        (2, PTRACE, True),
        (3, PTRACE, False),
    ],
)
def test_yama(fake: FakeProc, scope: int, capabilities: int, allowed: bool) -> None:
    fake.us(uid=US, capabilities=capabilities)
    fake.yama(scope)
    assert may_attach(42, fake.of()).allowed is allowed
    if not allowed:
        assert f"ptrace_scope is {scope}" in refused(fake)[0]


def test_sudo_does_not_help_against_yama_3(fake: FakeProc) -> None:
    fake.yama(3)
    remedy = refused(fake)[1]
    assert "reboot" in remedy
    assert "sudo" not in remedy


def test_yama_1_names_both_ways_out(fake: FakeProc) -> None:
    fake.yama(1)
    remedy = refused(fake)[1]
    assert "attach --pid 42" in remedy
    assert "sudo sysctl kernel.yama.ptrace_scope=0" in remedy


def test_a_server_that_names_its_tracer_is_allowed_under_yama_1_only(fake: FakeProc) -> None:
    fake.write("42/environ", f"A=1\0{TRACER_NAMED}=any\0")
    fake.yama(1)
    assert may_attach(42, fake.of()).allowed
    fake.yama(2)
    assert not may_attach(42, fake.of()).allowed


def test_another_users_process_names_the_user_and_the_line(fake: FakeProc) -> None:
    fake.us(uid=US + 5000)
    fake.target(uid=65534)
    reason, remedy = refused(fake)
    assert "belongs to nobody" in reason
    assert remedy.startswith("sudo ")
    assert "attach --pid 42" in remedy
    assert "run asyncspy as nobody" in remedy


def test_roots_process_is_reached_by_sudo_alone(fake: FakeProc) -> None:
    fake.us(uid=US + 5000)
    fake.target(uid=0)
    assert refused(fake)[1].endswith("attach --pid 42")


def test_a_user_without_a_name_is_named_by_number(fake: FakeProc) -> None:
    fake.us(uid=US + 5000)
    fake.target(uid=54321)
    assert "belongs to uid 54321" in refused(fake)[0]


def test_root_in_a_container_without_the_capability_is_not_sent_to_sudo(fake: FakeProc) -> None:
    fake.us(uid=0, bounding=0)
    fake.target(uid=1000)
    reason, remedy = refused(fake)
    assert "CAP_SYS_PTRACE" in reason
    assert "--cap-add SYS_PTRACE" in remedy
    assert "sudo" not in remedy


def test_user_in_a_container_where_root_has_no_capability_is_not_sent_to_sudo(fake: FakeProc) -> None:
    fake.us(uid=US + 5000, bounding=0)
    fake.target(uid=65534)
    assert "sudo" not in refused(fake)[1]
    fake.us(uid=US, bounding=0)
    fake.target()
    fake.yama(1)
    assert "--cap-add SYS_PTRACE" in refused(fake)[1]


def test_with_the_capability_anybody_is_allowed(fake: FakeProc) -> None:
    fake.us(uid=US + 5000, capabilities=PTRACE)
    fake.target(uid=65534, gid=7, capabilities=1)
    assert may_attach(42, fake.of()).allowed


def test_another_group_is_refused(fake: FakeProc) -> None:
    fake.target(gid=7)
    assert "group" in refused(fake)[0]


def test_more_capabilities_than_ours_are_refused(fake: FakeProc) -> None:
    fake.target(capabilities=1 << 10)
    assert "capabilities" in refused(fake)[0]
    fake.us(uid=US, capabilities=1 << 10)
    assert may_attach(42, fake.of()).allowed


def test_not_dumpable_shows_in_the_owner_of_its_files(fake: FakeProc) -> None:
    other = US + 5000
    fake.us(uid=other)
    fake.target(uid=other)
    assert "not dumpable" in refused(fake)[0]


def test_a_process_that_has_ended_is_refused(fake: FakeProc) -> None:
    assert may_attach(43, fake.of()) == (False, "process 43 has ended", "asyncspy find-workers")


def test_every_check_says_what_it_looks_at() -> None:
    assert all(check.__doc__ for check in CHECKS)


def test_line_for_sudo_holds_the_full_path_where_sudo_would_not_look(
    fake: FakeProc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "our venv" / "asyncspy"
    fake.write("our venv/asyncspy", "#!/bin/sh\n")
    script.chmod(0o755)
    fake.us(uid=US + 5000)
    fake.target(uid=NOBODY)
    monkeypatch.setenv("PATH", str(script.parent))
    assert refused(fake)[1].startswith(f"sudo '{script}' attach --pid 42, or")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert refused(fake)[1].startswith(f"sudo {sys.executable} -m asyncspy attach --pid 42, or")


SLEEP = "print('ready', flush=True); import sys; sys.stdin.read()"
NOT_DUMPABLE = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); " + SLEEP


@contextlib.contextmanager
def waiting(code: str, user: int | None = None) -> Iterator[int]:
    """A Python process that has run `code`; the system's interpreter, for ours may lie in a home folder."""
    python = sys.executable if user is None else "/usr/bin/python3"
    with subprocess.Popen([python, "-c", code], user=user, group=user, stdin=PIPE, stdout=PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child.pid
        finally:
            child.kill()


def answer_and_truth(pid: int, uid: int | None) -> tuple[bool, bool, str]:
    """The answer for an ordinary user, and the kernel's when that user opens the memory (the same right as ptrace)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if uid is not None:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            answer = (may_attach(pid).allowed, _opens(f"/proc/{pid}/mem"), may_attach(pid).reason or "")
            os.write(writing, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer, truth, reason = json.loads(pipe.read())
    os.waitpid(child, 0)
    return answer, truth, reason


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return False
    return True


@pytest.mark.live
def test_the_answer_is_what_the_kernel_then_does() -> None:
    with waiting(SLEEP) as pid:
        answer, truth, _ = answer_and_truth(pid, None)
    assert answer == truth


@pytest.mark.live
@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users")
@pytest.mark.parametrize(
    ("code", "owner", "asker", "reason"),
    [
        (SLEEP, NOBODY, NOBODY, ""),
        (SLEEP, NOBODY, NOBODY + 1, "belongs to"),
        (SLEEP, 0, NOBODY, "belongs to root"),
        (NOT_DUMPABLE, NOBODY, NOBODY, "not dumpable"),
        (NOT_DUMPABLE, NOBODY, None, ""),
    ],
)
def test_other_users_get_the_answer_that_the_kernel_then_gives(
    code: str, owner: int, asker: int | None, reason: str
) -> None:
    with waiting(code, owner) as pid:
        answer, truth, said = answer_and_truth(pid, asker)
    assert answer == truth
    assert answer is (reason == "")
    assert reason in said
