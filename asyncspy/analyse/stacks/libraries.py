"""Frames that the rules know to the libraries they give away: where those lie, and whose a file without folder is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from asyncspy.analyse.remedy import calls
from asyncspy.analyse.stacks import entries, framework_calls, sinks, worlds
from asyncspy.analyse.stacks.pattern import Pattern, Rules, same_file
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
    for table in (calls.CALLS, sinks.PROOFS, entries.DOORS, framework_calls.GIVEN, framework_calls.RETURNED):
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


def lies_in(library: Library, file: str) -> str | None:
    """What of a file's path is below a library's folder; None where it lies elsewhere."""
    return file.removeprefix(library.folder) if file.startswith(library.folder) else None
