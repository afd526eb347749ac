"""The cgroup names the container or the service; cgroup v1 and v2, and every runtime, in its own way."""

from __future__ import annotations

import pytest

from asyncspy.discover.containers import container_name, pid_inside

ID = "0123456789abcdef" * 4
SHORT = ID[:12]


@pytest.mark.parametrize(
    ("cgroup", "expected"),
    [
        (f"12:memory:/docker/{ID}\n11:cpu:/docker/{ID}\n", f"docker {SHORT}"),
        (f"0::/system.slice/docker-{ID}.scope\n", f"docker {SHORT}"),
        (f"0::/machine.slice/libpod-{ID}.scope/container\n", f"podman {SHORT}"),
        (f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{ID}.scope\n",
         f"containerd {SHORT} (kubernetes)"),
        (f"0::/kubepods.slice/pod1.slice/crio-{ID}.scope\n", f"cri-o {SHORT} (kubernetes)"),
        (f"4:memory:/kubepods/besteffort/pod0a1b/{ID}\n", f"kubernetes {SHORT}"),
        (f"0::/docker/{ID[::-1]}/kubelet.slice/kubelet-kubepods.slice/cri-containerd-{ID}.scope\n",
         f"containerd {SHORT}"),
        (f"4:memory:/docker/{ID[::-1]}/docker/{ID}\n", f"docker {SHORT}"),
        (f"1:name=systemd:/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}\n",
         f"containerd {SHORT} (kubernetes)"),
        (f"0::/system.slice/nerdctl-{ID}.scope\n", f"nerdctl {SHORT}"),
        (f"9:memory:/ecs/8d3b/{ID}\n", f"ecs {SHORT}"),
        (f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container\n",
         f"podman {SHORT}"),
        (f"0::/machine.slice/libpod-conmon-{ID}.scope\n", None),
        ("0::/lxc.payload.shop/system.slice\n", "lxc shop"),
        ("0::/system.slice/shop@1.service\n", "shop@1.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service\n", "shop.service"),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", None),
        ("0::/\n", None),
        ("", None),
        ("0::/docker/not-an-id\n", None),
    ],
)  # fmt: skip
def test_container(cgroup: str, expected: str | None) -> None:
    assert container_name(cgroup) == expected


def test_pid_inside_is_given_only_if_it_differs() -> None:
    assert pid_inside({"NSpid": "4711"}) is None
    assert pid_inside({"NSpid": "4711\t7"}) == 7
    assert pid_inside({}) is None
