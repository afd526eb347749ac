"""Look into the released packages: `python -m benchmarks.packages` runs what is missing and writes results.json.

Each release is installed into a venv of its own under a cache folder and looked into by probe.py. For a package whose
middleware is async-capable today, the first release in which it was is searched for by halves; for one that is
sync-only, older releases are looked into as well, so that "in every release" is more than a guess.
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from asyncspy.analyse.third_party.releases import ReleaseKey, release_key
from benchmarks.packages.catalog import CASES, Case

HERE = Path(__file__).parent
COMMITTED = HERE / "results.json"
CACHE = Path(os.environ.get("ASYNCSPY_PACKAGES_CACHE") or Path.home() / ".cache" / "asyncspy-packages")
RESULTS = CACHE / "results.json"
"""Where a run keeps what it found out; `table` takes it from there."""

PYTHON = os.environ.get("ASYNCSPY_PACKAGES_PYTHON", "3.12")
DJANGOS = ("5.2.*", "4.2.*", "6.0.*")
"""The first that a release can be installed with and runs on is taken."""

INSTALL_SECONDS = 1200
PROBE_SECONDS = 600
MINORS = 10
"""Of a sync-only middleware, so many older minor versions are looked into."""

FINAL = re.compile(r"\d+(\.\d+)*(\.post\d+)?")

COMPILING = Lock()

Facts = dict[str, Any]


def main() -> None:
    """Run the cases that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--newest", action="store_true", help="the newest release alone")
    parser.add_argument("--releases", default="", help="these releases, comma separated")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    if not RESULTS.exists():
        shutil.copy(COMMITTED, RESULTS)
    book = Book()
    cases = [case for case in CASES if not options.names or case.distribution in options.names]
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda case: look_into(case, book, options), cases))


class Book:
    """What is known of each package, kept in a file from release to release."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Facts]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        self.lock = Lock()

    def facts(self, case: Case, version: str, like: Facts | None = None) -> Facts:
        """The facts of a release, looked into unless they are known; `like` another, only what its middleware says."""
        known = self.known.get(case.distribution, {}).get(version)
        if known is None:
            known = (swap(case, version, like) if like else None) or probe(case, version, serve=like is None)
            version = version or known.get("version", "newest")
            with self.lock, exclusive():
                self.known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
                self.known.setdefault(case.distribution, {})[version] = known
                RESULTS.write_text(json.dumps(self.known, indent=1, sort_keys=True) + "\n")
            print(f"{case.distribution} {version}: {summary(known)}", flush=True)
        return known


@contextmanager
def exclusive() -> Iterator[None]:
    """Keep other runs from writing the same file."""
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def look_into(case: Case, book: Book, options: argparse.Namespace) -> None:
    """Look into the newest release, and into the older ones as far as they say when something changed."""
    for version in filter(None, options.releases.split(",")):
        book.facts(case, version)
    known = book.known.get(case.distribution) or {"": book.facts(case, "")}
    newest = max(known.values(), key=lambda facts: order_of(facts.get("version", "0")))
    if options.newest or options.releases or not newest.get("middleware"):
        return
    before = order_of(newest["version"])
    older = [one for one in final_releases(case.distribution) if order_of(one) < before]
    for name, is_async in shape(newest).items():
        if is_async:
            find_first(case, book, name, older)
        else:
            for version in newest_of_each_minor(older)[:MINORS]:
                book.facts(case, version, like=newest)


def find_first(case: Case, book: Book, name: str, older: list[str]) -> None:
    """Search for the oldest release in which this middleware is async-capable, in growing steps and then by halves.

    `older` is newest first. What cannot be imported with today's Django counts as older.
    """
    like = max(book.known[case.distribution].values(), key=lambda facts: "without" in facts)

    def is_async(place: int) -> bool:
        return bool(shape(book.facts(case, older[place], like=like)).get(name))

    low, step = 0, 1
    while low + step <= len(older) and is_async(low + step - 1):
        low, step = low + step, step * 2
    high = min(low + step - 1, len(older))
    while low < high:
        middle = (low + high) // 2
        if is_async(middle):
            low = middle + 1
        else:
            high = middle


def order_of(version: str) -> ReleaseKey:
    """What to order a version by, the unreadable first."""
    return release_key(version) or ((), 0, 0)


def newest_of_each_minor(releases: list[str]) -> list[str]:
    """The newest release of each major and minor version, and the oldest of all."""
    first: dict[tuple[str, ...], str] = {}
    for version in releases:
        first.setdefault(tuple(version.split(".")[:2]), version)
    return list(first.values())


def shape(facts: Facts) -> dict[str, bool]:
    """Which middleware is async-capable."""
    return {each["name"]: each["async_capable"] for each in facts.get("middleware", ())}


def summary(facts: Facts) -> str:
    """One line for a person who waits."""
    if "error" in facts:
        return f"error {facts['error'][-160:]}".replace("\n", " ")
    out = [f"django {facts['django']}"]
    for name, served in [("-", facts.get("without", {}))] + [
        (m["name"], m.get("served", {})) for m in facts["middleware"]
    ]:
        kind = next((m for m in facts["middleware"] if m["name"] == name), None)
        flag = (
            "" if kind is None else ("async" if kind["async_capable"] else "SYNC") + (" mixin" if kind["mixin"] else "")
        )
        reached = sorted({f"{r['request']}>{r['function']}" for r in served.get("reached", ())})
        bad = {k: v for k, v in served.get("answers", {}).items() if v not in {"200", "404", "500", "302"}}
        out.append(
            f"{name.rpartition('.')[2]} {flag} {served.get('hops', served.get('error'))} {reached or ''} {bad or ''}"
        )
    return " | ".join(out)


def final_releases(distribution: str) -> list[str]:
    """The released versions, newest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--pre", distribution]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r"Available versions: (.*)", run.stdout)
    versions = found[1].split(", ") if found else []
    return [version for version in versions if FINAL.fullmatch(version)] or versions


def swap(case: Case, version: str, like: Facts) -> Facts | None:
    """Put a release in the place of another in its venv, which is quick; None where that does not run."""
    folder = CACHE / f"{case.distribution}--{like['django'][:3]}"
    try:
        installed(case, "", f"{like['django'][:3]}.*")
        uv(folder, "pip", "install", "--no-deps", f"{case.distribution}=={version}")
    except subprocess.SubprocessError:
        return None
    facts = run_probe(case, folder / "bin" / "python", serve=False)
    return None if "error" in facts else facts


def probe(case: Case, version: str, *, serve: bool) -> Facts:
    """Install a release and run the probe in it, with the first Django that goes."""
    problem = ""
    for django in DJANGOS if serve else DJANGOS[:2]:
        try:
            python = installed(case, version, django)
        except subprocess.SubprocessError as error:
            problem = problem or f"not installed: {getattr(error, 'stderr', '') or error}"[:300]
            continue
        facts = run_probe(case, python, serve=serve)
        if "error" not in facts:
            return facts
        problem = problem or facts["error"]
    return {"error": without_folders(problem)}


def without_folders(text: str) -> str:
    """The text with the last part of each path alone: the folders are this machine's."""
    return re.sub(r"/[\w.+-]+(?:/[\w.+-]+)*/([\w.+-]+)", r"\1", text)


def installed(case: Case, version: str, django: str) -> Path:
    """The interpreter of a venv that holds the release."""
    folder = CACHE / f"{case.distribution}-{version}-{django[:3]}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        wanted = [f"{case.distribution}=={version}" if version else case.distribution]
        uv(folder, "venv", "--python", PYTHON, str(folder))
        uv(folder, "pip", "install", *wanted, f"django=={django}", "setuptools<81", *case.needs)
        share_bytecode(folder)
        (folder / "ready").touch()
    return python


def uv(folder: Path, *arguments: str) -> None:
    """Run uv on a venv."""
    program = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "uv"
    environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
    subprocess.run(
        [program, *arguments, "--quiet"], env=environment, check=True, capture_output=True, text=True,
        timeout=INSTALL_SECONDS,
    )  # fmt: skip


def share_bytecode(folder: Path) -> None:
    """Link the compiled modules of Django from the first venv that has this release: compiling takes longest."""
    django = next(folder.glob("lib/python*/site-packages/django"))
    version = next(django.parent.glob("[Dd]jango-[0-9]*.dist-info")).name
    compiled = CACHE / "compiled" / version
    with COMPILING:
        if not compiled.exists():
            subprocess.run(
                [folder / "bin" / "python", "-m", "compileall", "-q", django], check=False, capture_output=True
            )
            for file in django.rglob("*.pyc"):
                link = compiled / file.relative_to(django)
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, link)
            return
    for file in compiled.rglob("*.pyc"):
        there = django / file.relative_to(compiled)
        there.parent.mkdir(exist_ok=True)
        os.link(file, there)


def run_probe(case: Case, python: Path, *, serve: bool) -> Facts:
    """What the probe says, or why it says nothing."""
    try:
        run = subprocess.run(
            [str(python), "-W", "ignore", str(HERE / "probe.py")], capture_output=True, text=True, check=False, cwd="/",
            input=json.dumps({**dataclasses.asdict(case), "serve": serve}), timeout=PROBE_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": "hangs"}
    lines = run.stdout.strip().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError):
        return {"error": run.stderr.strip()[-300:] or "said nothing"}


if __name__ == "__main__":
    main()
