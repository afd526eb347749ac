"""Feed what atheris makes of a corpus folder to every reader until one fails.

    python -m tests.read.coverage_fuzz CORPUS -max_total_time=600

Needs the package atheris. An empty folder is filled with the seeds of test_fuzz.py first.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["asyncspy.read", "asyncspy.recording.saved_form"]):
    from asyncspy import read
    from asyncspy.read.logs import log_file

    READERS = {known.name: read.import_reader(known.module) for known in read.FORMATS}

from asyncspy.analyse import analyse
from asyncspy.errors import InputError
from tests.read.test_fuzz import SEEDS, seed

READERS["log"] = partial(log_file.read, block_size=300)  # what is meant for large files is tried on small ones


def one(data: bytes) -> None:
    """Everything but a profile and an InputError is a finding."""
    for known in read.FORMATS:
        try:
            if known.sniff(data[:65536]):
                profile = READERS[known.name](io.BytesIO(data), "fuzzed")
                analyse(profile)
                repr(profile).encode()
        except InputError:
            continue


def main() -> None:
    """Fill the corpus, and go on."""
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for name in SEEDS:
        (corpus / name.replace(" ", "-")).write_bytes(seed(name))
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
