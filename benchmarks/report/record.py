"""Record the demo's workers under load with py-spy alone, at a high rate: a real file for `--recorded`.

python -m benchmarks.report.record {raw,speedscope,flamegraph} FILE [--seconds N]
"""

from __future__ import annotations

import argparse
import subprocess
import sysconfig
from pathlib import Path

from asyncspy.demo.server import running_shop
from asyncspy.demo.traffic import Load

WORKERS, VISITORS, RATE = 4, 8, 1000
OPTIONS = ["--gil", "--subprocesses", "--threads", "--full-filenames", "--nonblocking", "--rate", str(RATE)]


def main() -> None:
    """Serve, load, record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=["raw", "speedscope", "flamegraph"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    py_spy = Path(sysconfig.get_path("scripts"), "py-spy")
    with (
        running_shop(WORKERS) as shop,
        Load(shop.url, shop.session, visitors=VISITORS, seconds=chosen.seconds + 60),
    ):
        what = ["--format", chosen.form, "--duration", str(chosen.seconds), "--pid", str(shop.pid)]
        subprocess.run([py_spy, "record", *OPTIONS, *what, "--output", chosen.file], check=True)


if __name__ == "__main__":
    main()
