"""The manifests keep the published schemas, and what they ask for is enough: their container run as they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.live.harness import loading
from tests.live.processes import accepts, free_port, running
from tests.live.ship.conftest import ROOT
from tests.live.ship.images import bundle, crun, first_process, mounted
from tests.live.ship.test_image import SERVE, SOMEBODY_ELSE

pytestmark = [pytest.mark.ship, pytest.mark.live, pytest.mark.root, pytest.mark.timeout(1200)]

FOLDER = ROOT / "docs" / "kubernetes"
MANIFESTS = ("node-recorder.yaml", "one-node-job.yaml")
PAGES = (FOLDER / "README.md", ROOT / "docs" / "hung-worker.md")
SCHEMAS = ("1.29", "1.34", "1.37")


def documents(name: str) -> Iterator[dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="pip install --group ship")
    yield from yaml.safe_load_all((FOLDER / name).read_text())


def recorder(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod of a manifest, and its container that records."""
    pod = next(one["spec"]["template"]["spec"] for one in documents(name) if one["kind"] in {"DaemonSet", "Job"})
    containers = [*pod.get("initContainers", []), *pod["containers"]]
    return pod, next(one for one in containers if one["name"] == "record")


@pytest.mark.parametrize("version", SCHEMAS)
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_keeps_the_published_schema(name: str, version: str) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="pip install --group ship").validate
    for document in documents(name):
        validate(document, version, strict=True)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_field_that_is_spelt_wrong_is_noticed(name: str) -> None:
    library = pytest.importorskip("kubernetes_validate", reason="pip install --group ship")
    document = next(one for one in documents(name) if one["kind"] in {"DaemonSet", "Job"})
    document["spec"]["template"]["spec"]["hostPid"] = True
    with pytest.raises(library.ValidationError):
        library.validate(document, SCHEMAS[-1], strict=True)


@pytest.mark.parametrize("name", MANIFESTS)
def test_what_a_manifest_asks_for_is_enough_and_no_more(
    name: str, asyncspy_image: str, web_image: str, tmp_path: Path
) -> None:
    pod, container = recorder(name)
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": ["SYS_PTRACE"]}
    assert (pod["hostPID"], context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (
        True,
        True,
        False,
    )
    (tmp_path / "out").mkdir()
    port = free_port()
    with mounted(web_image) as web, mounted(asyncspy_image) as image:
        web.config["Env"] += ["SHOP_DATABASE=/tmp/db", "SHOP_VIOLATE_EVERY=1"]
        image.config["Env"] += [f"{one['name']}=node-7" for one in container["env"]]
        serve = bundle(tmp_path / "web", web, ["sh", "-c", f"{SERVE} {port}"], user=SOMEBODY_ELSE)
        with running(
            crun(serve, "web"), cwd="/", env=os.environ, ready=lambda: accepts(port), timeout=120
        ), loading(f"http://127.0.0.1:{port}/"):  # fmt: skip
            pid = first_process(serve, "web")
            words = ["attach", "--pid", str(pid), "--duration", "15", "--mode", "gil", "--output", "/out"]
            folder = bundle(
                tmp_path / "asyncspy", image, words, user=context["runAsUser"], capabilities=["CAP_SYS_PTRACE"],
                shared=tmp_path / "out", of_host=True, closed=True,
            )  # fmt: skip
            done = subprocess.run(crun(folder, "asyncspy"), capture_output=True, text=True, timeout=300, check=False)
            assert psutil.pid_exists(pid)
    assert done.returncode == 0, done.stderr
    assert "shop/pricing.py:9" in done.stdout
    (saved,) = (tmp_path / "out").iterdir()
    assert json.loads(saved.read_text())["asyncspy"]["passes"][0]["host"] == "node-7"


def test_every_option_that_the_pages_give_to_kubectl_debug_is_one() -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    known = subprocess.run(
        ["kubectl", "debug", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    lines = [line for page in PAGES for line in page.read_text().splitlines() if "kubectl debug " in line]
    assert len(lines) >= 5
    for line in lines:
        options = line.partition(" -- ")[0]
        for option in re.findall(r"--[a-z-]+", options):
            assert f"{option}=" in known, line
        assert " -- asyncspy " in line or " -- sh -c " in line, "what follows -- is the command, not its arguments"
