"""A command line to the text that may be shown: credentials are replaced, everything else stays as it was typed.

A secret that is shown cannot be taken back, so doubt hides: a harmless value may be starred out, too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

HIDDEN = "REDACTED"
"""Letters only: the shell's quoting leaves it alone."""

LONGEST = 2_000
"""Characters that are shown of a command line, and looked at of one argument: a process can give itself megabytes."""

SECRET_WORDS = frozenset(
    "apikey auth bearer credential credentials dsn key pass passphrase passwd password pw pwd secret secrets"
    " sig signature token tokens".split()
)
SECRET_ENDINGS = ("apikey", "password", "passwd", "passphrase", "secret", "token")
"""A name is secret when one of its words is, or when it ends so without a separator: PGPASSWORD, authtoken."""

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
"""`"password": "x"`, `password: x`; without a quote or a blank it may be an app, `shop.auth:application`."""

_TOKEN = re.compile(
    r"(?P<kept>\b)(?:eyJ[\w-]{5,}\.[\w-]+\.[\w-]*|gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}"
    r"|xox[a-z]-[\w-]{10,}|AKIA[A-Z0-9]{12,})"
)
"""What shows by itself that it is a credential: JSON web tokens, keys of GitHub, GitLab, OpenAI, Slack and AWS."""

_SCHEME = re.compile(r"(?i)(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}")


def redact(arguments: Sequence[str]) -> str:
    """The command line as one shell line, without its credentials."""
    shown = shlex.join(_redacted(arguments))
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + " …"


def is_secret(name: str) -> bool:
    """Whether what is called so is likely to hold a credential."""
    words = [word.lower() for word in _WORD_BREAK.split(name) if word]
    if not words or words[0] == "no":
        return False
    return not SECRET_WORDS.isdisjoint(words) or words[-1].endswith(SECRET_ENDINGS)


def _redacted(arguments: Sequence[str]) -> list[str]:
    """Argument by argument, as far as it will be shown."""
    shown: list[str] = []
    room = LONGEST
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
    """One argument: addresses before inner names, for a password may hold the marks that the other rules look for."""
    if len(argument) > LONGEST:
        # Not cut short: the mark that makes a credential of its beginning may lie behind the cut.
        return f"…{len(argument)} characters…"
    whole = _WHOLE_ASSIGNMENT.fullmatch(argument)
    if whole and is_secret(whole["name"]):
        return f"{whole['name']}={HIDDEN}"
    for rule in (_USER_AND_PASSWORD, _USER_ALONE, _HEADER, _SCHEME, _TOKEN):
        argument = rule.sub(rf"\g<kept>{HIDDEN}", argument)
    argument = _INNER_OPTION.sub(lambda match: _named(match, " "), argument)
    argument = _PAIR.sub(lambda match: _named(match, match["between"]), argument)
    return _ASSIGNMENT.sub(lambda match: _named(match, "="), argument)


def _named(match: re.Match[str], between: str) -> str:
    return f"{match['name']}{between}{HIDDEN}" if is_secret(match["name"]) else match[0]
