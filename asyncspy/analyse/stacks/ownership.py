"""Decide whose code each frame is: the user's own (None), or the package that it belongs to.

Where a file lies decides: in site-packages, an archive or the standard library it is somebody else's. A library that
lies anywhere else (vendored, a source checkout, one flat folder for everything) is recognised by the frames in it that
the rules know. `--app-root` decides where even that says nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from asyncspy.analyse.remedy import calls, fixes
from asyncspy.analyse.stacks import entries, sinks, worlds
from asyncspy.analyse.stacks.packages import (
    COMMAND,
    KNOWN_PACKAGES,
    NEVER_BLAMED,
    STDLIB,
    is_bare,
    owner_by_folder,
    owner_of_script,
    top_level_name,
)
from asyncspy.analyse.stacks.pattern import Pattern, Rules, last_segment, same_file
from asyncspy.model.stacks import Frame

STDLIB_TOPS = frozenset({"asyncio", "concurrent", "multiprocessing"})

PLUMBING = (
    Pattern(
        "BaseManager._get_queryset_methods.<locals>.create_method.<locals>.manager_method",
        "django/db/models/manager.py",
    ),
    Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"),
    Pattern("ASGIHandler.run_get_response", "django/core/handlers/asgi.py"),
    Pattern("ASGIStaticFilesHandler.__call__", "django/contrib/staticfiles/handlers.py"),
    Pattern("View.as_view.<locals>.view", "django/views/generic/base.py"),
    Pattern("View.dispatch", "django/views/generic/base.py"),
    Pattern("TemplateResponseMixin.render_to_response", "django/views/generic/base.py"),
    Pattern("ContextMixin.get_context_data", "django/views/generic/base.py"),
    Pattern("BaseListView.get", "django/views/generic/list.py"),
    Pattern("BaseDetailView.get", "django/views/generic/detail.py"),
    Pattern("SingleObjectMixin.get_object", "django/views/generic/detail.py"),
    Pattern("AuthenticationMiddleware.process_request.<locals>.<lambda>", "django/contrib/auth/middleware.py"),
    Pattern(
        "sensitive_variables.<locals>.decorator.<locals>.sensitive_variables_wrapper",
        "django/views/decorators/debug.py",
    ),
    Pattern("auser", "django/contrib/auth/middleware.py"),
    Pattern("AbstractBaseUser.save", "django/contrib/auth/base_user.py"),
    Pattern("ModelBackend.get_user", "django/contrib/auth/backends.py"),
    Pattern("ModelBackend.authenticate", "django/contrib/auth/backends.py"),
    Pattern("update_last_login", "django/contrib/auth/models.py"),
)
"""Django's frames between own code and the query that no other rule has to know; they only matter without folders."""

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
"""Names of modules that say enough without their folder."""


class Library(NamedTuple):
    """A folder on the import path that a known package was found in."""

    folder: str
    package: str


SPAWNED = Pattern("BaseProcess._bootstrap", "multiprocessing/process.py")
"""Below every spawned worker."""


def _all_rules() -> Iterator[Pattern]:
    for table in (
        calls.CALLS,
        sinks.SINKS,
        entries.DISPATCHERS,
        entries.CALLBACK_CALLERS,
        fixes.UNEVALUATED_RESULTS,
    ):
        yield from (pattern for pattern, _ in table)
    yield from (sinks.GUARD, *(boundary.pattern for boundary in worlds.BOUNDARIES), *worlds.WAITS, *PLUMBING, SPAWNED)


_KNOWN = Rules([(pattern, pattern) for pattern in _all_rules()], lenient=True)
"""Every frame that some rule knows. Lenient: this takes blame off frames, and never puts it on one."""


def package_of(pattern: Pattern) -> str:
    """The package that a rule's file belongs to."""
    top = pattern.file.partition("/")[0]
    return "stdlib" if top in STDLIB_TOPS else top


_HOLDERS = {
    (pattern.function.rpartition(".")[0], pattern.file.rpartition("/")[2]): package_of(pattern)
    for pattern in _all_rules()
    if "." in pattern.function and not pattern.function.startswith("*.")
}
"""Classes that some rule knows a method of, in files of that name: their other methods are as little the user's."""


def known_owner(frame: Frame) -> str | None:
    """Whose a frame without folder is, as far as its name and its file's name tell."""
    known = _KNOWN.match(frame)
    if known is not None:
        return package_of(known)
    return _HOLDERS.get((frame.function.rpartition(".")[0], frame.file)) or LIBRARY_FILES.get(frame.file)


def libraries_in(frames: Iterable[Frame]) -> list[Library]:
    """The folders that frames known to the rules lie in, innermost first."""
    found = set()
    for frame in frames:
        file = frame.file.replace("\\", "/")
        pattern = _KNOWN.match(frame) if file.startswith("/") else None
        if pattern is not None and "/" in pattern.file and same_file(file, pattern.file):
            found.add(Library(file.removesuffix(pattern.file), package_of(pattern)))
    return sorted(found, key=lambda library: (-len(library.folder), library))


def path_below(library: Library, file: str) -> str | None:
    """What of a file's path is below a library's folder; None where it lies elsewhere."""
    return file.removeprefix(library.folder) if file.startswith(library.folder) else None


BENEATH = re.compile(r"(?:^|/)django/db/(?:backends|models/sql)/")
"""What lies beneath every call that a line can make."""


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
            return owner_by_folder("/" + file[len(root) :].lstrip("/"))
        if not self.roots and owner_by_folder(file) in self._served:
            return None
        found = owner_by_folder(file) or owner_of_script(file) or self._owner_by_library(file)
        if found is not None or not self.roots or not file.startswith("/"):
            return found
        return file.rpartition("/")[0] or "/"  # outside all that was said to be own: known by its folder

    def _root_of(self, file: str) -> str | None:
        """The innermost root that a file lies below, or is."""
        return next((root for root in self.roots if file == root or file.startswith(root.rstrip("/") + "/")), None)

    def _owner_by_library(self, file: str) -> str | None:
        for library in self._libraries:
            rest = path_below(library, file)
            if rest is not None:
                top = top_level_name(rest)
                if top == library.package or top in KNOWN_PACKAGES:
                    return top
                if library.package == STDLIB and top in sys.stdlib_module_names:
                    return STDLIB
        return None


def _is_written(function: str) -> bool:
    """Whether somebody wrote a function of this name; what is generated are dunder methods and a lambda around them."""
    name = last_segment(function)
    return not name.startswith("__") and name != "<lambda>"


def lineless_files(roots: Sequence[str] = ()) -> Callable[[str], bool]:
    """Of which files a function says as much as a line: nobody would look the line up to change it."""
    owners = Ownership(roots)

    def is_so(file: str) -> bool:
        package = owners.of(Frame("", file))
        return package in NEVER_BLAMED or (package == "django" and BENEATH.search(file.replace("\\", "/")) is not None)

    return is_so


def _slashed(root: str) -> str:
    root = root.replace("\\", "/")
    return root.rstrip("/") or "/"
