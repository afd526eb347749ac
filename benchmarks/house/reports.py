"""Every fixture to what `report` prints of it, kept in a folder; and two such folders to what differs.

    python -m benchmarks.house.reports --write FOLDER [--format json] [--package CHECKOUT] [--seconds 120]
    python -m benchmarks.house.reports --compare BEFORE AFTER

Run from the root of the repository: the fixtures are those of the current folder, and their names are given relative
to it. Two processes share them, and each reads many: what one report left behind must not matter to the next.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

from benchmarks.house.checkout import HERE, NAME, UNSET, Main, checkout, command_line, environment
from benchmarks.house.differences import compared

FIXTURES = Path("fixtures")
ABOUT = "about.json"
ENDINGS = {"json": ".json", "sarif": ".sarif", "terminal": ".txt", "markdown": ".md", "html": ".html"}
NO_FIXTURES = {".py", ".md", ".pyc"}
PROCESSES = 2
SLOWEST = 3


class Printed(NamedTuple):
    """What a report came to; `code` is an exit code, or says what went wrong instead."""

    fixture: str
    code: str
    stdout: bytes
    stderr: bytes
    seconds: float
    read_elsewhere: frozenset[str]

    @property
    def failed(self) -> bool:
        """Whether it ended in a way that no command may."""
        return not self.code.isdecimal()


class OutOfTimeError(BaseException):
    """A report took too long. No Exception, nor an OSError as TimeoutError is: the command line catches those."""


def fixtures() -> list[str]:
    """Everything that `report` may be given as one path: files and folders, the large ones first."""
    files = [
        path
        for path in FIXTURES.rglob("*")
        if path.is_file() and path.suffix not in NO_FIXTURES and "__pycache__" not in path.parts
    ]
    sizes = {path: path.stat().st_size for path in files}
    folders = {folder for path in files for folder in path.parents if folder != Path()}
    sizes.update({folder: sum(sizes[path] for path in files if folder in path.parents) for folder in folders})
    return [path.as_posix() for path in sorted(sizes, key=lambda path: (-sizes[path], path))]


class Worker:
    """A process that reports on one fixture after another."""

    main: Main
    inside: tuple[str, ...]
    opened: set[str]

    @classmethod
    def start(cls, folder: str) -> None:
        """Import the command line, and watch which files are opened from now on."""
        of = checkout(Path(folder))
        cls.main = staticmethod(command_line(of))
        folders = (of.package, HERE / "benchmarks", sys.prefix, sys.base_prefix, "/proc/self")
        cls.inside = (*(f"{folder}/" for folder in folders), "/proc/stat")  # which psutil reads when it is imported
        cls.opened = set()
        signal.signal(signal.SIGALRM, cls.too_long)
        sys.addaudithook(cls.heard)

    @staticmethod
    def too_long(_signal: int, _frame: FrameType | None) -> NoReturn:
        """End the report that runs."""
        raise OutOfTimeError

    @classmethod
    def heard(cls, event: str, args: tuple[object, ...]) -> None:
        """Take note of an absolute path that is opened, or a folder that is listed."""
        if event in {"open", "os.listdir", "os.scandir"} and isinstance(args[0], str) and args[0].startswith("/"):
            cls.opened.add(args[0])

    @classmethod
    def elsewhere(cls) -> frozenset[str]:
        """Of these the ones that are there, and belong neither to the package nor to Python: this machine's own."""
        named = (path for path in cls.opened.difference(sys.path) if not path.startswith(cls.inside))
        return frozenset(path for path in named if os.path.lexists(path))

    @classmethod
    def report(cls, fixture: str, form: str, seconds: int) -> Printed:
        """Run `report` as from a shell, and keep what it prints."""
        sys.argv = [NAME, "report", fixture, "--format", form]
        streams = [io.BytesIO(), io.BytesIO()]
        cls.opened.clear()
        start = time.perf_counter()
        with captured(*streams):
            signal.alarm(seconds)
            try:
                cls.main()
                code = "0"
            except SystemExit as left:
                code = str(left.code or 0)
            except OutOfTimeError:
                code = f"not done within {seconds} s"
            except Exception as error:  # a traceback is an outcome, too
                code = f"{type(error).__name__}: {error}"
            finally:
                signal.alarm(0)
        taken = time.perf_counter() - start
        return Printed(fixture, code, streams[0].getvalue(), streams[1].getvalue(), taken, cls.elsewhere())


@contextlib.contextmanager
def captured(stdout: io.BytesIO, stderr: io.BytesIO) -> Iterator[None]:
    """What is printed goes into these."""
    texts = [io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in (stdout, stderr)]
    with contextlib.redirect_stdout(texts[0]), contextlib.redirect_stderr(texts[1]):
        yield
    for text in texts:
        text.detach()  # else it closes what it wrote to


def printed(package: Path, form: str, seconds: int) -> Iterator[Printed]:
    """The reports on all fixtures, as they are done."""
    os.environ.update(environment())
    for name in UNSET:
        os.environ.pop(name, None)
    context = get_context("spawn")  # a fork would have whatever this process has imported
    with ProcessPoolExecutor(PROCESSES, context, Worker.start, (str(package.resolve()),)) as pool:
        running = [pool.submit(Worker.report, fixture, form, seconds) for fixture in fixtures()]
        for future in running:
            yield future.result()


def keep(report: Printed, folder: Path, ending: str) -> None:
    """Write a report; what it said on stderr, and an exit code that is not 0, go into a file beside it."""
    path = folder / f"{report.fixture}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(report.stdout)
    if report.stderr or report.code != "0":
        path.with_name(f"{path.name}.err").write_bytes(f"exit {report.code}\n".encode() + report.stderr)


def emptied(folder: Path) -> None:
    """A folder to write to: new, or one that was written before."""
    if folder.exists() and any(folder.iterdir()) and not (folder / ABOUT).is_file():
        raise SystemExit(f"{folder} holds something else")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def write(folder: Path, package: Path, form: str, seconds: int) -> int:
    """Keep all reports; 1 if one ended in a traceback or not in time."""
    if not FIXTURES.is_dir():
        raise SystemExit("run this from the root of the repository: here is no fixtures/")
    emptied(folder)
    start = time.perf_counter()
    done = []
    for report in printed(package, form, seconds):
        keep(report, folder, ENDINGS[form])
        done.append(report._replace(stdout=b"", stderr=b""))
    elsewhere = sorted({path for report in done for path in report.read_elsewhere})
    about = {"format": form, "python": sys.version.split()[0], "reports": len(done), "read_elsewhere": elsewhere}
    (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n")
    refused = sum(report.code != "0" for report in done)
    print(f"{len(done)} reports, {refused} of them refused, in {time.perf_counter() - start:.0f} s: {folder}")
    for report in sorted(done, key=lambda report: -report.seconds)[:SLOWEST]:
        print(f"  {report.seconds:5.1f} s  {report.fixture}")
    if elsewhere:
        print("Files of this machine were read, so that on another one a report may differ:", *elsewhere, sep="\n  ")
    failed = [report for report in done if report.failed]
    for report in failed:
        print(f"{report.fixture}: {report.code}")
    return 1 if failed else 0


def compare(before: Path, after: Path) -> int:
    """Print what differs; 1 if anything does."""
    told = []
    for folder in (before, after):
        if not (folder / ABOUT).is_file():
            raise SystemExit(f"{folder} holds no reports")
        told.append(json.loads((folder / ABOUT).read_text()))
    for name in told[0].keys() | told[1].keys():
        if told[0].get(name) != told[1].get(name):
            print(f"not made alike: {name} was {told[0].get(name)}, is {told[1].get(name)}")
    return 0 if compared(before, after, {ABOUT}) else 1


def main() -> int:
    """Write or compare."""
    options = argparse.ArgumentParser()
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="FOLDER")
    what.add_argument("--compare", type=Path, nargs=2, metavar=("BEFORE", "AFTER"))
    options.add_argument("--format", choices=sorted(ENDINGS), default="json")
    options.add_argument("--package", type=Path, default=HERE, help="the checkout whose code runs  [default: this one]")
    options.add_argument("--seconds", type=int, default=120, help="what one report may take  [default: 120]")
    chosen = options.parse_args()
    if chosen.compare:
        return compare(*chosen.compare)
    return write(chosen.write, chosen.package, chosen.format, chosen.seconds)


if __name__ == "__main__":
    sys.exit(main())
