"""Damaged files of every format end in a profile or in an InputError, and in nothing else.

ASYNCSPY_FUZZ_EXAMPLES makes the run longer.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asyncspy.analyse import analyse
from asyncspy.errors import InputError
from asyncspy.read import FORMATS, load
from tests.read.fixtures import FIXTURES

EXAMPLES = int(os.environ.get("ASYNCSPY_FUZZ_EXAMPLES", "60"))
SEED_BYTES = 6_000
SEEDS = {
    "speedscope": "hostile/weight-nan.speedscope.json",
    "asyncspy": "hostile/rate-zero.asyncspy.json",
    "evented": "hostile/evented-never-closed.speedscope.json",
    "chrometrace": "formats/py-spy-chrometrace-processes.json",
    "dump --json": "hostile/ids-absurd.dump.json",
    "dump": "formats/py-spy-dump.txt",
    "svg": "hostile/stylesheet.svg",
    "pixels": "hostile/pixels-overlap.svg",
    "austin": "formats/austin-sleepless.txt",
    "collapsed": "formats/sampling-3.15-collapsed.txt",
    "raw": "recordings/odd-newline-in-command-line.raw.txt",
    "log": "logs/plain.log",
    "json log": "logs/structlog-dict.json.log",
    "journal": "logs/journal.json.log",
    "escaped": "logs/rsyslog.log",
    "cri": "logs/cri-split-text.log",
    "export": "logs/journal-split.export.log",
    "sentry": "traces/sentry.envelopes.json",
    "otlp": "traces/otel-otlp.json",
    "django page": "traces/django-500.txt",
    "gzip": "hostile/truncated.gz",
}
TOKENS = [
    *(b"\0", b"\xff", b"\n", b";", b'"', b"{", b"[", b"]", b"}", b":", b" ", b"-1", b"1e999", b"NaN", b"null", b"true"),
    *(
        b"<",
        b"&",
        b"\\",
        b"\\u0000",
        b"\xed\xa0\x80",
        b"\x1b[31m",
        b"9" * 400,
        b"\xd9\xa1",
        b"_1",
        b"0x",
        b"process 1:",
    ),
    *(b"Traceback (most recent call last):\n", b"SynchronousOnlyOperation: ", b'File "a", line 1, in b\n', b"#012"),
]
Change = tuple[int, int, bytes]


def seed(name: str) -> bytes:
    data = (FIXTURES / SEEDS[name]).read_bytes()
    if data[:1] == b"[" and len(data) > SEED_BYTES:  # a list of events: whole ones
        return data[: data.rfind(b"},{", 0, SEED_BYTES) + 1] + b"]"
    return data[: max(SEED_BYTES, data.find(b"\n") + 1)]


def changed(data: bytes, changes: list[Change]) -> bytes:
    for at, removed, put in changes:
        place = at % (len(data) + 1)
        data = data[:place] + put + data[place + removed :]
    return data


CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.integers(0, 40), st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6))),
    max_size=8,
)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_the_seeds_are_read_or_refused_as_they_are(name: str) -> None:
    assert any(one.sniff(seed(name)) for one in FORMATS) or name == "gzip"


@pytest.mark.parametrize("name", sorted(SEEDS))
@given(changes=CHANGES)
@settings(max_examples=EXAMPLES, deadline=5_000, suppress_health_check=list(HealthCheck), database=None)
@example(changes=[])
def test_damage_ends_in_a_profile_or_one_clear_error(name: str, changes: list[Change]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(changed(seed(name), changes))
        file.flush()
        try:
            profile = load(Path(file.name))
        except InputError:
            return
    analyse(profile)
    repr(profile).encode("utf-8")
    assert profile.total >= 0
    assert all(count > 0 for count in profile.stacks.values())
