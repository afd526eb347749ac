"""Define fixes: what replaces a call, in words, since which Django, and how to write it into the line of source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from asyncspy.analyse.stacks.pattern import Rules, rules_by_meaning
from asyncspy.model.stacks import Frame


class Rewrite(NamedTuple):
    """How to write the replacement from the source line.

    rename: await the method of that name instead. attribute: await that expression instead of the attribute.
    iterate: loop with `async for`, over the method `new` instead of `old`. wrap: the same call through sync_to_async.
    relation, field: code with the {name} of what the line reads, and the {holder} that it reads it of.
    """

    how: Literal["rename", "attribute", "iterate", "wrap", "relation", "field"]
    old: str
    new: str = ""


class Fix(NamedTuple):
    """A replacement in words, the Django version that brought it, how to write it, and what to say beside the code.

    on_the_query: it is a change where the object is loaded, so it does not matter whether this line may `await`.
    """

    text: str
    since: str | None = None
    rewrite: Rewrite | None = None
    note: str | None = None
    on_the_query: bool = False


class Call(NamedTuple):
    """A call by the name its documentation uses, and its replacements, best first."""

    name: str
    fixes: tuple[Fix, ...] = ()


LIST_FIRST = Fix("fetch first, without blocking: items = [item async for item in queryset]", "4.1")
SELECT_RELATED = Fix(
    'load the relation with the query: .select_related("…")',
    None,
    Rewrite("relation", "", '.select_related("{name}")'),
    "on the queryset that loads the object",
    on_the_query=True,
)
PREFETCH = Fix(
    'load it beforehand: await aprefetch_related_objects([instance], "…")',
    "5.0",
    Rewrite("relation", "", 'await aprefetch_related_objects([{holder}], "{name}")'),
    "before this line",
)
REFRESH = Fix(
    'load it beforehand: await instance.arefresh_from_db(fields=["…"])',
    "4.2",
    Rewrite("field", "", 'await {holder}.arefresh_from_db(fields=["{name}"])'),
    "before this line",
)
IN_A_LIST = Fix("evaluate it in a thread before it is returned: await sync_to_async(list)(queryset)")
FROM_MIXIN = Fix(
    "LoginRequiredMixin and its like ask for request.user before an async handler, on the event loop: leave them out "
    "of this view, and check user = await request.auser() in the handler",
    "5.0",
)
SYNC_HANDLERS = Fix("make this view's handlers sync, and Django runs it in a thread")
FROM_OPERATION = Fix(
    "an async operation returned a queryset, or objects whose relations still query: return "
    "[item async for item in queryset], with select_related(…) and prefetch_related(…) for what the schema shows",
    "4.1",
)
FROM_RESOLVER = Fix(
    "a resolver returned a queryset, or an object whose relations still query: return "
    "[item async for item in queryset], with select_related(…) and prefetch_related(…), or give the field an async "
    "resolver of its own",
    "4.1",
)

BEFORE_THE_LOOP = Fix(
    "import the app before the loop runs: gunicorn -k uvicorn_worker.UvicornWorker, or uvicorn 0.47+ without "
    "--workers, --reload and --factory (with these uvicorn imports it on the running loop)"
)
NOT_AT_IMPORT = Fix(
    "do without a query at import: move it out of ready() or the module to where its answer is first needed; of a "
    "package, switch off by its settings what queries when it starts"
)

CONNECTION = Call(
    "a method of the connection",
    (Fix("move the work with the connection into a sync function and await sync_to_async(function)(…)"),),
)
"""Any method of a database connection: the fix is the same for all. A cursor from a thread would query on the loop."""

UNEVALUATED_RESULTS: Rules[tuple[Fix, ...]] = rules_by_meaning(
    {
        (FROM_OPERATION, IN_A_LIST): {
            "ninja/operation.py": "Operation._result_to_response",
            "fastapi/routing.py": "serialize_response",
        },
        (FROM_MIXIN, SYNC_HANDLERS): {
            "django/contrib/auth/mixins.py": "LoginRequiredMixin.dispatch PermissionRequiredMixin.dispatch "
            "UserPassesTestMixin.dispatch"
        },
        (FROM_RESOLVER, IN_A_LIST): {
            "graphql/execution/execute.py": "ExecutionContext.execute_field ExecutionContext.complete_value",
            "graphql/execution/executor.py": "Executor.execute_field Executor.complete_value",  # graphql-core 3.3
        },
    }
)
"""Framework frames that work on what the user's code returned or declared: where a query is sent from them without own
code between, the fix is to return or declare something else."""

IMPORTS: Rules[tuple[Fix, ...]] = rules_by_meaning(
    {
        (BEFORE_THE_LOOP, NOT_AT_IMPORT): {
            "uvicorn/importer.py": "import_from_string",
            "django/apps/registry.py": "Apps.populate",
        }
    }
)
"""Frames below which the app is imported: on a loop, the loop has to wait until that is done."""

RESULTS = frozenset(fixes for _, fixes in UNEVALUATED_RESULTS)
"""The fixes of what own code returned or declared."""

UNEVALUATED = RESULTS | frozenset(fixes for _, fixes in IMPORTS)
"""The fixes of a call that is known to be one of those: no line of the culprit is to be rewritten."""


def result_fixes(frames: Iterable[Frame]) -> tuple[Fix, ...]:
    """What to return or declare instead, if one of these frames works on what own code returned or declared."""
    return next((fixes for frame in frames if (fixes := UNEVALUATED_RESULTS.match(frame))), ())


def import_fixes(frames: Iterable[Frame]) -> tuple[Fix, ...]:
    """What to do about a query that is made while the app is imported, if one of these frames imports it."""
    return next((fixes for frame in frames if (fixes := IMPORTS.match(frame))), ())
