"""What doctor and find-workers say of attaching is what py-spy then meets: every asker beside every target."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.live.processes import eventually
from tests.neutral import home_for_all

NOBODY, OTHER = "65534", "65533"
PYTHON = "PYTHON"
"""Stands for the interpreter that all users can run, wherever that turns out to be."""

WAIT = "print('ready', flush=True); import sys; sys.stdin.read()"
PRCTL = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); "
ASK = """
import json, sys
from click.testing import CliRunner
from asyncspy.cli import commands
for pid in sys.argv[1:]:
    done = CliRunner().invoke(commands, ["doctor", "--pid", pid, "--json"])
    print(json.dumps([done.exit_code, done.stdout]))
"""
FILTER = """
import ctypes, os, struct, sys
action = {"refuse": 0x00050001, "kill": 0x80000000}[sys.argv[1]]
ptrace = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
program = b"".join(struct.pack("HBBI", *one) for one in
                   [(0x20, 0, 0, 0), (0x15, 1, 0, ptrace), (6, 0, 0, 0x7FFF0000), (6, 0, 0, action)])
code = ctypes.create_string_buffer(program)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(code)))) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""
TRACER = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.ptrace.argtypes = [ctypes.c_long] * 4
assert libc.ptrace(0x4206, int(sys.argv[1]), 0, 0) == 0
print("ready", flush=True)
sys.stdin.read()
"""


def user(uid: str, *more: str) -> list[str]:
    return ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", *more]


def hidepid(level: int, *then: str) -> list[str]:
    """In a mount namespace of its own, with a /proc of its own."""
    mount = f'mount -t proc -o hidepid={level} proc /proc && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", mount, "sh", *then]


WITHOUT = ("--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")
ASKERS: dict[str, list[str]] = {
    "root": [],
    "root without CAP_SYS_PTRACE": ["setpriv", *WITHOUT],
    "root under NoNewPrivs": ["setpriv", "--no-new-privs"],
    "nobody": user(NOBODY),
    "nobody where root has no CAP_SYS_PTRACE": user(NOBODY, *WITHOUT),
    "nobody with CAP_SYS_PTRACE": user(NOBODY, "--inh-caps", "+sys_ptrace", "--ambient-caps", "+sys_ptrace"),
    "nobody with CAP_SYS_PTRACE that is not handed on": user(NOBODY, "--inh-caps", "+sys_ptrace"),
    "nobody, hidepid=2": hidepid(2, *user(NOBODY)),
    "nobody, hidepid=1": hidepid(1, *user(NOBODY)),
    "root, hidepid=2": hidepid(2),
    "root of a user namespace": ["unshare", "--user", "--map-root-user"],
    "ptrace refused by seccomp": [PYTHON, "-c", FILTER, "refuse"],
    "ptrace deadly by seccomp": [PYTHON, "-c", FILTER, "kill"],
}
TARGETS: dict[str, tuple[list[str], str]] = {
    "root's": ([], WAIT),
    "nobody's": (user(NOBODY), WAIT),
    "other's": (user(OTHER), WAIT),
    "nobody's, other group": (["setpriv", "--reuid", NOBODY, "--regid", OTHER, "--clear-groups"], WAIT),
    "nobody's, not dumpable": (user(NOBODY), PRCTL + WAIT),
    "root's, not dumpable": ([], PRCTL + WAIT),
    "nobody's, with capabilities": (user(NOBODY, "--inh-caps", "+chown", "--ambient-caps", "+chown"), WAIT),
    "nobody's, traced": (user(NOBODY), WAIT),
    "nobody's, in a user namespace": (user(NOBODY, "unshare", "--user"), WAIT),
    "root's, in a PID namespace": (["unshare", "--pid", "--fork", "--kill-child"], WAIT),
}
EXPECTED = {
    ("nobody", "other's"): ("belongs to uid 65533 and you are nobody", "attach --pid"),
    ("nobody", "root's"): ("belongs to root", "attach --pid"),
    ("nobody", "nobody's, other group"): ("group", "attach --pid"),
    ("nobody", "nobody's, not dumpable"): ("not dumpable", "attach --pid"),
    ("nobody", "nobody's, with capabilities"): ("capabilities", "attach --pid"),
    ("nobody", "nobody's, traced"): ("is attached to it already", "kill "),
    ("nobody where root has no CAP_SYS_PTRACE", "other's"): ("without the capability CAP_SYS_PTRACE", "SYS_PTRACE"),
    ("root without CAP_SYS_PTRACE", "nobody's"): ("without the capability CAP_SYS_PTRACE", "SYS_PTRACE"),
    ("nobody, hidepid=2", "root's"): ("hidepid=2", "attach --pid"),
    ("nobody, hidepid=1", "root's"): ("hidepid=1", "attach --pid"),
    ("ptrace refused by seccomp", "root's"): ("seccomp", "seccomp"),
    ("ptrace deadly by seccomp", "root's"): ("seccomp", "seccomp"),
}

pytestmark = [
    pytest.mark.live,
    pytest.mark.root,
    pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users"),
    pytest.mark.skipif(not shutil.which("setpriv") or not shutil.which("unshare"), reason="needs util-linux"),
]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where all users find Python, asyncspy and py-spy."""
    users = [user(NOBODY), *(prefix for prefix, _ in TARGETS.values() if possible(prefix))]
    with home_for_all(*users) as found:
        if found is None:
            pytest.skip("other users can run no Python on this machine: those that were found lie in closed folders")
        yield found


@pytest.fixture(scope="module")
def targets(home: Path) -> Iterator[dict[str, int]]:
    """One process of each kind, by its pid."""
    with ExitStack() as started:
        pids = {
            name: waiting(started, home, prefix, code) for name, (prefix, code) in TARGETS.items() if possible(prefix)
        }
        waiting(started, home, [], TRACER, str(pids["nobody's, traced"]))
        yield pids


def waiting(started: ExitStack, home: Path, prefix: list[str], code: str, *arguments: str) -> int:
    """The pid of the Python process that has run `code`; it ends with the block."""
    command = at(home, [*prefix, PYTHON, "-c", code, *arguments])
    child = started.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
    )
    started.callback(child.kill)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    if "--fork" not in prefix:
        return child.pid
    children = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    assert eventually(lambda: bool(children.read_text().split()), timeout=10)
    return int(children.read_text().split()[0])


def at(home: Path, command: list[str]) -> list[str]:
    """A command with the interpreter of that home."""
    return [str(home / "bin/python") if word == PYTHON else word for word in command]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")


def possible(prefix: list[str]) -> bool:
    return run([*prefix, "/bin/true"]).returncode == 0


@pytest.mark.parametrize("asker", ASKERS)
def test_what_doctor_says_is_what_py_spy_meets(asker: str, home: Path, targets: dict[str, int]) -> None:
    prefix = at(home, ASKERS[asker])
    if not possible(prefix):
        pytest.skip("this machine does not let us build that")
    wrong = []
    for name, (code, found) in told(home, prefix, targets).items():
        truth = run([*prefix, str(home / "bin/py-spy"), "dump", "--pid", str(targets[name])])
        print(f"{asker} | {name} | {code} | {truth.returncode} | {reason(found)}")  # noqa: T201 - for `pytest -rP`
        assert code in {0, 3}
        if (code == 0) is not (truth.returncode == 0):
            wrong.append((name, code, truth.returncode, reason(found), truth.stderr[:300]))
        if (asker, name) in EXPECTED:
            said, remedy = EXPECTED[asker, name]
            assert said in (reason(found) or ""), (name, found)
            assert any(remedy in (check["remedy"] or "") for check in found["checks"])
    assert wrong == []


def told(home: Path, prefix: list[str], targets: dict[str, int]) -> dict[str, tuple[int, dict[str, Any]]]:
    """The exit code and the diagnosis of each target, asked for in one process: so many starts take a minute."""
    asked = run(at(home, [*prefix, PYTHON, "-c", ASK, *map(str, targets.values())]))
    assert "Traceback" not in asked.stderr, asked.stderr
    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    return {name: (code, json.loads(text)) for name, (code, text) in zip(targets, answers, strict=True)}


def reason(diagnosis: dict[str, Any]) -> str | None:
    return next((str(check["said"]) for check in diagnosis["checks"] if not check["ok"]), None)


@pytest.mark.parametrize(
    "asker", ["nobody", "nobody, hidepid=2", "root without CAP_SYS_PTRACE", "ptrace refused by seccomp"]
)
def test_attach_refuses_with_the_reason_that_doctor_gives(asker: str, home: Path, targets: dict[str, int]) -> None:
    prefix, pid = at(home, ASKERS[asker]), str(targets["other's"])
    if not possible(prefix):
        pytest.skip("this machine does not let us build that")
    found = json.loads(run(at(home, [*prefix, PYTHON, "-m", "asyncspy", "doctor", "--pid", pid, "--json"])).stdout)
    attach = ["attach", "--pid", pid, "--duration", "1", "--output", "/nowhere"]
    tried = run(at(home, [*prefix, PYTHON, "-m", "asyncspy", *attach]))
    assert tried.returncode == 3
    assert "Traceback" not in tried.stderr
    assert (reason(found) or "no reason") in tried.stderr


@pytest.mark.parametrize("kind", ["capability", "setuid", "capability under NoNewPrivs"])
def test_a_py_spy_whose_file_brings_its_rights_along_is_reckoned_with(
    kind: str, home: Path, targets: dict[str, int]
) -> None:
    """`setcap cap_sys_ptrace+ep py-spy` is what many have done."""
    prefix = at(home, user(NOBODY, "--no-new-privs") if "NoNewPrivs" in kind else user(NOBODY))
    with own_rights(home / "bin/py-spy", setuid=kind == "setuid"):
        answers = told(home, prefix, targets)
        for name, (code, found) in answers.items():
            # env, because setpriv itself has kept capabilities that asyncspy, which it starts, does not have
            truth = run([*prefix, "env", str(home / "bin/py-spy"), "dump", "--pid", str(targets[name])])
            assert (code == 0) is (truth.returncode == 0), (name, code, reason(found), truth.stderr)
    assert answers["root's"][0] == (3 if "NoNewPrivs" in kind else 0)


@contextmanager
def own_rights(program: Path, *, setuid: bool) -> Iterator[None]:
    """Its file brings CAP_SYS_PTRACE along, or makes root of whoever starts it."""
    try:
        if setuid:
            program.chmod(0o4755)
        else:
            os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1 << 19, 0, 0, 0))
    except OSError as error:
        pytest.skip(f"this machine does not let us give a file rights: {error}")
    try:
        yield
    finally:
        program.chmod(0o755)
        with suppress(OSError):
            os.removexattr(program, "security.capability")


def test_sudo_is_not_named_where_it_cannot_help(home: Path, targets: dict[str, int]) -> None:
    for asker in (
        "nobody where root has no CAP_SYS_PTRACE",
        "root without CAP_SYS_PTRACE",
        "ptrace refused by seccomp",
    ):
        doctor = ["-m", "asyncspy", "doctor", "--pid", str(targets["other's"]), "--json"]
        told = run(at(home, [*ASKERS[asker], PYTHON, *doctor]))
        remedies = [check["remedy"] for check in json.loads(told.stdout)["checks"] if not check["ok"]]
        assert remedies
        assert not [remedy for remedy in remedies if "sudo asyncspy" in remedy or "as root: " in remedy]
