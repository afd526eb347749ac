"""The one exception of this package: why nothing was changed in a process.

`writer`, and what it imports, run in a process of their own that has nothing of asyncspy but this folder. So they
import each other relatively, and say only which kind of refusal it is; `refusal_words` says it to a person.
"""

from __future__ import annotations


class NotInjected(Exception):  # noqa: N818 - it is an answer
    """Nothing was changed; `kind` is a key of `refusal_words.WORDS`, `detail` what was found."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail
