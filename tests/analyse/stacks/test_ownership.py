"""Whose code a file is: the user's own, or which package's."""

from __future__ import annotations

import logging

import pytest

from asyncspy.analyse.stacks.ownership import Ownership, libraries_in, lineless_files
from asyncspy.analyse.stacks.packages import STDLIB, owner_of_file
from asyncspy.analyse.stacks.stdlib_names import LOGGING_CLASSES, LOGGING_FUNCTIONS
from asyncspy.model.stacks import Frame

OWNERS: dict[str, str | None] = {
    "/srv/shop/shop/views.py": None,
    "/app/vendor/tools/views.py": None,
    "/app/src/shop/views.py": None,
    "/home/eve/projects/lib/shop.py": None,
    "shop/views.py": None,
    "views.py": None,
    "/srv/venv/lib/python3.12/site-packages/django/db/models/query.py": "django",
    "/app/.venv/lib/python3.12/site-packages/tenants/middleware.py": "tenants",
    "/usr/lib/python3/dist-packages/rest_framework/views.py": "rest_framework",
    "/srv/venv/lib/python3.12/site-packages/six.py": "six",
    "C:\\venv\\Lib\\site-packages\\django\\http.py": "django",
    "/srv/app.pyz/shop/views.py": "shop",
    "/usr/lib/python3.12/asyncio/runners.py": "stdlib",
    "/opt/python/lib/python3.13t/threading.py": "stdlib",
    "<frozen importlib._bootstrap>": "stdlib",
    "<string>": "stdlib",
    "": "stdlib",
    "django/db/models/query.py": "django",
    "asyncio/runners.py": "stdlib",
    "threading.py": "stdlib",
    "corsheaders/middleware.py": "corsheaders",
}


OWNERS |= {
    # more ways to lay out a project
    "/app/packages/billing/src/billing/views.py": None,
    "/app/shop/templates/shop/basket.html": None,
    "/app/node/venv/bin/serve.py": None,
    "<ipython-input-3-5a1b>": None,
    "<console>": None,
    "<stdin>": None,
    "<doctest shop.tests[0]>": None,
    "<python-input-4>": None,
    # generated, frozen, archived
    "<attrs generated init shop.models.Basket>": "stdlib",
    "<frozen runpy>": "stdlib",
    "/root/.pex/installed_wheels/0f/Django-5.2-py3-none-any.whl/django/db/models/query.py": "django",
    "/srv/venv/lib/python3.12/site-packages/tenants-1.0-py3.12.egg/tenants/middleware.py": "tenants",
    "/srv/app.zip/tenants/middleware.py": "tenants",
    "/srv/shop.pex/tenants/middleware.py": "tenants",
    "/srv/libs/tenants-1.0-py3-none-any.whl/tenants/x.py": "tenants",
    "/srv/libs/tenants-1.0.egg/tenants/x.py": "tenants",
    "/app/__pypackages__/3.12/lib/tenants/middleware.py": "tenants",
    # interpreters
    "/usr/lib/python311.zip/asyncio/runners.py": "stdlib",
    "/opt/pypy/lib/pypy3.10/asyncio/runners.py": "stdlib",
    "/usr/lib64/python3.11/asyncio/runners.py": "stdlib",
    "/opt/conda/lib/python3.12/site-packages/tenants/x.py": "tenants",
    # console scripts
    "/app/.venv/bin/uvicorn": "uvicorn",
    "/app/.venv/bin/gunicorn": "gunicorn",
    "/app/.venv/bin/daphne": "daphne",
    "/app/.venv/bin/hypercorn": "hypercorn",
    "/app/.venv/bin/granian": "granian",
    "/app/.venv/bin/twisted": "twisted",
    "/app/.venv/bin/uvloop": "uvloop",
    "/app/.venv/bin/uvicorn_worker": "uvicorn_worker",
    "/app/.venv/bin/celery": "celery",
    "/app/.venv/bin/django-admin": "django_admin",
    "/app/.venv/bin/pytest": "pytest",
    "/app/.venv/bin/ipython": "ipython",
    "/app/.venv/bin/jupyter": "jupyter",
    "/app/.venv/bin/opentelemetry-instrument": "opentelemetry_instrument",
    "/app/bin/import-orders": None,
}
# Short names: the first part of the import path is all there is.
OWNERS |= {
    f"{top}/views.py": top
    for top in (
        "rest_framework ninja strawberry graphql graphene graphene_django debug_toolbar corsheaders allauth axes silk "
        "reversion auditlog whitenoise opentelemetry sentry_sdk ddtrace newrelic celery redis psycopg psycopg2 asyncpg "
        "MySQLdb pymysql requests urllib3 httpx aiohttp botocore boto3 jinja2 structlog simplejwt "
        "rest_framework_simplejwt django_filters import_export taggit guardian waffle csp htmx django_htmx django_otp "
        "django_prometheus hijack simple_history model_utils mptt treebeard pydantic channels_redis django_redis "
        "storages django asgiref channels starlette anyio uvicorn gunicorn uvicorn_worker daphne hypercorn granian "
        "twisted uvloop stdlib"
    ).split()
}


@pytest.mark.parametrize("file", OWNERS)
def test_owner(file: str) -> None:
    assert owner_of_file(file) == OWNERS[file]


# roots, file: whose it is
ROOTED = [
    (("/srv/shop",), "/srv/shop/shop/views.py", None),
    (("/srv/shop",), "/srv/tools/audit/db.py", "/srv/tools/audit"),
    (("/srv/shop", "/srv/tools"), "/srv/tools/audit/db.py", None),
    (("/srv/shop/",), "/srv/shop/.venv/lib/python3.12/site-packages/tenants/x.py", "tenants"),
    (("/srv/shop",), "/srv/shop/.venv/lib/python3.12/asyncio/x.py", "stdlib"),
    (("/srv/shop",), "/srv/shopping/views.py", "/srv/shopping"),
    (("/opt/venv/lib/python3.12/site-packages/shop",), "/opt/venv/lib/python3.12/site-packages/shop/views.py", None),
    (
        ("/opt/venv/lib/python3.12/site-packages/shop",),
        "/opt/venv/lib/python3.12/site-packages/tenants/x.py",
        "tenants",
    ),
    (("/srv/app.pyz/shop",), "/srv/app.pyz/shop/views.py", None),
    (("/srv/app.pyz/shop",), "/srv/app.pyz/tenants/x.py", "tenants"),
    (("/",), "/srv/shop/shop/views.py", None),
    (("/srv/shop", "shop"), "shop/views.py", None),
    (("/srv/redis", "redis"), "redis/views.py", None),
    (("shop",), "tenants/views.py", None),
    (("C:\\shop",), "C:\\shop\\views.py", None),
]


@pytest.mark.parametrize(("roots", "file", "expected"), ROOTED)
def test_a_root_decides_where_own_code_lies(roots: tuple[str, ...], file: str, expected: str | None) -> None:
    assert Ownership(roots).of(Frame("checkout", file, 3)) == expected


LAYOUTS = {
    "vendored": ("/app/vendor/", "/app/vendor/tools/views.py", None),
    "vendored beside a known package": ("/app/vendor/", "/app/vendor/redis/client.py", "redis"),
    "one folder for everything": ("/var/task/", "/var/task/shop/views.py", None),
    "one folder for everything, its known packages": ("/var/task/", "/var/task/requests/api.py", "requests"),
    "a checkout of Django": ("/home/eve/django/", "/home/eve/django/django/db/utils.py", "django"),
    "own code beside that checkout": ("/home/eve/django/", "/home/eve/shop/views.py", None),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_library_outside_site_packages_is_given_away_by_what_the_rules_know(layout: str) -> None:
    folder, file, expected = LAYOUTS[layout]
    seen = [Frame("QuerySet.count", f"{folder}django/db/models/query.py", 604), Frame("work", file, 3)]
    assert Ownership((), libraries_in(seen)).of(seen[0]) == "django"
    assert Ownership((), libraries_in(seen)).of(seen[1]) == expected


def test_a_standard_library_in_an_odd_place_is_given_away_too() -> None:
    seen = [
        Frame("Handle._run", "C:/Python312/Lib/asyncio/events.py"),
        Frame("Handle._run", "/py/Lib/asyncio/events.py"),
    ]
    owners = Ownership((), libraries_in(seen))
    assert owners.of(Frame("loads", "/py/Lib/json/decoder.py")) == "stdlib"
    assert owners.of(Frame("view", "/py/Lib/shop/views.py")) is None


COMMAND: list[tuple[str, str | None]] = [("<module>", None), ("main", None), ("main.<locals>.total", None)]
COMMAND += [("Basket.__init__", "stdlib"), ("__create_fn__.<locals>.__eq__", "stdlib"), ("<lambda>", "stdlib")]


@pytest.mark.parametrize(("function", "expected"), COMMAND)
def test_a_command_line_is_the_users_and_what_a_dataclass_wrote_is_not(function: str, expected: str | None) -> None:
    assert Ownership().of(Frame(function, "<string>", 1)) == expected


BARE = [
    (Frame("QuerySet.count", "query.py", 3), "django"),
    (Frame("count", "query.py", 3), "django"),
    (Frame("Rows.count", "query.py", 3), None),
    (Frame("QuerySet.filter", "query.py", 3), "django"),
    (Frame("QuerySet.filter", "rows.py", 3), None),
    (Frame("checkout", "views.py", 3), None),
    (Frame("Handle._run", "events.py", 3), "stdlib"),
    (Frame("_worker", "thread.py", 3), "stdlib"),
    (Frame("BaseProcess._bootstrap", "process.py", 3), "stdlib"),
    (Frame("_bootstrap", "process.py", 3), "stdlib"),
    (Frame("SyncToAsync.thread_handler", "sync.py", 3), "asgiref"),
    (Frame("wraps", "functools.py", 3), "stdlib"),
]
FILES = {
    "django": "related_descriptors.py query_utils.py functional.py deprecation.py dispatcher.py transaction.py "
    "compiler.py subqueries.py defaulttags.py defaultfilters.py loader_tags.py admin_list.py admin_modify.py",
    "asgiref": "current_thread_executor.py",
    "uvicorn": "httptools_impl.py h11_impl.py proxy_headers.py",
    "gunicorn": "wsgiapp.py arbiter.py gthread.py",
    "stdlib": "base_events.py unix_events.py taskgroups.py",
}
BARE += [(Frame("anything", file, 3), package) for package, files in FILES.items() for file in files.split()]


@pytest.mark.parametrize(("frame", "expected"), BARE)
def test_without_a_folder_names_alone_decide(frame: Frame, expected: str | None) -> None:
    assert Ownership().of(frame) == expected


@pytest.mark.parametrize(
    ("file", "so"),
    [
        ("/v/lib/python3.12/asyncio/events.py", True),
        ("<frozen importlib._bootstrap>", True),
        ("/v/lib/python3.12/site-packages/asgiref/sync.py", True),
        ("/v/lib/python3.12/site-packages/uvicorn/server.py", True),
        ("/v/lib/python3.12/site-packages/django/db/models/sql/compiler.py", True),
        ("/v/lib/python3.12/site-packages/django/db/backends/sqlite3/base.py", True),
        ("django/db/models/sql/query.py", True),
        ("/v/lib/python3.12/site-packages/django/db/models/query.py", False),
        ("/v/lib/python3.12/site-packages/django/contrib/sessions/middleware.py", False),
        ("/v/lib/python3.12/site-packages/channels/db.py", False),
        ("/v/lib/python3.12/site-packages/h11/_readers.py", False),
        ("/srv/shop/views.py", False),
        ("<string>", False),
        ("/opt/own/lib/python3.12/shop.py", False),
    ],
)
def test_of_some_files_a_function_says_as_much_as_a_line(file: str, so: bool) -> None:
    assert lineless_files(["/opt/own/lib/python3.12"] if file.startswith("/opt") else [])(file) is so


@pytest.mark.parametrize(
    "frame",
    [
        Frame("LogRecord.getMessage", "__init__.py", 377),
        Frame("getMessage", "__init__.py", 377),
        Frame("StreamHandler.flush", "__init__.py", 1100),
        Frame("Logger._log", "__init__.py", 1634),
        Frame("dumps", "__init__.py", 231),
        Frame("import_module", "__init__.py", 126),
        Frame("Counter.update.<locals>.<genexpr>", "__init__.py", 690),
    ],
)
def test_what_lies_in_an_init_file_of_the_standard_library_is_not_own_code(frame: Frame) -> None:
    assert Ownership().of(frame) == STDLIB
    assert Ownership().of(frame._replace(file="/srv/shop/shop/__init__.py")) is None


@pytest.mark.parametrize("name", ["checkout", "load", "get", "Basket.flush", "search", "Log.emit", "<module>"])
def test_own_code_in_an_init_file_stays_own(name: str) -> None:
    assert Ownership().of(Frame(name, "__init__.py", 3)) is None


def test_the_classes_and_functions_of_logging_are_those_of_this_python() -> None:
    ours = {name: each for name, each in vars(logging).items() if getattr(each, "__module__", "") == "logging"}
    assert {each.__name__ for each in ours.values() if isinstance(each, type)} == LOGGING_CLASSES
    methods = {name for each in ours.values() if isinstance(each, type) for name in vars(each)}
    assert methods | set(ours) >= LOGGING_FUNCTIONS
