"""Decode JSON into plain objects, or refuse it with one clear `InputError`."""

from __future__ import annotations

import json
from typing import Any

from asyncspy.errors import InputError

AS_WRITTEN = "give the file as it was written, or record again: asyncspy attach --pid PID"
MAX_LINE_NUMBER = 10**9

JsonObject = dict[str, Any]


def decode(data: bytes | str) -> Any:
    """Decode any JSON; the different exceptions of the standard library become an InputError."""
    try:
        return json.loads(data)
    except RecursionError:
        raise InputError("its JSON is nested too deeply", remedy=AS_WRITTEN) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"its JSON is broken or cut short: {error}", remedy=AS_WRITTEN) from None
    except ValueError:
        raise InputError("its JSON holds a number with thousands of digits", remedy=AS_WRITTEN) from None


def whole_number(value: Any, below: int) -> int | None:
    """An integer that is neither negative nor absurdly large; True is not one."""
    return value if type(value) is int and 0 <= value < below else None


def line_number(value: Any) -> int:
    """A line; 0, which is "not recorded", for anything that cannot be one."""
    return whole_number(value, MAX_LINE_NUMBER) or 0
