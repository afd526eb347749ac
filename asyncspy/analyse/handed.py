"""Frames where a framework calls what it was given, or makes an answer of what own code returned.

The one is all that tells own code inside of Django's from Django's own where no folders are recorded; the other says
that nothing on the stack is to be mended, but what is returned.
"""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.analyse.fixes import FROM_OPERATION, FROM_RESOLVER, Fix
from asyncspy.analyse.pattern import Pattern, Rules
from asyncspy.model import Frame

GIVEN: Rules[bool] = Rules(
    [
        (Pattern("Signal.send", "django/dispatch/dispatcher.py"), True),
        (Pattern("Signal.send_robust", "django/dispatch/dispatcher.py"), True),
        (Pattern("SimpleNode.render", "django/template/library.py"), True),
        (Pattern("InclusionNode.render", "django/template/library.py"), True),
        (Pattern("SimpleBlockNode.render", "django/template/library.py"), True),
        (Pattern("FilterExpression.resolve", "django/template/base.py"), True),
        (Pattern("SerializerMethodField.to_representation", "rest_framework/fields.py"), True),
    ],
    lenient=True,
)
"""What they call next is a receiver, a tag, a filter, a method: own code, unless it is known to be somebody's."""

RETURNED: Rules[Fix] = Rules(
    [
        (Pattern("Operation._result_to_response", "ninja/operation.py"), FROM_OPERATION),
        *(
            (Pattern(f"{holder}.{name}", f"graphql/execution/{file}.py"), FROM_RESOLVER)
            for holder, file in (("ExecutionContext", "execute"), ("Executor", "executor"))  # 3.2, 3.3
            for name in ("execute_field", "complete_value")
        ),
    ]
)
"""What queries above them, without own code between, was returned unevaluated."""

UNEVALUATED = frozenset((fix,) for _, fix in RETURNED)
"""The fixes of a call that is known to be one of those."""


def returned(frames: Iterable[Frame]) -> Fix | None:
    """What to return instead, if these frames work on what own code has returned."""
    return next((fix for frame in frames if (fix := RETURNED.match(frame))), None)
