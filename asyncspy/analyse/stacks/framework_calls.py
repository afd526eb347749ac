"""Frames where a framework calls what it was given, or works on what own code returned or declared.

The one is all that tells own code inside of Django's from Django's own where no folders are recorded; the other says
that nothing on the stack is to be mended, but what is handed over.
"""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.analyse.remedy.rewrites import FROM_MIXIN, FROM_OPERATION, FROM_RESOLVER, IN_A_LIST, SYNC_HANDLERS, Fix
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.stacks import Frame

GIVEN: Rules[bool] = Rules(
    [
        (Pattern("Signal.send", "django/dispatch/dispatcher.py"), True),
        (Pattern("Signal.send_robust", "django/dispatch/dispatcher.py"), True),
        (Pattern("SimpleNode.render", "django/template/library.py"), True),
        (Pattern("InclusionNode.render", "django/template/library.py"), True),
        (Pattern("SerializerMethodField.to_representation", "rest_framework/fields.py"), True),
    ],
    lenient=True,
)
"""What they call next is a receiver, a tag, a method: own code, unless it is known to be somebody's."""

RETURNED: Rules[tuple[Fix, ...]] = Rules(
    [
        (Pattern("Operation._result_to_response", "ninja/operation.py"), (FROM_OPERATION, IN_A_LIST)),
        (Pattern("serialize_response", "fastapi/routing.py"), (FROM_OPERATION, IN_A_LIST)),
        *(
            (Pattern(f"{name}.dispatch", "django/contrib/auth/mixins.py"), (FROM_MIXIN, SYNC_HANDLERS))
            for name in ("LoginRequiredMixin", "PermissionRequiredMixin", "UserPassesTestMixin")
        ),
        *(
            (Pattern(f"{holder}.{name}", f"graphql/execution/{file}.py"), (FROM_RESOLVER, IN_A_LIST))
            for holder, file in (("ExecutionContext", "execute"), ("Executor", "executor"))  # 3.2, 3.3
            for name in ("execute_field", "complete_value")
        ),
    ]
)
"""What queries above them, without own code between, was returned unevaluated, or declared by a class of the user's."""

UNEVALUATED = frozenset(fixes for _, fixes in RETURNED)
"""The fixes of a call that is known to be one of those."""


def returned(frames: Iterable[Frame]) -> tuple[Fix, ...]:
    """What to return or declare instead, if these frames work on what own code has handed over."""
    return next((fixes for frame in frames if (fixes := RETURNED.match(frame))), ())
