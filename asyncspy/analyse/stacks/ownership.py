"""A frame to whose code it is: None is the user's own, else the package that it belongs to.

Where a file lies decides: in site-packages, an archive or the standard library it is somebody else's. A library that
lies anywhere else (vendored, a source checkout, one flat folder for everything) is given away by the frames in it
that the rules know. `--app-root` decides where even that says nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from asyncspy.analyse.stacks.libraries import Library, known_owner, lies_in
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.stacks import Frame

STDLIB = "stdlib"
SERVERS = frozenset({"uvicorn", "gunicorn", "uvicorn_worker", "daphne", "hypercorn", "granian", "twisted", "uvloop"})
FRAMEWORK = frozenset({STDLIB, "django", "asgiref", "channels", "starlette", "anyio"}) | SERVERS
"""Packages that carry a request; where no own code is on the way, the fault is looked for outside them first."""

NEVER_BLAMED = frozenset({STDLIB, "asgiref"}) | SERVERS
"""Packages of which no line is blamed for a query or a wait."""

BENEATH = re.compile(r"(?:^|/)django/db/(?:backends|models/sql)/")
"""What lies beneath every call that a line can make."""

KNOWN_PACKAGES = FRAMEWORK | frozenset(
    "rest_framework ninja strawberry graphql graphene graphene_django debug_toolbar corsheaders allauth axes silk "
    "reversion auditlog whitenoise opentelemetry sentry_sdk ddtrace newrelic celery redis psycopg psycopg2 asyncpg "
    "MySQLdb pymysql requests urllib3 httpx aiohttp botocore boto3 jinja2 structlog simplejwt rest_framework_simplejwt "
    "django_filters import_export taggit guardian waffle csp htmx django_htmx django_otp django_prometheus hijack "
    "simple_history model_utils mptt treebeard pydantic channels_redis django_redis storages".split()
)
"""Top-level names that give a package away where its folder says nothing: short names, and one folder for all."""

TYPED_BY_HAND = ("<stdin>", "<console>", "<python-input", "<ipython-input", "<doctest")
"""Names of code that has no file and is the user's own all the same; any other `<…>` was generated."""

COMMAND = "<string>"
"""What `python -c` and `manage.py shell -c` run, and what a dataclass or a named tuple has written for itself."""

INSTALLED = (
    re.compile(r".*/(?:site|dist)-packages/(.+)"),
    re.compile(r".*/__pypackages__/[^/]+/lib/(.+)"),
    re.compile(r".*/(?!python\d+\.zip/)[^/]+\.(?:zip|egg|pyz|whl|pex)/(.+)"),
)
SCRIPT = re.compile(r"(?:.*/)?(?:bin|Scripts)/([^/.]+)(?:\.exe)?")
SCRIPTS = frozenset({"django_admin", "pytest", "ipython", "jupyter"}) | SERVERS | {"celery", "opentelemetry_instrument"}
"""Console scripts that start other people's programs, named as their packages are."""

STDLIB_FOLDERS = (
    re.compile(r"/lib(?:64)?/(?:python|pypy)\d+(?:\.\d+)?t?/"),
    re.compile(r"/lib(?:64)?/python\d+(?:\.\d+)?t?\.zip/"),
)


class Ownership:
    """Whose code is whose in one recording; `roots` are the folders that the user says the own code lies in.

    `served` are the packages that were served: installed like any other, they are the user's own all the same.
    """

    def __init__(
        self, roots: Sequence[str] = (), libraries: Iterable[Library] = (), served: Iterable[str] = ()
    ) -> None:
        self._served = frozenset(served) - KNOWN_PACKAGES - sys.stdlib_module_names
        self.roots = tuple(sorted((_slashed(root) for root in roots), key=len, reverse=True))
        self._libraries = tuple(libraries)
        self._of_file = lru_cache(maxsize=100_000)(self._owner)
        self.of = lru_cache(maxsize=100_000)(self._package)
        """The package that a frame belongs to; None where it is the user's own."""

    def _package(self, frame: Frame) -> str | None:
        file = frame.file.replace("\\", "/")
        if is_bare(file) and not self._root_of(file):
            return known_owner(frame) or self._of_file(file)
        if file == COMMAND and _is_written(frame.function):
            return None
        return self._of_file(file)

    def _owner(self, file: str) -> str | None:
        root = self._root_of(file)
        if root is not None:
            return _owner_by_place("/" + file[len(root) :].lstrip("/"))
        if not self.roots and _owner_by_place(file) in self._served:
            return None
        found = _owner_by_place(file) or _owner_of_script(file) or self._owner_by_library(file)
        if found is not None or not self.roots or not file.startswith("/"):
            return found
        return file.rpartition("/")[0] or "/"  # outside all that was said to be own: known by its folder

    def _root_of(self, file: str) -> str | None:
        """The innermost root that a file lies below, or is."""
        return next((root for root in self.roots if file == root or file.startswith(root.rstrip("/") + "/")), None)

    def _owner_by_library(self, file: str) -> str | None:
        for library in self._libraries:
            rest = lies_in(library, file)
            if rest is not None:
                top = _top(rest)
                if top == library.package or top in KNOWN_PACKAGES:
                    return top
                if library.package == STDLIB and top in sys.stdlib_module_names:
                    return STDLIB
        return None


def _is_written(function: str) -> bool:
    """Whether somebody wrote a function of this name; what is generated are dunder methods and a lambda around them."""
    name = last_segment(function)
    return not name.startswith("__") and name != "<lambda>"


def is_bare(file: str) -> bool:
    """Whether this is a file name without any folder, as py-spy prints it for a target in another root."""
    return bool(file) and "/" not in file and not file.startswith("<")


@lru_cache(maxsize=100_000)
def owner(file: str) -> str | None:
    """The package that a file belongs to by its name alone; None where it is the user's own."""
    file = file.replace("\\", "/")
    return _owner_by_place(file) or _owner_of_script(file)


def told_by_function(roots: Sequence[str] = ()) -> Callable[[str], bool]:
    """Of which files a function says as much as a line: nobody would look the line up to change it."""
    owners = Ownership(roots)

    def is_so(file: str) -> bool:
        package = owners.of(Frame("", file))
        return package in NEVER_BLAMED or (package == "django" and BENEATH.search(file.replace("\\", "/")) is not None)

    return is_so


def _owner_by_place(file: str) -> str | None:
    if not file or file.startswith("<"):
        return None if file.startswith(TYPED_BY_HAND) else STDLIB
    installed = next((found[1] for pattern in INSTALLED if (found := pattern.match(file))), None)
    if installed is not None:
        return _owner_inside(installed)
    if any(folder.search(file) for folder in STDLIB_FOLDERS):
        return STDLIB
    return None if file.startswith("/") else _owner_of_short_name(file)


def _owner_of_script(file: str) -> str | None:
    found = SCRIPT.fullmatch(file)
    name = found[1].replace("-", "_") if found else ""
    return name if name in SCRIPTS else None


def _owner_inside(installed: str) -> str:
    """The package of a path inside site-packages or an archive: an egg there holds one more level."""
    first, _, rest = installed.partition("/")
    return _top(rest if rest and first.endswith((".egg", ".whl", ".zip")) else installed)


def _owner_of_short_name(file: str) -> str | None:
    """py-spy shortens names to the import path: its first part is all there is to go by."""
    top = _top(file)
    if top in KNOWN_PACKAGES:
        return top
    return STDLIB if top in sys.stdlib_module_names else None


def _top(path: str) -> str:
    return path.lstrip("/").partition("/")[0].removesuffix(".py")


def _slashed(root: str) -> str:
    root = root.replace("\\", "/")
    return root.rstrip("/") or "/"
