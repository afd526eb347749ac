"""The image beside another container, whose processes it sees and whose files it does not share: built and run."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.live.harness import loading
from tests.live.processes import accepts, free_port, running
from tests.live.ship.conftest import ROOT
from tests.live.ship.images import DOCKERS, build, buildah, bundle, crun, first_process, mounted, size

pytestmark = [pytest.mark.ship, pytest.mark.live, pytest.mark.root, pytest.mark.timeout(1200)]

LEAST = ("CAP_SYS_PTRACE",)
PYTHON = "/srv/venv/bin/python3"
SERVE = f"{PYTHON} -m shop.prepare && exec {PYTHON} -m uvicorn shop.asgi:application --log-level warning --port"
MOST_BYTES = 45_000_000
"""What asyncspy may add to its base."""

SOMEBODY_ELSE = 1000

Asyncspy = Callable[..., "subprocess.CompletedProcess[str]"]


def number_of(tag: str) -> str:
    """What two images have in common only if they are the same, byte by byte."""
    return buildah("inspect", "--type", "image", "--format", "{{.FromImageID}}", tag)


@pytest.fixture(scope="module")
def beside(asyncspy_image: str, web_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asyncspy]:
    """Runs asyncspy in a container that shares the pids of another, which serves as an ordinary user, loaded."""
    scratch, port = tmp_path_factory.mktemp("containers"), free_port()
    (scratch / "out").mkdir()
    number = iter(range(100))
    with mounted(web_image) as web, mounted(asyncspy_image) as image:
        web.config["Env"] += ["SHOP_DATABASE=/tmp/db", "SHOP_VIOLATE_EVERY=1"]
        serve = bundle(scratch / "web", web, ["sh", "-c", f"{SERVE} {port}"], user=SOMEBODY_ELSE)
        with running(
            crun(serve, "web"), cwd="/", env=os.environ, ready=lambda: accepts(port), timeout=120
        ), loading(f"http://127.0.0.1:{port}/"):  # fmt: skip
            pid = first_process(serve, "web")

            def run(*words: str, capabilities: Sequence[str] = LEAST) -> subprocess.CompletedProcess[str]:
                name = f"asyncspy{next(number)}"
                folder = bundle(
                    scratch / name, image, words, capabilities=capabilities, beside=pid, shared=scratch / "out"
                )
                return subprocess.run(crun(folder, name), capture_output=True, text=True, timeout=300, check=False)

            yield run


def test_the_image_is_small_and_the_same_when_it_is_built_again(asyncspy_image: str, base: str) -> None:
    assert size(asyncspy_image) - size(base) < MOST_BYTES
    again = asyncspy_image.replace(":1", ":2")
    build(ROOT, again, base=base)
    try:
        first, second = map(number_of, (asyncspy_image, again))
    finally:
        buildah("rmi", again)
    assert first == second


def test_the_other_containers_worker_is_found_as_pid_1(beside: Asyncspy) -> None:
    (worker,) = json.loads(beside("find-workers", "--json").stdout)
    assert (worker["pid"], worker["attachable"], worker["app"]) == (1, True, "shop.asgi:application")


def test_one_capability_is_enough_to_name_the_line(beside: Asyncspy) -> None:
    done = beside("attach", "--pid", "1", "--duration", "20", "--mode", "gil", "--format", "json", "--output", "/out")
    assert done.returncode == 0, done.stderr
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["culprit"]["file"], finding["culprit"]["line"]) == ("/srv/shop/shop/pricing.py", 9)
    assert "acount()" in finding["remedy"][0]["code"]


def test_dump_works_likewise(beside: Asyncspy) -> None:
    done = beside("dump", "--pid", "1", "--output", "/out/dump")
    assert (done.returncode, "not hung" in done.stdout) == (0, True), done.stdout + done.stderr


def test_with_dockers_own_capabilities_alone_it_says_which_option_is_missing(beside: Asyncspy) -> None:
    done = beside("attach", "--pid", "1", capabilities=DOCKERS)
    assert done.returncode == 3
    assert "docker run --cap-add SYS_PTRACE" in " ".join(done.stderr.split())


def test_what_is_shipped_has_no_pip_and_no_compiler(asyncspy_image: str) -> None:
    with mounted(asyncspy_image) as image:
        packages = {path.name for path in Path(image.root, "opt/asyncspy/lib").glob("python3*/site-packages/*")}
    assert "asyncspy" in packages
    assert not packages & {"pip", "hatchling", "setuptools"}
