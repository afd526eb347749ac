"""Versions come from the metadata beside the code that the process runs, wherever its environment is named."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.servers.installed import InstalledPackages
from tests.discover.fake_proc import FakeProc

VENV = "/srv/venv/lib/python3.12/site-packages"
NONE: frozenset[str] = frozenset()


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    """A process whose root is a folder, as a container's is."""
    fake = FakeProc(tmp_path)
    fake.link("42/cwd", "/srv/shop")
    return fake


def install(fake: FakeProc, folder: str, *names: str) -> None:
    for name in names:
        (fake.root / "42/root" / folder.lstrip("/") / name).mkdir(parents=True)


def versions(fake: FakeProc, process: ProcessInfo, files: frozenset[str] = NONE) -> dict[str, str]:
    return dict(InstalledPackages(fake.of()).versions(process, "3.12", files))


def process(*cmdline: str, exe: str | None = None, environ: dict[str, str] | None = None) -> ProcessInfo:
    return ProcessInfo(42, 1, "python", cmdline, exe, environ)


DJANGO = "Django-5.2.19.dist-info"


@pytest.mark.parametrize(
    "found_by",
    [
        process("/srv/venv/bin/python", "-m", "uvicorn"),
        process("../venv/bin/python", "-m", "uvicorn"),
        process("/usr/bin/python3", "/srv/venv/bin/uvicorn"),
        process("python", "-m", "uvicorn", environ={"VIRTUAL_ENV": "/srv/venv"}),
        process("python", "-m", "uvicorn", environ={"PYTHONPATH": f"relative::{VENV}"}),
    ],
    ids=["interpreter", "relative interpreter", "script", "VIRTUAL_ENV", "PYTHONPATH"],
)
def test_environment_is_found(fake: FakeProc, found_by: ProcessInfo) -> None:
    install(fake, VENV, DJANGO, "asgiref-3.13.0.dist-info", "uvicorn_worker-0.4.0.dist-info", "django", "README-1.txt")
    assert versions(fake, found_by) == {"django": "5.2.19", "asgiref": "3.13.0", "uvicorn-worker": "0.4.0"}


def test_bare_python_is_looked_up_on_its_own_path(fake: FakeProc) -> None:
    install(fake, VENV, DJANGO)
    fake.link("42/root/srv/venv/bin/python", "/usr/bin/python3.12")
    assert versions(fake, process("python", environ={"PATH": "/nowhere:/srv/venv/bin"})) == {"django": "5.2.19"}


def test_a_title_hides_the_command_line_but_not_the_mapped_modules(fake: FakeProc) -> None:
    install(fake, VENV, DJANGO)
    titled = process("gunicorn: worker [shop]", exe="/usr/bin/python3.12")
    assert versions(fake, titled, frozenset({f"{VENV}/setproctitle/_setproctitle.so"})) == {"django": "5.2.19"}
    assert versions(fake, titled) == {}


def test_what_lies_beside_the_interpreter_counts_only_without_an_environment(fake: FakeProc) -> None:
    install(fake, "/usr/lib/python3/dist-packages", "Django-3.2.19.egg-info")
    system = process("/usr/bin/python3", exe="/usr/bin/python3.12")
    assert versions(fake, system) == {"django": "3.2.19"}
    install(fake, VENV, "asgiref-3.13.0.dist-info")
    in_environment = process("/srv/venv/bin/python", exe="/usr/bin/python3.12")
    assert versions(fake, in_environment) == {"asgiref": "3.13.0"}


def test_the_interpreter_that_was_called_comes_before_a_variable_left_over(fake: FakeProc) -> None:
    install(fake, VENV, DJANGO)
    install(fake, "/srv/old/lib/python3.12/site-packages", "Django-3.2.dist-info")
    called = process("/srv/venv/bin/python", environ={"VIRTUAL_ENV": "/srv/old"})
    assert versions(fake, called) == {"django": "5.2.19"}
    in_path = replace(called, environ={"PYTHONPATH": "/srv/old/lib/python3.12/site-packages"})
    assert versions(fake, in_path) == {"django": "3.2"}


def test_paths_of_a_chroot_are_seen_from_inside(fake: FakeProc) -> None:
    """/proc shows a chroot's files with its folder in front, and its root link shows the folder."""
    outside = fake.root / "chroot"
    (outside / VENV.lstrip("/") / DJANGO).mkdir(parents=True)
    fake.link("42/root", str(outside))
    titled = process("gunicorn: worker [shop]")
    assert versions(fake, titled, frozenset({f"{outside}{VENV}/_x.so"})) == {"django": "5.2.19"}


def test_two_versions_of_one_package_have_no_version(fake: FakeProc) -> None:
    install(fake, VENV, DJANGO, "django-4.2.1.dist-info", "asgiref-3.13.0.dist-info")
    assert versions(fake, process("/srv/venv/bin/python")) == {"asgiref": "3.13.0"}


@pytest.mark.parametrize(
    "name", ["django-\x1b[31m5.dist-info", "django-.dist-info", "django-5 2.dist-info", "-5.2.dist-info"]
)
def test_hostile_folder_names_are_no_versions(fake: FakeProc, name: str) -> None:
    install(fake, VENV, name)
    assert versions(fake, process("/srv/venv/bin/python")) == {}


def test_a_process_that_is_gone_has_no_versions(fake: FakeProc) -> None:
    assert versions(fake, process("/srv/venv/bin/python", exe="/usr/bin/python3")) == {}


@pytest.mark.parametrize("inside", ["", "site-packages/", ".deps/Django-5.2.19-py3-none-any.whl/"])
@pytest.mark.parametrize("shebang", ["", "#!/usr/bin/env python3\n"])
@pytest.mark.parametrize("called", ["shop.pyz", "/srv/shop/shop.pyz"])
def test_packages_in_a_zipapp_are_found(fake: FakeProc, inside: str, shebang: str, called: str) -> None:
    path = fake.root / "42/root/srv/shop/shop.pyz"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.write(shebang.encode())
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = b"made by hand"
            for name in ("__main__.py", f"{inside}{DJANGO}/METADATA", f"{inside}{DJANGO}/sboms/x-1.dist-info/RECORD"):
                archive.writestr(name, "x" * 100)
    assert versions(fake, process("python3", "-X", "dev", called, "--port", "80")) == {"django": "5.2.19"}


def test_packages_that_pex_has_unpacked_are_found(fake: FakeProc) -> None:
    install(fake, "/root/.cache/pex/unzipped_pexes/4/e2a0/.deps", "django-5.2.19-py3-none-any.whl")
    run = process("/usr/bin/python3.12", "/root/.cache/pex/unzipped_pexes/4/e2a0", "shop.asgi:application")
    assert versions(fake, run) == {"django": "5.2.19"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x05\x06",
        b"print('no zip file')",
        b"PK\x05\x06" + b"\xff" * 18,
        b"PK\x05\x06" + bytes(8) + (2**31).to_bytes(4, "little") + bytes(6),
        b"PK\x05\x06" + bytes(18),
    ],
)
def test_a_file_that_is_no_zipapp_is_no_error(fake: FakeProc, content: bytes) -> None:
    path = fake.root / "42/root/srv/shop/shop.pyz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert versions(fake, process("python3", "shop.pyz")) == {}


def test_a_named_pipe_that_stands_in_for_a_program_is_not_waited_for(fake: FakeProc) -> None:
    path = fake.root / "42/root/srv/shop/shop.pyz"
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert versions(fake, process("python3", "shop.pyz")) == {}
