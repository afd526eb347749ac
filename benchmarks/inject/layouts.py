"""Take the layouts of asyncspy/sample/inject/layouts.py from the headers of installed Pythons, and compare them.

    python -m benchmarks.inject.layouts             compare with what is committed, for every Python found here
    python -m benchmarks.inject.layouts --print     the rows to put there
    python -m benchmarks.inject.layouts --headers /ROOT/usr/include     also with those in another root

Needs gcc, for aarch64 gcc-aarch64-linux-gnu (Debian), and Pythons with headers: pyenv's, Debian's python3-dev.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from asyncspy.sample.inject.layouts import LAYOUTS, Layout

PROGRAM = Path(__file__).with_name("layouts.c")
COMPILERS = {"x86_64": "gcc", "aarch64": "aarch64-linux-gnu-gcc"}
PYENV = Path.home() / ".pyenv" / "versions"
OLDEST, NEWEST = (3, 9), (3, 13)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--print", action="store_true", dest="rows")
    asked.add_argument("--headers", type=Path, nargs="*", default=[], help="more folders like /usr/include")
    given = asked.parse_args()
    different = 0
    for architecture, compiler in COMPILERS.items():
        if not shutil.which(compiler):
            print(f"{architecture}: {compiler} is not installed", file=sys.stderr)
            continue
        for folder in header_folders(given.headers):
            try:
                version, layout = measured(compiler, folder)
            except subprocess.CalledProcessError:
                print(f"{architecture}: {folder} is not for it", file=sys.stderr)  # Debian's pyconfig.h
                continue
            if given.rows:
                print(f"{architecture} {version[:2]}: {layout},")
                continue
            same = layout in LAYOUTS.get((architecture, *version[:2]), ())
            different += not same
            print(
                f"{architecture:8} {'.'.join(map(str, version)):8} {'as committed' if same else 'DIFFERENT'}  {folder}"
            )
    sys.exit(bool(different))


def header_folders(more: list[Path]) -> Iterator[Path]:
    """Of the versions that have such a queue."""
    others = [each for folder in [Path("/usr/include"), *more] for each in folder.glob("python3.*")]
    for folder in sorted([*PYENV.glob("3.*/include/python3.*"), *others]):
        found = re.fullmatch(r"python(\d+)\.(\d+)", folder.name)
        if found and OLDEST <= (int(found[1]), int(found[2])) <= NEWEST and (folder / "internal").is_dir():
            yield folder


def measured(compiler: str, headers: Path) -> tuple[tuple[int, int, int], Layout]:
    """The exact version of these headers, and the layout that this compiler makes of them."""
    command = [
        compiler,
        "-w",
        "-S",
        "-o",
        "-",
        f"-I{headers}",
        f"-I{headers}/internal",
        f"-I{headers.parent}",
        str(PROGRAM),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {name: int(value) for name, value in re.findall(r"^->(\w+) #?(\d+)", done.stdout, re.MULTILINE)}
    number = found.pop("version")
    return (number >> 16, number >> 8 & 255, number & 255), Layout(**found)


if __name__ == "__main__":
    main()
