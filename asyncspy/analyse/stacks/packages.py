"""Decide which installed package a file belongs to by its path alone."""

from __future__ import annotations

import re
import sys

STDLIB = "stdlib"
SERVERS = frozenset({"uvicorn", "gunicorn", "uvicorn_worker", "daphne", "hypercorn", "granian", "twisted", "uvloop"})
FRAMEWORK = frozenset({STDLIB, "django", "asgiref", "channels", "starlette", "anyio"}) | SERVERS
"""Packages that carry a request; where no own code is on the way, the culprit is looked for outside them first."""

NEVER_BLAMED = frozenset({STDLIB, "asgiref"}) | SERVERS
"""Packages whose lines are never the culprit of a query or a wait."""

KNOWN_PACKAGES = FRAMEWORK | frozenset(
    "rest_framework ninja strawberry graphql graphene graphene_django debug_toolbar corsheaders allauth axes silk "
    "reversion auditlog whitenoise opentelemetry sentry_sdk ddtrace newrelic celery redis psycopg psycopg2 asyncpg "
    "MySQLdb pymysql requests urllib3 httpx aiohttp botocore boto3 jinja2 structlog simplejwt rest_framework_simplejwt "
    "django_filters import_export taggit guardian waffle csp htmx django_htmx django_otp django_prometheus hijack "
    "simple_history model_utils mptt treebeard pydantic channels_redis django_redis storages".split()
)
"""Top-level names that identify a package where its folder does not: short names, and one folder for all."""

TYPED_BY_HAND = ("<stdin>", "<console>", "<python-input", "<ipython-input", "<doctest")
"""File names of code that was typed in, which is the user's own; any other `<…>` was generated."""

COMMAND = "<string>"
"""The file name of what `python -c` and `manage.py shell -c` run, and of code that dataclasses generate."""

INSTALLED = (
    re.compile(r".*/(?:site|dist)-packages/(.+)"),
    re.compile(r".*/__pypackages__/[^/]+/lib/(.+)"),
    re.compile(r".*/(?!python\d+\.zip/)[^/]+\.(?:zip|egg|pyz|whl|pex)/(.+)"),
)
SCRIPT = re.compile(r"(?:.*/)?(?:bin|Scripts)/([^/.]+)(?:\.exe)?")
SCRIPTS = frozenset({"django_admin", "pytest", "ipython", "jupyter"}) | SERVERS | {"celery", "opentelemetry_instrument"}
"""Console scripts of installed programs, by the names of their packages."""

STDLIB_FOLDERS = (
    re.compile(r"/lib(?:64)?/(?:python|pypy)\d+(?:\.\d+)?t?/"),
    re.compile(r"/lib(?:64)?/python\d+(?:\.\d+)?t?\.zip/"),
)


def is_bare(file: str) -> bool:
    """Whether this is a file name without any folder, as py-spy prints it for a target in another root."""
    return bool(file) and "/" not in file and not file.startswith("<")


def owner_of_file(file: str) -> str | None:
    """The package that a file belongs to by its path alone; None where that says it is the user's own."""
    file = file.replace("\\", "/")
    return owner_by_folder(file) or _owner_of_script(file)


def owner_by_folder(file: str) -> str | None:
    """The package that a file's folder belongs to."""
    if not file or file.startswith("<"):
        return None if file.startswith(TYPED_BY_HAND) else STDLIB
    installed = next((found[1] for pattern in INSTALLED if (found := pattern.match(file))), None)
    if installed is not None:
        return _owner_inside(installed)
    if any(folder.search(file) for folder in STDLIB_FOLDERS):
        return STDLIB
    return None if file.startswith("/") else _owner_of_short_name(file)


def _owner_of_script(file: str) -> str | None:
    """The package that a console script starts."""
    found = SCRIPT.fullmatch(file)
    name = found[1].replace("-", "_") if found else ""
    return name if name in SCRIPTS else None


def _owner_inside(installed: str) -> str:
    """The package of a path inside site-packages or an archive: an egg there holds one more level."""
    first, _, rest = installed.partition("/")
    return top_level_name(rest if rest and first.endswith((".egg", ".whl", ".zip")) else installed)


def _owner_of_short_name(file: str) -> str | None:
    """The package of a path that py-spy shortened to the import path: only its first part identifies it."""
    top = top_level_name(file)
    if top in KNOWN_PACKAGES:
        return top
    return STDLIB if top in sys.stdlib_module_names else None


def top_level_name(path: str) -> str:
    """The first part of a path below the import path."""
    return path.lstrip("/").partition("/")[0].removesuffix(".py")
