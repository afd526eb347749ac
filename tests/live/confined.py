"""`python confined.py [--without-ptrace] COMMAND...`: run a command under a container's default seccomp profile.

What is refused on x86_64 is what docker's profile refuses a container without added capabilities; with
`--without-ptrace` also what it refuses on kernels before 4.8. It imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, AND, EQUAL, RETURN = 0x20, 0x54, 0x15, 0x06
"""Instructions of the kernel's filters (linux/bpf_common.h): all on 32 bits, against a constant."""

NUMBER, FIRST_ARGUMENT = 0, 16
"""Where in `struct seccomp_data`."""

CLONE, CLONE3, NEW_NAMESPACES = 56, 435, 0x7E020000
PTRACE = {"ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311}
REFUSED = {
    "syslog": 103, "uselib": 134, "personality": 135, "ustat": 136, "sysfs": 139, "vhangup": 153, "pivot_root": 155,
    "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
    "quotactl": 179, "nfsservctl": 180, "lookup_dcookie": 212, "clock_settime": 227, "mbind": 237,
    "set_mempolicy": 238, "get_mempolicy": 239, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
    "migrate_pages": 256, "unshare": 272, "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300,
    "open_by_handle_at": 304, "setns": 308, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
    "userfaultfd": 323, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443,
}  # fmt: skip
"""With EPERM; `clone3` is not known there (ENOSYS), and `clone` may make no namespaces."""


def confine(*, without_ptrace: bool) -> None:
    """Put this process, and all that it starts, under the filter."""
    refused = {**REFUSED, **(PTRACE if without_ptrace else {})}
    filters = [(LOAD, 0, 0, NUMBER)]
    for number in refused.values():
        filters += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | errno.EPERM)]
    filters += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    filters += [(EQUAL, 0, 4, CLONE), (LOAD, 0, 0, FIRST_ARGUMENT), (AND, 0, 0, NEW_NAMESPACES)]
    filters += [(EQUAL, 1, 0, 0), (RETURN, 0, 0, ERRNO | errno.EPERM), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in filters))
    program = struct.pack("<HxxxxxxQ", len(filters), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program)):
        if libc.prctl(*words, 0, 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    rest = sys.argv[1:]
    confine(without_ptrace=rest[0] == "--without-ptrace")
    rest = rest[rest[0] == "--without-ptrace" :]
    os.execvp(rest[0], rest)  # noqa: S606
