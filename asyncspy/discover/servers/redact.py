"""Replace the credentials in a command line, so that it may be shown; everything else stays as it was typed.

A secret that was shown cannot be taken back, so what is in doubt is hidden: some harmless values are, too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

HIDDEN = "REDACTED"
"""Letters only, so that the shell needs no quotes around it."""

MAX_SHOWN = 2_000
"""Characters that are shown of a command line and examined of one argument: a process can give itself megabytes."""

SECRET_WORDS = frozenset(
    "apikey auth bearer credential credentials dsn key pass passphrase passwd password pw pwd secret secrets"
    " sig signature token tokens".split()
)
SECRET_ENDINGS = ("apikey", "password", "passwd", "passphrase", "secret", "token")
"""A name is secret if one of its words is, or if it ends like this without a separator: PGPASSWORD, authtoken."""

_WORD_BREAK = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_OPTION = re.compile(r"--?[A-Za-z][\w.-]*")
_WHOLE_ASSIGNMENT = re.compile(r"(?P<name>-{0,2}[A-Za-z_][\w.-]*)=.+", re.DOTALL)
_ASSIGNMENT = re.compile(r"""(?P<name>[A-Za-z_][\w.-]{0,100})=(?:"[^"]*"|'[^']*'|[^\s&]+)""")
_INNER_OPTION = re.compile(r"""(?P<name>--[A-Za-z][\w.-]{0,100})\s+(?:"[^"]*"|'[^']*'|[^\s-]\S*)""")
_USER_AND_PASSWORD = re.compile(r"(?P<kept>[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@]*:)\S*(?=@)")
_USER_ALONE = re.compile(r"(?P<kept>[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/:@]+(?=@)")
_HEADER = re.compile(
    r"(?i)(?P<kept>\b(?:authorization|proxy-authorization|cookie|[\w-]{0,60}(?:key|token|secret))\s*:\s*)\S.*"
)
_PAIR = re.compile(
    r"""(?P<name>[A-Za-z_][\w.-]{0,100})(?P<between>["']\s{0,9}:\s{0,9}|\s{0,9}:(?:\s{1,9}|(?=["'])))"""
    r"""(?:"[^"]*"|'[^']*'|[^\s,;}\]"'][^\s,;}\]]*)"""
)
"""`"password": "x"` or `password: x`; without a quote or a blank it may be an app, such as `shop.auth:application`."""

_TOKEN = re.compile(
    r"(?P<kept>\b)(?:eyJ[\w-]{5,}\.[\w-]+\.[\w-]*|gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}"
    r"|xox[a-z]-[\w-]{10,}|AKIA[A-Z0-9]{12,})"
)
"""Credentials that can be recognised alone: JSON web tokens, keys of GitHub, GitLab, OpenAI, Slack and AWS."""

_SCHEME = re.compile(r"(?i)(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}")


def redact(arguments: Sequence[str]) -> str:
    """Return the command line as one shell line, without its credentials."""
    shown = shlex.join(_redacted(arguments))
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + " …"


def is_secret(name: str) -> bool:
    """Whether something with this name is likely to hold a credential."""
    words = [word.lower() for word in _WORD_BREAK.split(name) if word]
    if not words or words[0] == "no":
        return False
    return not SECRET_WORDS.isdisjoint(words) or words[-1].endswith(SECRET_ENDINGS)


def _redacted(arguments: Sequence[str]) -> list[str]:
    """Redact argument by argument, as far as it will be shown."""
    shown: list[str] = []
    room = MAX_SHOWN
    value_is_secret = False
    for argument in arguments:
        hide, value_is_secret = value_is_secret and not argument.startswith("--"), False
        if hide:
            shown.append(HIDDEN)
        else:
            shown.append(_without_credentials(argument))
            value_is_secret = _OPTION.fullmatch(argument) is not None and is_secret(argument)
        room -= len(shown[-1]) + 1
        if room < 0:
            break
    return shown


def _without_credentials(argument: str) -> str:
    """Redact one argument: URLs first, since a password in one may contain what the other rules look for."""
    if len(argument) > MAX_SHOWN:
        # Not cut short: what shows that its beginning is a credential may come after the cut.
        return f"…{len(argument)} characters…"
    whole = _WHOLE_ASSIGNMENT.fullmatch(argument)
    if whole and is_secret(whole["name"]):
        return f"{whole['name']}={HIDDEN}"
    for rule in (_USER_AND_PASSWORD, _USER_ALONE, _HEADER, _SCHEME, _TOKEN):
        argument = rule.sub(rf"\g<kept>{HIDDEN}", argument)
    argument = _INNER_OPTION.sub(lambda match: _assigned(match, " "), argument)
    argument = _PAIR.sub(lambda match: _assigned(match, match["between"]), argument)
    return _ASSIGNMENT.sub(lambda match: _assigned(match, "="), argument)


def _assigned(match: re.Match[str], between: str) -> str:
    return f"{match['name']}{between}{HIDDEN}" if is_secret(match["name"]) else match[0]
