"""What is made once for all: a Debian root with Python, and images of it and on it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.harness import PROGRAMS
from tests.live.ship import images
from tests.live.ship.images import build, buildah, debian, image_of

ROOT = Path(__file__).parents[3]
WEB = """
ARG BASE
FROM ${BASE}
RUN python3 -m venv /srv/venv && /srv/venv/bin/pip install --quiet "django==5.2.*" uvicorn
COPY shop /srv/shop
WORKDIR /srv/shop
ENV PYTHONDONTWRITEBYTECODE=1
"""
MEGABYTE = 1_000_000


def tell(text: str) -> None:
    """A figure, for whoever runs this with -s."""
    sys.stdout.write(f"\n{text}\n")


@pytest.fixture(scope="session")
def debian_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimal Debian with Python; ASYNCSPY_DEBIAN may name one that is there already."""
    if os.getuid() != 0:
        pytest.skip("needs root to make a root file system")
    if os.environ.get("ASYNCSPY_DEBIAN"):
        return Path(os.environ["ASYNCSPY_DEBIAN"])
    return debian(tmp_path_factory.mktemp("debian") / "root")


@pytest.fixture(scope="session")
def base(debian_root: Path) -> Iterator[str]:
    """The image that the others are made on."""
    tag = "localhost/asyncspy-test-base:1"
    image_of(debian_root, tag)
    yield tag
    buildah("rmi", tag)


@pytest.fixture(scope="session")
def asyncspy_image(base: str) -> Iterator[str]:
    """Our Dockerfile's image; what it came to is printed."""
    tag = "localhost/asyncspy-test:1"
    started = time.monotonic()
    build(ROOT, tag, base=base)
    whole, below = images.size(tag), images.size(base)
    tell(
        f"the image: built in {time.monotonic() - started:.0f} s, {whole / MEGABYTE:.0f} MB, of which "
        f"{(whole - below) / MEGABYTE:.0f} MB above its base"
    )
    yield tag
    buildah("rmi", tag)


@pytest.fixture(scope="session")
def web_image(base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shop of the live tests in a container of its own."""
    tag, context = "localhost/asyncspy-test-web:1", tmp_path_factory.mktemp("web")
    (context / "Dockerfile").write_text(WEB)
    shutil.copytree(PROGRAMS / "shop", context / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    build(context, tag, base=base)
    yield tag
    buildah("rmi", tag)
