"""Decide whose code each frame is: the user's own (None), or the package that it belongs to.

Where a file lies decides: in site-packages, an archive or the standard library it is somebody else's. A library that
lies anywhere else (vendored, a source checkout, one flat folder for everything) is recognised by those of its frames
that the rules know. `--app-root` decides where even that says nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from asyncspy.analyse.remedy import calls, fixes
from asyncspy.analyse.remedy.source_line import SourceReader, parse_line
from asyncspy.analyse.stacks import entries, sinks, worlds
from asyncspy.analyse.stacks.packages import (
    COMMAND,
    KNOWN_PACKAGES,
    NEVER_BLAMED,
    STDLIB,
    is_bare,
    owner_by_folder,
    owner_of_file,
    top_level_name,
)
from asyncspy.analyse.stacks.pattern import Pattern, Rules, last_segment, patterns, same_file
from asyncspy.analyse.stacks.stdlib_names import is_of_stdlib
from asyncspy.model.stacks import Frame

STDLIB_TOPS = frozenset({"asyncio", "concurrent", "multiprocessing"})
"""Top-level names of the standard library's rules that have a folder."""

DJANGO_INTERNALS = {
    "django/db/models/manager.py": "BaseManager._get_queryset_methods.<locals>.create_method.<locals>.manager_method",
    "django/core/handlers/exception.py": "convert_exception_to_response.<locals>.inner",
    "django/core/handlers/asgi.py": "ASGIHandler.run_get_response",
    "django/contrib/staticfiles/handlers.py": "ASGIStaticFilesHandler.__call__",
    "django/views/generic/base.py": "View.as_view.<locals>.view View.dispatch TemplateResponseMixin.render_to_response "
    "ContextMixin.get_context_data",
    "django/views/generic/list.py": "BaseListView.get",
    "django/views/generic/detail.py": "BaseDetailView.get SingleObjectMixin.get_object",
    "django/views/decorators/debug.py": "sensitive_variables.<locals>.decorator.<locals>.sensitive_variables_wrapper",
    "django/contrib/auth/middleware.py": "AuthenticationMiddleware.process_request.<locals>.<lambda> auser",
    "django/contrib/auth/base_user.py": "AbstractBaseUser.save",
    "django/contrib/auth/backends.py": "ModelBackend.get_user ModelBackend.authenticate",
    "django/contrib/auth/models.py": "update_last_login",
}
"""Django's frames between own code and the query that no other rule names; they only matter without folders."""

LIBRARY_FILES = {
    file: package
    for package, files in {
        "django": "related_descriptors.py query_utils.py functional.py deprecation.py dispatcher.py transaction.py "
        "compiler.py subqueries.py defaulttags.py defaultfilters.py loader_tags.py admin_list.py admin_modify.py",
        "asgiref": "current_thread_executor.py",
        "uvicorn": "httptools_impl.py h11_impl.py proxy_headers.py",
        "gunicorn": "wsgiapp.py arbiter.py gthread.py",
        "stdlib": "base_events.py unix_events.py taskgroups.py",
    }.items()
    for file in files.split()
}
"""Module names that belong to one known package, even without their folder."""


SPAWNED_PROCESS = Pattern("BaseProcess._bootstrap", "multiprocessing/process.py")
"""Below every spawned worker."""

DATABASE_LAYER = re.compile(r"(?:^|/)django/db/(?:backends|models/sql)/")
"""Files below every database call that a line can make."""


def _all_patterns() -> Iterator[Pattern]:
    tables: list[Rules[Any]] = [calls.CALLS, sinks.SINKS, entries.DISPATCHERS, entries.CALLBACK_CALLERS]
    for table in (*tables, fixes.UNEVALUATED_RESULTS):
        yield from (pattern for pattern, _ in table)
    yield from (boundary.pattern for boundary in worlds.BOUNDARIES)
    yield from (sinks.GUARD, *worlds.WAITS, SPAWNED_PROCESS)
    for file, functions in DJANGO_INTERNALS.items():
        yield from patterns(file, functions)


_KNOWN = Rules([(pattern, pattern) for pattern in _all_patterns()], lenient=True)
"""Every frame that some rule knows. Lenient: this can only take blame off a frame."""


def _package_of(pattern: Pattern) -> str:
    top = pattern.file.partition("/")[0]
    return STDLIB if top in STDLIB_TOPS else top


_KNOWN_CLASSES = {
    (pattern.function.rpartition(".")[0], pattern.file.rpartition("/")[2]): _package_of(pattern)
    for pattern in _all_patterns()
    if "." in pattern.function and not pattern.function.startswith("*.")
}
"""Classes that some rule knows a method of, and their file's name: their other methods are not the user's either."""


def _known_owner(frame: Frame) -> str | None:
    """Whose a frame without folder is, as far as its name and its file's name say."""
    pattern = _KNOWN.match(frame)
    if pattern is not None:
        return _package_of(pattern)
    if is_of_stdlib(*frame[:2]):
        return STDLIB
    return _KNOWN_CLASSES.get((frame.function.rpartition(".")[0], frame.file)) or LIBRARY_FILES.get(frame.file)


class Library(NamedTuple):
    """A folder on the import path that a known package was found in."""

    folder: str
    package: str


def libraries_in(frames: Iterable[Frame]) -> list[Library]:
    """The folders that frames known to the rules lie in, innermost first."""
    found = set()
    for frame in frames:
        file = frame.file.replace("\\", "/")
        pattern = _KNOWN.match(frame) if file.startswith("/") else None
        if pattern is not None and "/" in pattern.file and same_file(file, pattern.file):
            found.add(Library(file.removesuffix(pattern.file), _package_of(pattern)))
    return sorted(found, key=lambda library: (-len(library.folder), library))


class Ownership:
    """Whose code is whose in one recording; `roots` are the folders that the user says the own code lies in.

    `served` are the packages that were served: they are the user's own even if they are installed. `source` gives the
    text of a file, which tells coroutines from functions.
    """

    def __init__(
        self,
        roots: Sequence[str] = (),
        libraries: Iterable[Library] = (),
        served: Iterable[str] = (),
        source: SourceReader = lambda _file: None,
    ) -> None:
        self._served = frozenset(served) - KNOWN_PACKAGES - sys.stdlib_module_names
        self._roots = tuple(sorted((_slashed(root) for root in roots), key=len, reverse=True))
        self._libraries = tuple(libraries)
        self._of_file = lru_cache(maxsize=100_000)(self._owner_of_file)
        self.of = lru_cache(maxsize=100_000)(self._owner_of_frame)
        """The package that a frame belongs to; None where it is the user's own."""
        self._source = source
        self.is_coroutine = lru_cache(maxsize=100_000)(self._is_coroutine)
        """Whether a frame is known to be of an async function; False where its file cannot be read."""

    def _is_coroutine(self, frame: Frame) -> bool:
        line = parse_line(self._source(frame.file), frame.line)
        return line is not None and line.is_async

    def _owner_of_frame(self, frame: Frame) -> str | None:
        file = frame.file.replace("\\", "/")
        if is_bare(file) and not self._root_of(file):
            return _known_owner(frame) or self._of_file(file)
        if file == COMMAND and not _is_generated(frame.function):
            return None
        return self._of_file(file)

    def _owner_of_file(self, file: str) -> str | None:
        root = self._root_of(file)
        if root is not None:
            return owner_by_folder("/" + file[len(root) :].lstrip("/"))
        if not self._roots and owner_by_folder(file) in self._served:
            return None
        found = owner_of_file(file) or self._owner_by_library(file)
        if found is not None or not self._roots or not file.startswith("/"):
            return found
        return file.rpartition("/")[0] or "/"  # outside all roots: it goes by the name of its folder

    def _root_of(self, file: str) -> str | None:
        """The innermost root that a file lies below, or is."""
        return next((root for root in self._roots if file == root or file.startswith(root.rstrip("/") + "/")), None)

    def _owner_by_library(self, file: str) -> str | None:
        for library in self._libraries:
            if file.startswith(library.folder):
                top = top_level_name(file.removeprefix(library.folder))
                if top == library.package or top in KNOWN_PACKAGES:
                    return top
                if library.package == STDLIB and top in sys.stdlib_module_names:
                    return STDLIB
        return None


def lineless_files(roots: Sequence[str] = ()) -> Callable[[str], bool]:
    """A predicate for files whose lines need not be recorded: a function says enough where nothing is to be changed."""
    owners = Ownership(roots)

    def is_lineless(file: str) -> bool:
        package = owners.of(Frame("", file))
        return package in NEVER_BLAMED or (package == "django" and bool(DATABASE_LAYER.search(file.replace("\\", "/"))))

    return is_lineless


def _is_generated(function: str) -> bool:
    """Whether a function of this name may be generated code: dunder methods, and a lambda around them."""
    name = last_segment(function)
    return name.startswith("__") or name == "<lambda>"


def _slashed(root: str) -> str:
    root = root.replace("\\", "/")
    return root.rstrip("/") or "/"
