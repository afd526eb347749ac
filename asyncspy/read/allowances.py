"""Read a TOML file of findings to ignore into `Allowance`s; each says why, and until when."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from asyncspy.errors import InputError
from asyncspy.model.gates import Allowance
from asyncspy.model.stacks import FindingKind

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - the same library under its old name
    import tomli as tomllib

MAX_BYTES = 1024**2
EXAMPLE = """write each as:  [[ignore]]  file = "shop/pricing.py"  reason = "SHOP-123"  expires = 2027-03-31"""
TEXTS = ("file", "reason", "function", "call", "kind")


def read_allowances(path: Path, kinds: Mapping[str, FindingKind]) -> list[Allowance]:
    """The allowances in a file, in its order; `kinds` maps the names of kinds in the file to kinds."""
    document = _document(path)
    entries = document.pop("ignore", [])
    if document or not isinstance(entries, list):
        raise InputError(
            f"{path} holds {', '.join(map(repr, document)) or 'no list'}, not just [[ignore]]", remedy=EXAMPLE
        )
    return [_allowance(entry, f"{path}, entry {number}", kinds) for number, entry in enumerate(entries, 1)]


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES:,} bytes", remedy="name a file of [[ignore]] entries")
        return tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", remedy="check its name and permissions") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}", remedy=EXAMPLE) from None


def _allowance(entry: Any, where: str, kinds: Mapping[str, FindingKind]) -> Allowance:
    """One entry. An unknown key is an error: ignoring a misspelt one would let more findings pass than was meant."""
    if not isinstance(entry, dict):
        raise InputError(f"{where} is not a table", remedy=EXAMPLE)
    unknown = set(entry) - {*TEXTS, "expires"}
    if unknown:
        raise InputError(
            f"{where} has an unknown key {sorted(unknown)[0]!r}", remedy=f"known are {', '.join(TEXTS)}, expires"
        )
    for key in TEXTS:
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            raise InputError(f"{where}: {key} is not text", remedy=EXAMPLE)
    if "file" not in entry or "reason" not in entry:
        raise InputError(f"{where} has no {'reason' if 'file' in entry else 'file'}", remedy=EXAMPLE)
    expires = entry.get("expires")
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise InputError(f"{where} needs a date in expires: nothing is ignored for ever", remedy=EXAMPLE)
    if "kind" in entry and entry["kind"] not in kinds:
        raise InputError(f"{where}: no kind is called {entry['kind']!r}", remedy=f"known are {', '.join(kinds)}")
    kind = kinds.get(entry.get("kind", ""))
    return Allowance(entry["reason"], expires, entry["file"], entry.get("function"), entry.get("call"), kind)
