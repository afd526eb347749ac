"""A frame's file to whose code it is: None is the user's own, else the package that it belongs to."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

STDLIB = "stdlib"
SERVERS = frozenset({"uvicorn", "gunicorn", "uvicorn_worker", "daphne", "hypercorn", "granian", "twisted", "uvloop"})
FRAMEWORK = frozenset({STDLIB, "django", "asgiref", "channels", "starlette", "anyio"}) | SERVERS
"""Packages that carry a request; where no own code is on the way, the fault is looked for outside them first."""

KNOWN_PACKAGES = FRAMEWORK | frozenset(
    "rest_framework ninja strawberry graphql graphene graphene_django debug_toolbar corsheaders allauth axes silk "
    "reversion auditlog whitenoise opentelemetry sentry_sdk ddtrace newrelic celery redis psycopg psycopg2 asyncpg "
    "MySQLdb pymysql requests urllib3 httpx aiohttp botocore boto3 jinja2 structlog simplejwt rest_framework_simplejwt "
    "django_filters import_export taggit guardian waffle csp htmx django_htmx django_otp django_prometheus hijack "
    "simple_history model_utils mptt treebeard pydantic channels_redis django_redis storages".split()
)
"""Top-level names that a shortened file name gives away as a package; whole paths do not need them."""

_INSTALLED = re.compile(r".*/(?:site|dist)-packages/([^/]+)")
_ARCHIVE = re.compile(r".*\.(?:zip|egg|pyz|whl)/([^/]+)")
_STDLIB_DIR = re.compile(r"/lib(?:64)?/python\d+(?:\.\d+)?t?/")


@lru_cache(maxsize=100_000)
def owner(file: str) -> str | None:
    """The package that a file belongs to; None where it is the user's own."""
    file = file.replace("\\", "/")
    if not file or file.startswith("<"):
        return STDLIB
    installed = _INSTALLED.match(file) or _ARCHIVE.match(file)
    if installed:
        return installed[1].removesuffix(".py")
    if _STDLIB_DIR.search(file):
        return STDLIB
    if file.startswith("/"):
        return None
    return _owner_of_short_name(file)


def _owner_of_short_name(file: str) -> str | None:
    """py-spy shortens names to the import path: its first part is all there is to go by."""
    top = file.partition("/")[0].removesuffix(".py")
    if top in KNOWN_PACKAGES:
        return top
    return STDLIB if top in sys.stdlib_module_names else None
