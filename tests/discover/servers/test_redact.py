"""A command line is shown without its credentials, and otherwise as it was typed."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncspy.discover.servers.redact import MAX_SHOWN, is_secret, redact

SECRET = "hunter2"


@pytest.mark.parametrize(
    "line",
    [
        "gunicorn a:b --env SECRET_KEY=hunter2",
        "gunicorn a:b --env DATABASE_URL=postgres://shop:hunter2@db:5432/shop?sslmode=require",
        "gunicorn a:b -e DATABASE_URL=postgres://shop:p@ss/hunter2@db/shop",
        "uvicorn a:b --ssl-keyfile-password hunter2 --port 80",
        "uvicorn a:b --ssl-keyfile-password=hunter2",
        "worker --broker redis://:hunter2@cache:6379/0",
        "worker --api-key hunter2",
        "worker --token=hunter2",
        "worker -password hunter2",
        "worker --sentryDsn hunter2",
        "worker https://hunter2@errors.example/1",
        "worker 'http://h/?user=a&password=hunter2&x=1'",
        "env PGPASSWORD=hunter2 python -m uvicorn a:b",
        "worker DB_PASSWORD='a&b hunter2'",
        "sh -c 'API_TOKEN=hunter2 uvicorn a:b'",
        "sh -c 'uvicorn a:b --token hunter2 --port 80'",
        "curl -H 'Authorization: Bearer hunter2'",
        "curl -H 'X-Api-Key: hunter2'",
        'worker --config \'{"password": "hunter2", "debug": true}\'',
        "worker --config \"{'api_key':'hunter2'}\"",
        "worker 'password: hunter2'",
        "worker \"db.password:'hunter2'\"",
        "worker 'https://blobs/x?sp=r&sig=hunter2'",
        "worker 'https://blobs/x?X-Amz-Signature=hunter2'",
        "worker eyJhbGciOiJIUzI1NiJ9.hunter2.c2lnbmF0dXJl",
        "worker ghp_hunter2hunter2hunter2",
        "worker --openai sk-proj-hunter2hunter2",
        "python -c 'connect(\"Bearer hunter2hunter2\")'",
    ],
)
def test_credentials_are_hidden(line: str) -> None:
    shown = redact(shlex.split(line))
    assert SECRET not in shown
    assert "REDACTED" in shown
    assert shown.startswith(line.partition(" ")[0])


@pytest.mark.parametrize(
    "line",
    [
        "/srv/venv/bin/python /srv/venv/bin/uvicorn shop.asgi:application --port 8000 --loop uvloop",
        "uvicorn a:b --ssl-keyfile /etc/ssl/shop.pem --ssl-certfile /etc/ssl/shop.crt",
        "gunicorn a:b --max-requests=100 -k uvicorn_worker.UvicornWorker --env DEBUG=1",
        "gunicorn a:b --no-auth --keep-alive 5 --keyfile /etc/k.pem",
        "worker http://127.0.0.1:8000/ https://example.org/a@b",
        "worker --password --debug",
        "gunicorn: master [shop.asgi:application]",
        "uvicorn auth.asgi:application --host 127.0.0.1 --port 80",
        "uvicorn shop.auth:application --reload-dir a:b",
        "granian asgi 127.0.0.1:80 token.asgi:app worker-1",
    ],
)
def test_the_rest_is_shown_as_it_is(line: str) -> None:
    assert redact(line.split()) == shlex.join(line.split())


def test_the_value_alone_is_hidden() -> None:
    shown = redact(
        ["uvicorn", "a:b", "--env", "DATABASE_URL=postgres://shop:hunter2@db:5432/shop", "--token", "x", "-w", "2"]
    )
    assert shown == "uvicorn a:b --env DATABASE_URL=postgres://shop:REDACTED@db:5432/shop --token REDACTED -w 2"


MEGABYTES = {
    "one long": ["python", "x" * 5_000_000],
    "one of addresses": ["a://x:" * 500_000],
    "many long": ["x" * 1_900] * 1_000,
    "many of assignments": ["a=" * 900] * 1_000,
    "many of addresses": ["a://" * 400] * 1_000,
    "many of pairs": ["a: " * 600] * 1_000,
    "names without an end": ["a" * 1_900, "eyJ" + "a." * 900, "a-" * 950],
    "very many": ["x"] * 1_000_000,
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("arguments", MEGABYTES.values(), ids=MEGABYTES.keys())
def test_a_command_line_of_megabytes_is_cut_at_once(arguments: list[str]) -> None:
    assert len(redact(arguments)) < MAX_SHOWN + 10


def test_no_credential_shows_where_its_argument_is_too_long() -> None:
    assert SECRET not in redact(["worker", f"postgres://shop:{SECRET}{'x' * MAX_SHOWN}@db/shop"])


@given(st.lists(st.text()))
def test_any_arguments_are_survived(arguments: list[str]) -> None:
    assert len(redact(arguments)) <= MAX_SHOWN + 2


@given(st.sampled_from(["--password", "--db-token", "--aws-secret-access-key"]), st.uuids())
def test_the_argument_after_a_secret_option_never_shows(option: str, secret: object) -> None:
    assert str(secret) not in redact(["server", option, str(secret), "--next"])


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "accessToken", "db.password", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "authtoken"]
)
def test_secret_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["", "DEBUG", "keyfile", "monkey", "tokenizer", "keep-alive", "--no-auth", "PASSENGERS"]
)
def test_harmless_names(name: str) -> None:
    assert not is_secret(name)
