"""Recognise the frames that prove a query: on the event loop, such work can only end in Django's async_unsafe guard.

Precision comes first, so a frame is listed only if it is never on the stack without a query behind it.
`QuerySet.count`, `_fetch_all`, `as_sql`, a descriptor's `__get__`, a lazy object or a template are not listed: cached,
prefetched and merely built objects pass through them too.

Known limit: a queryset that turns out to be empty while its SQL is written (`none()`, `pk__in=[]`) looks like any other
until the last few microseconds. It is reported, and is a fault as soon as the queryset is not empty.
"""

from __future__ import annotations

from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import Pattern, Rules, any_of, last_segment, patterns
from asyncspy.model.stacks import Frame

GUARD = Pattern("async_unsafe.<locals>.decorator.<locals>.inner", "django/utils/asyncio.py")
_GUARD_RULES = any_of(GUARD)


class Sink(NamedTuple):
    """A frame that only a query has. `past_guard`: it runs only after the guard let the call pass.

    `callers` are given where the frame proves a query only under them: a generator of rows is also closed on the loop,
    long after its query ran in a thread, and without class names `__iter__` is in that file twice.
    """

    name: str
    past_guard: bool = False
    callers: frozenset[str] = frozenset()


def _of(file: str, functions: str, *, past_guard: bool = False, callers: str = "") -> list[tuple[Pattern, Sink]]:
    under = frozenset(callers.split())
    return [(pattern, Sink(pattern.function, past_guard, under)) for pattern in patterns(file, functions)]


SINKS = Rules(
    [
        # the compiler on its way to a cursor, and reading from one
        *_of("django/db/models/sql/compiler.py", "SQLCompiler.execute_sql SQLInsertCompiler.execute_sql"),
        *_of("django/db/models/sql/compiler.py", "SQLUpdateCompiler.execute_sql SQLCompiler.has_results"),
        *_of("django/db/models/sql/compiler.py", "SQLCompiler.results_iter SQLCompiler.explain_query"),
        *_of("django/db/models/sql/query.py", "Query.get_count Query.get_aggregation Query.has_results"),
        *_of("django/db/models/sql/query.py", "Query.explain RawQuery.__iter__ RawQuery._execute_query"),
        *_of("django/db/models/sql/subqueries.py", "DeleteQuery.do_query DeleteQuery.delete_batch"),
        *_of("django/db/models/sql/subqueries.py", "UpdateQuery.update_batch"),
        # rows to objects
        *_of(
            "django/db/models/query.py",
            "ModelIterable.__iter__ RawModelIterable.__iter__ ValuesIterable.__iter__ ValuesListIterable.__iter__ "
            "NamedValuesListIterable.__iter__ FlatValuesListIterable.__iter__",
            callers="_fetch_all _iterator iterator",
        ),
        *_of("django/db/models/query.py", "QuerySet._insert QuerySet._update QuerySet._batched_insert"),
        *_of("django/db/models/query.py", "QuerySet._raw_delete QuerySet._prepare_for_bulk_create"),
        # methods that take nothing from a cache: while they build their query, it is already certain to be sent
        *_of("django/db/models/query.py", "QuerySet.get QuerySet._earliest QuerySet.last QuerySet.delete"),
        *_of("django/db/models/query.py", "QuerySet.create QuerySet.get_or_create QuerySet.update_or_create"),
        # one object
        *_of("django/db/models/base.py", "Model.save_base Model._save_table Model._save_parents"),
        *_of("django/db/models/base.py", "Model._do_insert Model._do_update Model.refresh_from_db Model.delete"),
        *_of("django/db/models/deletion.py", "Collector.delete"),
        # sessions, caches
        *_of("django/contrib/sessions/backends/db.py", "SessionStore.load SessionStore._get_session_from_db"),
        *_of("django/contrib/sessions/backends/db.py", "SessionStore.exists SessionStore.save"),
        *_of(
            "django/core/cache/backends/db.py", "DatabaseCache.get_many DatabaseCache._base_set DatabaseCache.has_key"
        ),
        *_of("django/core/cache/backends/db.py", "DatabaseCache._base_delete_many DatabaseCache.clear"),
        # transactions ask the connection first
        *_of("django/db/transaction.py", "Atomic.__enter__"),
        *_of("django/db/backends/base/base.py", "BaseDatabaseWrapper.get_autocommit"),
        *_of("django/db/backends/base/base.py", "BaseDatabaseWrapper.set_autocommit"),
        # a cursor is only handed out after the guard was passed
        *_of(
            "django/db/backends/utils.py",
            "CursorWrapper.execute CursorWrapper.executemany CursorWrapper.callproc CursorWrapper._execute "
            "CursorWrapper._executemany CursorWrapper._execute_with_wrappers CursorDebugWrapper.execute "
            "CursorDebugWrapper.executemany",
            past_guard=True,
        ),
    ]
)


def is_guard(frame: Frame) -> bool:
    """Whether this is the wrapper that async_unsafe puts around a function."""
    return _GUARD_RULES.match(frame) is not None


def may_be_sink(frame: Frame) -> bool:
    """Whether this is the guard, or a sink if the right frame calls it."""
    return is_guard(frame) or SINKS.match(frame) is not None


def sink_at(frame: Frame, caller: Frame | None) -> Sink | None:
    """The sink that this frame is, given its caller."""
    found = SINKS.match(frame)
    if found is None or not found.callers:
        return found
    if caller is None or caller.file != frame.file or last_segment(caller.function) not in found.callers:
        return None
    holder = caller.function.rpartition(".")[0]
    return found if not holder or holder.endswith("QuerySet") else None


CONNECTION_METHODS = frozenset(
    "connect ensure_connection close cursor _cursor _prepare_cursor chunked_cursor create_cursor make_cursor "
    "make_debug_cursor get_new_connection init_connection_state commit rollback savepoint savepoint_rollback "
    "savepoint_commit clean_savepoints get_autocommit set_autocommit".split()
)
"""Methods of BaseDatabaseWrapper and its backends that use the connection; most of them are guarded."""

BACKEND = any_of(
    *(Pattern(f"BaseDatabaseWrapper.{name}", "django/db/backends/base/base.py") for name in sorted(CONNECTION_METHODS)),
    lenient=True,
)


def is_connection(frame: Frame) -> bool:
    """Whether this is a connection's method, of Django's or of anybody's backend."""
    if BACKEND.match(frame) is not None:
        return True
    # Django prescribes a backend's module and class: ENGINE/base.py, DatabaseWrapper
    holder, _, name = frame.function.rpartition(".")
    is_base = frame.file.replace("\\", "/").endswith("/base.py")
    return is_base and name in CONNECTION_METHODS and holder in {"", "DatabaseWrapper"}
