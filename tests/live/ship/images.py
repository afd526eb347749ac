"""A Debian root and our Dockerfile to images, and an image to a running container, without a daemon or a registry.

buildah builds; crun runs, with the namespaces and capabilities that `docker run` would give and no others. What differs
from Docker: no seccomp profile, no cgroup, and the network of the host, so that a test can ask the container's server.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.processes import eventually

SUITE = "trixie"
NEEDED = ("buildah", "crun", "debootstrap")
CERTIFICATES = Path("/etc/ssl/certs")

ONLY_CGROUP2 = 'mount -t cgroup2 none /sys/fs/cgroup; exec "$0" "$@"'
"""crun starts nowhere where cgroups of both versions are mounted, as CI machines have them."""

DOCKERS = tuple(
    f"CAP_{name}"
    for name in (
        "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP "
        "SETUID SYS_CHROOT"
    ).split()
)
"""The capabilities that Docker gives by default."""


def buildah(*words: str) -> str:
    """What it printed; its errors fail the test."""
    environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
    done = subprocess.run(["buildah", *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.strip()


def debian(folder: Path, *packages: str) -> Path:
    """A new root with Python and what else is asked for."""
    for program in NEEDED:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    include = ",".join(["python3", "python3-venv", "ca-certificates", *packages])
    command = ["debootstrap", "--variant=minbase", f"--include={include}", SUITE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def image_of(folder: Path, tag: str) -> None:
    """A folder as an image."""
    working = buildah("from", "scratch")
    try:
        buildah("add", "--quiet", working, str(folder), "/")
        buildah("commit", "--quiet", working, tag)
    finally:
        buildah("rm", working)


def build(context: Path, tag: str, *, base: str, file: Path | None = None) -> str:
    """What the builder said of building a Dockerfile; the machine's certificates are lent to it, not copied."""
    words = ["--timestamp", "0", "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--build-arg", f"BASE={base}"]
    return buildah("bud", *words, "--file", str(file or context / "Dockerfile"), "--tag", tag, str(context))


def size(tag: str) -> int:
    """Bytes of an image, unpacked."""
    told = json.loads(buildah("images", "--json"))
    return next(_bytes(str(one["size"])) for one in told if any(tag in name for name in one["names"] or []))


def _bytes(text: str) -> int:
    number, unit = text.split()
    return round(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit])


@dataclass(frozen=True)
class Image:
    """An image's files where they can be run, and how it wants to be run."""

    root: Path
    config: dict[str, Any]


@contextlib.contextmanager
def mounted(tag: str) -> Iterator[Image]:
    """A writable copy of an image, gone afterwards."""
    working = buildah("from", tag)
    try:
        config = json.loads(buildah("inspect", "--type", "image", tag))["OCIv1"]["config"]
        yield Image(Path(buildah("mount", working)), config)
    finally:
        buildah("rm", working)


def bundle(
    folder: Path,
    image: Image,
    words: Sequence[str],
    *,
    user: int = 0,
    capabilities: Sequence[str] = (),
    beside: int | None = None,
    shared: Path | None = None,
    of_host: bool = False,
    closed: bool = False,
) -> Path:
    """What crun wants to know; `beside` is a process whose pid namespace is shared, `shared` is seen as /out.

    `of_host` shares the host's processes; `closed`: nothing but /out and /tmp can be written, and no right be gained.
    """
    folder.mkdir()
    subprocess.run(["crun", "spec"], cwd=folder, check=True, timeout=60)
    spec = json.loads((folder / "config.json").read_text())
    kinds = ("bounding", "effective", "permitted")
    pid = {"type": "pid", **({"path": f"/proc/{beside}/ns/pid"} if beside else {})}
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": user, "gid": user},
        "args": [*image.config.get("Entrypoint", []), *words],
        "env": image.config.get("Env", []),
        "cwd": image.config.get("WorkingDir", "/"),
        "capabilities": {kind: list(capabilities) for kind in kinds},
        "noNewPrivileges": closed,
    }
    spec["root"] = {"path": str(image.root), "readonly": closed}
    spec["linux"]["namespaces"] = [*([] if of_host else [pid]), {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]
    spec["mounts"] = [one for one in spec["mounts"] if one["destination"] != "/sys/fs/cgroup"]
    spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})  # noqa: S108 - of the container
    if shared:
        spec["mounts"].append({"destination": "/out", "source": str(shared), "options": ["bind"]})
    (folder / "config.json").write_text(json.dumps(spec))
    return folder


def crun(folder: Path, name: str) -> list[str]:
    """The command that runs a bundle in the foreground, and ends with it."""
    state = folder.parent / "crun"
    return [
        "unshare",
        "--mount",
        "sh",
        "-ec",
        ONLY_CGROUP2,
        "crun",
        "--root",
        str(state),
        "--cgroup-manager",
        "disabled",
        "run",
        "--bundle",
        str(folder),
        name,
    ]


def first_process(folder: Path, name: str) -> int:
    """The host's pid of a running container's pid 1."""
    ask = ["crun", "--root", str(folder.parent / "crun"), "state", name]
    found: list[int] = []

    def there() -> bool:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=False)
        found[:] = [json.loads(done.stdout)["pid"]] if done.returncode == 0 else []
        return bool(found)

    assert eventually(there, timeout=30)
    return found[0]
