"""A machine with python3, make and git and nothing else: what the pages tell a new user to type works there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.ship.conftest import ROOT, tell
from tests.live.ship.images import CERTIFICATES

pytestmark = [pytest.mark.ship, pytest.mark.live, pytest.mark.root, pytest.mark.timeout(5400)]

# Mounts that only this namespace sees; the machine's certificates are lent, as a new machine would have its own.
# The root is a mount, as a machine's is: who works in one may want to make another.
ENTER = f"""
set -e
mount --bind $1 $1
cd $1
mount --bind {CERTIFICATES} .{CERTIFICATES}
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p checkout before && mount --bind $2 checkout
cp /etc/resolv.conf etc/resolv.conf
export HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
pivot_root . before
umount --lazy /before
cd /
exec sh -c "$3"
"""
INSTALL = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends make git"
KEPT = ("LANG", "CI", "FRESH_TESTS")


def inside(root: Path, words: str) -> int:
    """Run in the new root, in namespaces of its own: whatever was started there ends with it."""
    argv = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        ENTER,
        "sh",
        str(root),
        str(ROOT),
        words,
    ]
    kept = {key: os.environ[key] for key in KEPT if key in os.environ}
    environment = {"PATH": os.environ["PATH"], "SSL_CERT_DIR": str(CERTIFICATES), **kept}
    return subprocess.run(argv, env=environment, stdout=sys.stdout, stderr=sys.stderr, check=False).returncode


@pytest.fixture
def machine(debian_root: Path, tmp_path: Path) -> Path:
    """A root with python3, make and git."""
    root = tmp_path / "machine"
    subprocess.run(["cp", "--archive", debian_root, root], check=True, timeout=300)
    assert inside(root, INSTALL) == 0
    return root


def test_a_new_user_gets_everywhere(machine: Path) -> None:
    shutil.copy(Path(__file__).with_name("fresh.sh"), machine / "fresh.sh")
    tell("a fresh machine:")
    assert inside(machine, "sh /fresh.sh /checkout") == 0
