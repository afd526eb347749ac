"""Takes bytes that should be JSON; gives plain objects, or one clear `InputError`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from asyncspy.errors import InputError

AS_WRITTEN = "give the file as it was written, or record again: asyncspy attach --pid PID"


def decode(data: bytes | str, float_of: Callable[[str], float] | None = None) -> Any:
    """Any JSON; what the standard library reports in three ways, or dies of, is an InputError."""
    try:
        return json.loads(data, parse_float=float_of)
    except RecursionError:
        raise InputError("its JSON is nested too deeply", remedy=AS_WRITTEN) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"its JSON is broken or cut short: {error}", remedy=AS_WRITTEN) from None
    except ValueError:
        raise InputError("its JSON holds a number with thousands of digits", remedy=AS_WRITTEN) from None


def whole_number(value: Any, below: int) -> int | None:
    """An integer that is neither negative nor absurd; True is none."""
    return value if type(value) is int and 0 <= value < below else None
