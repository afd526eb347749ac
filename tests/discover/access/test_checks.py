"""Each cause has its own reason and the line that helps there, on machines that this one is not."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from asyncspy.discover.access.facts import AccessFacts, Credentials, MachineFacts, Refusal, TargetFacts
from asyncspy.discover.access.gather import credentials_of_child, read_machine, with_file_capabilities
from asyncspy.discover.access.kernel_queries import decode_capabilities
from asyncspy.discover.access.permission import CHECKS, judge
from tests.discover.fake_proc import ALL, PTRACE, FakeProc

OURS = Credentials(frozenset({1000}), frozenset({1000}), 0, 0, ALL)
MACHINE = MachineFacts(us=OURS, like_us=True, our_uid=1000, our_gid=1000, yama=0, kernel="6.1", cpu="x86_64")
TARGET = TargetFacts(42, them=replace(OURS, bounding=0), exe="/usr/bin/python3.12", python="3.12")
BOUNDED = replace(OURS, bounding=ALL & ~PTRACE)


def at(
    machine: dict[str, Any] | None = None, target: dict[str, Any] | None = None, py_spy: str = "0.4.3"
) -> AccessFacts:
    return AccessFacts(replace(MACHINE, **(machine or {})), replace(TARGET, **(target or {})), py_spy)


def refused(facts: AccessFacts) -> tuple[str, str]:
    allowed, reason, remedy = judge(facts)
    assert not allowed
    assert reason
    assert remedy
    return reason, remedy


OTHERS = {"them": Credentials(frozenset({4242}), frozenset({4242}), 0, 0, 0)}


def test_a_process_of_ones_own_is_allowed() -> None:
    assert judge(at()).allowed
    assert judge(AccessFacts(MACHINE)).allowed


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ({"runtime": "docker"}, "docker run --cap-add SYS_PTRACE"),
        ({"runtime": "podman"}, "podman run --cap-add SYS_PTRACE"),
        ({"runtime": "containerd", "kubernetes": True}, "kubectl debug"),
        ({"runtime": "shop.service"}, "systemd unit"),
        ({}, "--cap-add SYS_PTRACE"),
    ],
)
def test_the_line_for_a_missing_capability_is_that_of_the_situation(where: dict[str, Any], line: str) -> None:
    _, remedy = refused(at({"us": BOUNDED, **where}, OTHERS))
    assert line in remedy
    assert "sudo" not in remedy


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ({"runtime": "docker"}, "--security-opt seccomp=unconfined"),
        ({"runtime": "docker", "kubernetes": True}, "seccompProfile.type: Unconfined"),
        ({"runtime": "shop.service"}, "SystemCallFilter=@debug"),
        ({}, "seccomp=unconfined"),
    ],
)
def test_the_line_for_a_filter_is_that_of_the_situation(where: dict[str, Any], line: str) -> None:
    reason, remedy = refused(at({"seccomp": 2, "ptrace_filter": "refuses", **where}))
    assert "seccomp" in reason
    assert line in remedy


@pytest.mark.parametrize(
    "barred", [{"no_new_privileges": True}, {"own_user_namespace": True}, {"us": BOUNDED}], ids=lambda d: next(iter(d))
)
def test_sudo_is_only_named_where_it_helps(barred: dict[str, Any]) -> None:
    assert refused(at({}, OTHERS))[1].startswith("sudo ")
    assert refused(at({"sudo": False}, OTHERS))[1].startswith("as root: ")
    assert "sudo" not in refused(at(barred, OTHERS))[1]


def test_selinux_can_deny_ptrace_to_all() -> None:
    reason, remedy = refused(at({"selinux": "1", "selinux_denies_ptrace": True}))
    assert "SELinux" in reason
    assert remedy == "sudo setsebool deny_ptrace off"
    assert judge(at({"selinux": "0", "selinux_denies_ptrace": True})).allowed


def test_apparmor_is_blamed_only_for_what_the_kernel_refuses() -> None:
    confined = {"apparmor": "docker-default (enforce)"}
    reason, remedy = refused(at(confined, {"readable": False}))
    assert "docker-default" in reason
    assert "apparmor=unconfined" in remedy
    assert judge(at(confined)).allowed


@pytest.mark.parametrize(
    ("python", "py_spy", "allowed"),
    [
        ("3.13", "0.4.0", True),
        ("3.14", "0.4.0", False),
        ("3.15", "0.4.1", False),
        ("3.15", "0.4.3", True),
        ("3.16", "0.4.3", False),
        ("3.15", "0.5.0", True),
        (None, "0.4.0", True),
    ],
)
def test_py_spy_must_know_the_python(python: str | None, py_spy: str, allowed: bool) -> None:
    facts = at(target={"python": python}, py_spy=py_spy)
    assert judge(facts).allowed is allowed
    if not allowed:
        assert "pip install --upgrade py-spy" in refused(facts)[1]


def test_a_free_threaded_build_is_refused() -> None:
    assert "free-threaded" in refused(at(target={"exe": "/usr/bin/python3.13t", "python": "3.13"}))[0]


def test_another_architecture_is_refused() -> None:
    assert "aarch64" in refused(at(target={"cpu": "aarch64"}))[0]


def test_a_debugger_is_named_and_another_py_spy_is_not_in_the_way() -> None:
    assert "gdb (process 7)" in refused(at(target={"tracer": (7, "gdb")}))[0]
    assert judge(at(target={"tracer": (7, "py-spy")})).allowed


def test_a_user_namespace_of_ones_own_is_named() -> None:
    hidden = {"kernel_lets_read": False, "same_namespaces": {"user": None, "pid": True, "mnt": True}}
    assert "user namespace of your own" in refused(at({"own_user_namespace": True}, hidden))[0]


def test_a_hidden_process_is_not_taken_for_one_that_is_gone() -> None:
    hidden = AccessFacts(replace(MACHINE, hidepid="2"), TargetFacts(42, hidden=True))
    assert "hidepid=2" in refused(hidden)[0]


def test_every_check_says_something_fine_or_nothing_of_a_process_of_ones_own() -> None:
    for facts in (at(), AccessFacts(MACHINE), AccessFacts(MACHINE, TargetFacts(42, hidden=True))):
        said = [check(facts) for check in CHECKS]
        assert all(one is None or one for one in said)
        assert any(isinstance(one, Refusal) for one in said) is bool(facts.target and facts.target.hidden)


def test_the_machine_is_read_from_its_own_files(tmp_path: Any) -> None:
    fake = FakeProc(tmp_path / "proc")
    fake.us(uid=1000, more="NoNewPrivs:\t1\nSeccomp:\t2\n")
    fake.write("self/mountinfo", "22 1 0:21 / /proc rw,nosuid - proc proc rw,hidepid=invisible\n")
    fake.write("self/cgroup", f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{'a1b2c3d4' * 8}.scope\n")
    fake.write("self/uid_map", "         0       1000          1\n")
    fake.write("self/attr/current", "docker-default (enforce)\n")
    fake.write("../sys/fs/selinux/enforce", "1")
    fake.write("../sys/fs/selinux/booleans/deny_ptrace", "1 1")
    fake.write("1/comm", "pause\n")
    fake.yama(2)
    seen = read_machine(fake.of())
    assert (seen.no_new_privileges, seen.seccomp, seen.hidepid, seen.runtime) == (True, 2, "2", "containerd")
    assert (seen.kubernetes, seen.cgroups, seen.own_user_namespace, seen.yama) == (True, 2, True, 2)
    assert (seen.apparmor, seen.selinux, seen.selinux_denies_ptrace) == ("docker-default (enforce)", "1", True)
    assert seen.shares_pids


@pytest.mark.parametrize(
    ("status", "holds"),
    [
        ({"Uid": "0 0 0 0", "CapBnd": f"{ALL:x}", "CapEff": "0"}, True),
        ({"Uid": "0 0 0 0", "CapBnd": "0", "CapEff": f"{ALL:x}"}, False),
        ({"Uid": "0 0 0 0", "CapBnd": f"{ALL:x}", "CapEff": "0", "CapPrm": "0", "NoNewPrivs": "1"}, False),
        ({"Uid": "5 5 5 5", "CapBnd": f"{ALL:x}", "CapEff": f"{PTRACE:x}", "CapAmb": "0"}, False),
        ({"Uid": "5 5 5 5", "CapBnd": f"{ALL:x}", "CapEff": f"{PTRACE:x}", "CapAmb": f"{PTRACE:x}"}, True),
    ],
)
def test_what_counts_is_what_py_spy_will_hold(status: dict[str, str], holds: bool) -> None:
    """Root regains all that is not bounded when it starts a program; others hand on what is ambient."""
    assert credentials_of_child(status).may_trace_anybody is holds


def test_a_py_spy_whose_file_brings_the_capability_along_may_trace_others() -> None:
    status = {"Uid": "5 5 5 5", "CapBnd": f"{ALL:x}", "CapEff": "0", "CapAmb": "0"}
    us = credentials_of_child(status)
    assert with_file_capabilities(us, PTRACE, status).may_trace_anybody
    assert not with_file_capabilities(us, PTRACE, {**status, "NoNewPrivs": "1"}).may_trace_anybody
    bounded = credentials_of_child({**status, "CapBnd": f"{ALL & ~PTRACE:x}"})
    assert not with_file_capabilities(bounded, PTRACE, status).may_trace_anybody
    by_file = {"us": replace(OURS, permitted=PTRACE, effective=PTRACE), "like_us": False, "by_file": True}
    assert judge(at(by_file, OTHERS)).allowed
    assert "py-spy's own file" in str([check(at(by_file, OTHERS)) for check in CHECKS])


@pytest.mark.parametrize(
    ("attribute", "capabilities"),
    [
        ((0x02000001, PTRACE, 0, 0, 0), PTRACE),
        ((0x02000001, PTRACE, 0, 1 << 8, 0), PTRACE | 1 << 40),
        ((0x02000000, PTRACE, 0, 0, 0), 0),
        ((0x03000001, PTRACE, 0, 0, 0, 0), PTRACE),
        ((0x03000001, PTRACE, 0, 0, 0, 100000), 0),
        ((0x01000001, PTRACE, 0), PTRACE),
        ((0x02000001, PTRACE), 0),
        ((0x09000001, PTRACE, 0, 0, 0), 0),
        ((), 0),
    ],
)
def test_the_capabilities_of_a_file(attribute: tuple[int, ...], capabilities: int) -> None:
    assert decode_capabilities(struct.pack(f"<{len(attribute)}I", *attribute)) == capabilities
    assert decode_capabilities(struct.pack(f"<{len(attribute)}I", *attribute)[:-1]) in {0, capabilities}
