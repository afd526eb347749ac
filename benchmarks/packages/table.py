"""Write asyncspy's table of packages from what was found out: `python -m benchmarks.packages.table`.

Prints what becomes of each package, in Markdown. A middleware is in the table of the tool only if a release of it was
seen to be sync-only, and if the releases that were looked into agree on when that changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.packages.__main__ import COMMITTED, RESULTS, final_releases, order_of

TABLE = Path(__file__).parents[2] / "asyncspy" / "analyse" / "third_party" / "middleware_table.py"
RELEASES = COMMITTED.with_name("releases.json")
README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- table: made by python -m benchmarks.packages.table -->", "<!-- end of table -->"
HEAD = '''"""List the middleware of packages: the first release that is async-capable, and the releases looked into.

Written by `python -m benchmarks.packages.table` from what running the releases showed; not to be edited.
"""

from __future__ import annotations

from asyncspy.analyse.third_party.facts import PackageMiddleware

MIDDLEWARE = (
'''


class MiddlewareHistory(NamedTuple):
    """One middleware through the releases that were looked into: each, oldest first, and whether it was async there."""

    distribution: str
    path: str
    releases: tuple[tuple[str, bool], ...]
    hops: int | None
    mixin: bool

    @property
    def async_since(self) -> str | None:
        """The first release in which it is async-capable."""
        return next((version for version, is_async in self.releases if is_async), None)

    @property
    def was_sync(self) -> bool:
        """Whether any release has it sync-only."""
        return not all(is_async for _, is_async in self.releases)

    @property
    def agrees(self) -> bool:
        """Whether it never went back from async to sync."""
        flags = [is_async for _, is_async in self.releases]
        return flags == sorted(flags)


def is_complete(history: MiddlewareHistory, released: list[str]) -> bool:
    """Whether no release between the last sync-only and the first async-capable one was left out."""
    since = history.async_since
    if since is None:
        return True
    before = [version for version, is_async in history.releases if not is_async][-1]
    return not any(order_of(before) < order_of(version) < order_of(since) for version in released)


def released_versions(distribution: str) -> list[str]:
    """The releases of a package, from the list beside the results; asked for once."""
    known = json.loads(RELEASES.read_text()) if RELEASES.exists() else {}
    if distribution not in known:
        known[distribution] = final_releases(distribution)
        RELEASES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return list(known[distribution])


def histories(results: dict[str, dict[str, Any]]) -> Iterator[MiddlewareHistory]:
    """Each middleware of the newest release of each package."""
    for distribution, known in sorted(results.items()):
        sound = {version: facts for version, facts in known.items() if "error" not in facts}
        versions = sorted(sound, key=order_of)
        newest = next((sound[version] for version in reversed(versions) if "without" in sound[version]), None)
        for one in newest["middleware"] if newest else ():
            releases = tuple(
                (version, each["async_capable"])
                for version in versions
                for each in sound[version]["middleware"]
                if each["name"] == one["name"]
            )
            before = newest["without"]["hops"]["to_threads"] if newest else 0
            after = one["served"].get("hops", {}).get("to_threads")
            hops = after - before if after is not None and one["async_capable"] else None
            yield MiddlewareHistory(distribution, one["name"], releases, hops, one["mixin"])


def table_rows(results: dict[str, dict[str, Any]]) -> list[tuple[str, str, str | None, str, str]]:
    """The rows of the tool's table."""
    return [
        (each.distribution, each.path, each.async_since, each.releases[0][0], each.releases[-1][0])
        for each in histories(results)
        if each.was_sync
        and each.agrees
        and (each.async_since is None or is_complete(each, released_versions(each.distribution)))
    ]


def main() -> None:
    """Write the table, and its Markdown into the README."""
    if RESULTS.exists():
        shutil.copy(RESULTS, COMMITTED)
    results = json.loads(COMMITTED.read_text())
    rows = "".join(f"    PackageMiddleware{row!r},\n" for row in table_rows(results))
    TABLE.write_text(f"{HEAD}{rows})\n")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TABLE)], check=True)
    lines = [
        "| package | middleware | async-capable | looked into | hops more in a request |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in histories(results):
        since = "never" if each.async_since is None else f"since {each.async_since}" if each.was_sync else "in all"
        kind = "" if each.hops is None else f"{each.hops}{' (MiddlewareMixin)' if each.mixin else ''}"
        span = f"{len(each.releases)}: {each.releases[0][0]} to {each.releases[-1][0]}"
        lines.append(
            f"| {each.distribution} | `{each.path}` | {since if each.agrees else 'varies'} | {span} | {kind} |"
        )
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text("\n".join([before + BEGIN, *lines, END + rest.partition(END)[2]]))


if __name__ == "__main__":
    main()
