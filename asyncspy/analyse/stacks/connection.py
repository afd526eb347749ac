"""Frames of a database connection to the call that they are: what a person wrote as `connection.cursor()`.

The guard around these methods holds their names in none of its frames, so where it stops a call the source is asked.
"""

from __future__ import annotations

from asyncspy.analyse.remedy.calls import Call, Fix
from asyncspy.analyse.remedy.rewrite import Place, spelt
from asyncspy.analyse.stacks.pattern import Pattern, Rules, last_segment
from asyncspy.model.stacks import Frame

METHODS = frozenset(
    "connect ensure_connection close cursor _cursor _prepare_cursor chunked_cursor create_cursor make_cursor "
    "make_debug_cursor get_new_connection init_connection_state commit rollback savepoint savepoint_rollback "
    "savepoint_commit clean_savepoints get_autocommit set_autocommit".split()
)
"""What a BaseDatabaseWrapper and the backends on it do with the connection; the guard is around most of them."""

BACKEND: Rules[bool] = Rules(
    [(Pattern(f"BaseDatabaseWrapper.{name}", "django/db/backends/base/base.py"), True) for name in sorted(METHODS)],
    lenient=True,
)

CONNECTION = Call(
    "a method of the connection",
    (Fix("move the work with the connection into a sync function and await sync_to_async(function)(…)"),),
)
"""Any call of them: they are mended in one way. A cursor from a thread would still query on the loop."""


def is_connection(frame: Frame) -> bool:
    """Whether this is a connection's method, of Django's or of anybody's backend."""
    return BACKEND.match(frame) is not None or _is_backend(frame)


def _is_backend(frame: Frame) -> bool:
    """A method of a database backend, whose module and class Django prescribes: ENGINE/base.py, DatabaseWrapper."""
    holder, _, name = frame.function.rpartition(".")
    return name in METHODS and frame.file.replace("\\", "/").endswith("/base.py") and holder in {"", "DatabaseWrapper"}


def called_by(frame: Frame | None) -> Call:
    """The call by its method's name; without a frame, as the guard leaves it."""
    return CONNECTION if frame is None else CONNECTION._replace(name=f"connection.{last_segment(frame.function)}")


def as_written(call: Call, where: Place | None) -> str:
    """The call's name as the line spells it: `connections["audit"].cursor`."""
    if call.fixes != CONNECTION.fixes or where is None:
        return call.name
    return spelt(where, METHODS) or call.name
