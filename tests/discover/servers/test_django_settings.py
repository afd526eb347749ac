"""The settings module: what the app insists on, else what the environment names, else the app's default."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.servers.classify import classify
from asyncspy.discover.servers.django_settings import async_unsafe_allowed, settings_module
from tests.discover.fake_proc import FakeProc
from tests.discover.tables import row

DEFAULT = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
INSISTS = "os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings.production'\n"
NAMED = {"DJANGO_SETTINGS_MODULE": "shop.settings.staging"}
UVICORN = "python -m uvicorn shop.asgi:application"


def settings_of(fake: FakeProc, process: ProcessInfo) -> str | None:
    (placed,) = classify([process])
    return settings_module(placed, fake.of())


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.mark.parametrize(
    ("source", "environ", "expected"),
    [
        (DEFAULT, {}, "shop.settings"),
        (DEFAULT, NAMED, "shop.settings.staging"),
        (DEFAULT, None, None),
        (INSISTS, NAMED, "shop.settings.production"),
        (INSISTS, None, "shop.settings.production"),
        ("", NAMED, "shop.settings.staging"),
        ("", {}, None),
        ('if os.environ["DJANGO_SETTINGS_MODULE"] == "shop.test": pass\n', {}, None),
        ('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "\x1b[31mred")\n', {}, None),
    ],
)
def test_settings_of_an_app(fake: FakeProc, source: str, environ: dict[str, str] | None, expected: str | None) -> None:
    fake.write("42/cwd/shop/asgi.py", f"import os\n{source}")
    assert settings_of(fake, row(42, UVICORN, environ=environ)) == expected


@pytest.mark.parametrize("option", ["--settings shop.dev", "--settings=shop.dev"])
def test_an_option_of_runserver_comes_first(fake: FakeProc, option: str) -> None:
    fake.write("42/cwd/manage.py", DEFAULT)
    assert settings_of(fake, row(42, f"python manage.py runserver {option}", environ=NAMED)) == "shop.dev"
    assert settings_of(fake, row(42, "python manage.py runserver", environ={})) == "shop.settings"


def test_an_app_that_is_a_named_pipe_is_not_waited_for(fake: FakeProc) -> None:
    import os  # noqa: PLC0415

    folder = fake.root / "42/cwd/shop"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "asgi.py")
    assert settings_of(fake, row(42, UVICORN, environ={})) is None


UNSAFE = "DJANGO_ALLOW_ASYNC_UNSAFE"
GUNICORN = "python -m gunicorn shop.asgi -k asgi"


def allowed(fake: FakeProc, process: ProcessInfo) -> bool | None:
    (placed,) = classify([process])
    return async_unsafe_allowed(placed, settings_module(placed, fake.of()), fake.of())


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        (UVICORN, {}, False),
        (UVICORN, {UNSAFE: ""}, False),
        (UVICORN, {UNSAFE: "false"}, True),
        (UVICORN, None, None),
        (f"{GUNICORN} --env {UNSAFE}=1", {}, True),
        (f"{GUNICORN} -e {UNSAFE}=1", None, True),
        (f"{GUNICORN} -e A=1 --env {UNSAFE}=", {UNSAFE: "1"}, False),
        (f"{UVICORN} --env-file .env", {}, True),
        (f"{UVICORN} --env-file .env", {UNSAFE: ""}, False),
        (f"{UVICORN} --env-file=/etc/shop.env", {}, True),
        (f"{UVICORN} --env-file .missing", {}, False),
    ],
)
def test_whether_the_guard_is_switched_off(
    fake: FakeProc, line: str, environ: dict[str, str] | None, expected: bool | None
) -> None:
    fake.write("42/cwd/shop/asgi.py", DEFAULT)
    fake.write("42/cwd/.env", f"# {UNSAFE}=\nA=1\nexport {UNSAFE} = 'true'  # for the shell\n")
    fake.write("42/root/etc/shop.env", f'{UNSAFE}="1"\n')
    assert allowed(fake, row(42, line, environ=environ)) is expected


@pytest.mark.parametrize("file", ["asgi.py", "settings.py", "settings/__init__.py"])
def test_what_the_code_may_switch_off_is_unknown(fake: FakeProc, file: str) -> None:
    """/proc shows the environment as it was at the start: False would be a promise."""
    fake.write("42/cwd/shop/asgi.py", DEFAULT)
    fake.write(f"42/cwd/shop/{file}", f'{DEFAULT}import os\nos.environ["{UNSAFE}"] = "true"\n')
    assert allowed(fake, row(42, UVICORN, environ={})) is None
    fake.write(f"42/cwd/shop/{file}", f'{DEFAULT}# os.environ["{UNSAFE}"] = "true"\n')
    assert allowed(fake, row(42, UVICORN, environ={})) is False


def test_settings_that_the_server_itself_names(fake: FakeProc) -> None:
    fake.write("42/cwd/shop/asgi.py", DEFAULT)
    fake.write("42/cwd/.env", "DJANGO_SETTINGS_MODULE=shop.settings.staging\n")
    assert settings_of(fake, row(42, f"{GUNICORN} -e DJANGO_SETTINGS_MODULE=shop.live", environ=NAMED)) == "shop.live"
    assert settings_of(fake, row(42, f"{UVICORN} --env-file .env", environ={})) == "shop.settings.staging"
