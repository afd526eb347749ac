"""The kernel is asked what a seccomp filter does to ptrace; a filter that kills or never answers does no harm."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ASK = """
import ctypes, struct, sys
from asyncspy.discover.access import kernel_queries

ALLOW, PTRACE, SECCOMP = 0x7fff0000, 101, 317
action = int(sys.argv[1], 16)
filters = [(0x20, 0, 0, 0), (0x15, 0, 1, PTRACE), (0x06, 0, 0, action), (0x06, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in filters))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
listener = libc.syscall(SECCOMP, 1, int(sys.argv[2]), struct.pack("<HxxxxxxQ", len(filters), ctypes.addressof(code)))
if listener < 0:
    sys.exit(f"no such filter: {ctypes.get_errno()}")
kernel_queries.ANSWER_SECONDS = 1
print(kernel_queries.seccomp_effect_on_ptrace())
"""
"""Puts itself under a filter that does something to ptrace, and asks."""

KILL, REFUSE, ASK_SUPERVISOR, PASS = "0x80000000", "0x00050001", "0x7fc00000", "0x7fff0000"
NEW_LISTENER = 8
"""A file descriptor of its supervisor, who reads nothing from it here."""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter is one for x86_64")
@pytest.mark.parametrize(
    ("action", "flags", "effect"),
    [
        pytest.param(PASS, 0, "None", id="passes"),
        pytest.param(REFUSE, 0, "refuses", id="refuses"),
        pytest.param(KILL, 0, "kills", id="kills"),
        pytest.param(ASK_SUPERVISOR, NEW_LISTENER, "None", id="a supervisor never answers"),
    ],
)
def test_what_a_filter_does_to_ptrace(action: str, flags: int, effect: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, action, str(flags)], capture_output=True, text=True, timeout=60, check=False
    )
    if "no such filter" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout == f"{effect}\n", done.stderr
