"""Every file of fixtures/hostile: one clear error, or a report with the bad part counted; no crash, no hang."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from asyncspy.cli import commands
from asyncspy.errors import InputError
from asyncspy.read import load
from tests.read.fixtures import FIXTURES

HOSTILE = FIXTURES / "hostile"
MEGABYTE = 1024**2
SPARE_BYTES = 300 * MEGABYTE
SPARE_SECONDS = 15.0


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_hostile", FIXTURES / "make_hostile.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _maker()

REFUSED = {
    "austin-memory.txt": "Austin measured memory here, not time",
    "billion-laughs.svg": "its XML declares entities of its own,",
    "complete-events.chrometrace.json": "none of its 1 events begins a frame",
    "csv.csv": "not a recording of a known format (spe",
    "elf.bin": "not a recording of a known format (spe",
    "evented-in-bytes.speedscope.json": "none of its 1 samples can be used",
    "events-a-number.chrometrace.json": "it holds no list of events",
    "frames-a-dict.speedscope.json": 'it has no list "frames", as a speedsco',
    "html.html": "not a recording of a known format (spe",
    "index-not-utf-8.speedscope.json": "its JSON is broken or cut short: 'utf-",
    "index-of-5000-digits.speedscope.json": "its JSON holds a number with thousands",
    "multi-byte-encoding.svg": "its XML cannot be decoded: multi-byte e",
    "not-closed.django.html": "it is a page of Django's without its t",
    "no-object.speedscope.json": "its JSON is broken or cut short: Extra",
    "no-thread.dump.txt": "no thread is in it",
    "not-closed.svg": "its XML is broken or cut short: no ele",
    "not-gzip-after-all.gz": "what is packed in it is damaged or cut",
    "not-zstd-after-all.zst": "what is packed in it is damaged or cut",
    "nul-in-name.raw.txt": "not a recording of a known format (spe",
    "one-byte.bin": "not a recording of a known format (spe",
    "origin-without-sampler.asyncspy.json": "this recording's account of where it c",
    "packed-twice.gz": "not a recording of a known format (spe",
    "parameter-entity.svg": "its XML declares entities of its own,",
    "profile-is-null.speedscope.json": "none of its 4 samples can be used",
    "samples-a-string.speedscope.json": "none of its 1 samples can be used",
    "thread-id-absurd.dump.txt": "no thread is in it",
    "truncated.chrometrace.json": "its JSON is broken or cut short: Expec",
    "truncated.dump.json": "its JSON is broken or cut short: Expec",
    "truncated.gz": "what is packed in it is damaged or cut",
    "two-roots.svg": "its XML is broken or cut short: junk a",
    "unknown-encoding.svg": "its XML cannot be decoded: unknown enc",
    "unknown-entity.svg": "its XML is broken or cut short: undefi",
    "utf-16.svg": "its XML is broken or cut short: encodi",
}

COUNTED = {  # samples, dropped, events
    "austin-colons-in-file.txt": (1, 0, 0),
    "austin-full.txt": (1, 1, 0),
    "austin-interval-absurd.txt": (1, 0, 0),
    "austin-interval-zero.txt": (1, 0, 0),
    "austin-only-invalid.txt": (1, 0, 0),
    "begins-endless.log": (0, 0, 1),
    "bom-only.txt": (0, 0, 0),
    "chain-of-itself.structlog.log": (0, 50, 1),
    "context-a-list.otel.json": (0, 0, 2),
    "errors-a-string.graphql.json": (0, 0, 0),
    "escapes.django.html": (0, 0, 1),
    "escapes.otel.json": (0, 0, 1),
    "export-of-numbers.otel.json": (0, 0, 0),
    "frames-a-dict.structlog.log": (0, 1, 0),
    "frames-wrong-types.sentry.json": (0, 0, 1),
    "line-absurd.sentry.json": (0, 0, 1),
    "markup.django.html": (0, 0, 1),
    "newline-in-function.sentry.json": (0, 0, 1),
    "path-endless.graphql.json": (0, 1, 0),
    "path-hostile.graphql.json": (0, 3, 0),
    "spans-in-spans.otel.json": (0, 0, 1),
    "stacktrace-a-number.otel.json": (0, 1, 1),
    "truncated.sentry.json": (0, 1, 0),
    "two-fields.django.html": (0, 0, 1),
    "type-lies.sentry.json": (0, 1, 1),
    "values-a-dict.sentry.json": (0, 1, 0),
    "collapsed-without-count.txt": (2, 1, 0),
    "count-absurd.raw.txt": (2, 1, 0),
    "count-float.raw.txt": (2, 1, 0),
    "count-negative.raw.txt": (2, 1, 0),
    "duplicate-keys.speedscope.json": (2, 0, 0),
    "empty-frames.raw.txt": (5, 0, 0),
    "empty.gz": (0, 0, 0),
    "ends-without-begin.chrometrace.json": (1, 1, 0),
    "evented-back-in-time.speedscope.json": (4, 1, 0),
    "evented-closed-before-open.speedscope.json": (3, 1, 0),
    "evented-infinite.speedscope.json": (2, 1, 0),
    "evented-nan.speedscope.json": (2, 1, 0),
    "evented-never-closed.speedscope.json": (2, 0, 0),
    "evented-out-of-range.speedscope.json": (2, 3, 0),
    "exporter-a-number.speedscope.json": (2, 0, 0),
    "external-dtd.svg": (10, 0, 0),
    "file-with-escapes.log": (0, 0, 1),
    "frame-without-name.dump.json": (1, 1, 0),
    "frames-endless.log": (0, 0, 1),
    "frames-missing.dump.json": (1, 4, 0),
    "height-is-nan.svg": (10, 1, 0),
    "ids-absurd.dump.json": (2, 0, 0),
    "index-beyond-64-bits.speedscope.json": (1, 1, 0),
    "json-message-of-bytes.log": (0, 0, 0),
    "json-nested.log": (0, 1, 0),
    "json-time-absurd.log": (0, 0, 1),
    "json-truncated.log": (0, 0, 0),
    "json-wrong-types.log": (0, 1, 0),
    "line-a-string.dump.json": (2, 0, 0),
    "line-negative.chrometrace.json": (1, 0, 0),
    "line-number-absurd.log": (0, 0, 1),
    "line-number-absurd.raw.txt": (2, 0, 0),
    "locals-look-like-frames.dump.txt": (1, 0, 0),
    "message-lies.log": (0, 1, 0),
    "name-a-dict.speedscope.json": (2, 0, 0),
    "name-bidi.speedscope.json": (2, 0, 0),
    "name-html.speedscope.json": (2, 0, 0),
    "name-inside-a-word.log": (0, 0, 0),
    "name-markup.speedscope.json": (2, 0, 0),
    "name-newline.speedscope.json": (2, 0, 0),
    "name-nul.speedscope.json": (2, 0, 0),
    "name-spoofs-thread.dump.txt": (1, 0, 0),
    "name-terminal.speedscope.json": (2, 0, 0),
    "name-with-markup.svg": (10, 0, 0),
    "never-ends.chrometrace.json": (1, 0, 0),
    "newlines.txt": (0, 0, 0),
    "no-end.log": (0, 0, 0),
    "no-frames.log": (0, 1, 0),
    "not-utf8.log": (0, 0, 2),
    "only-the-end.log": (0, 1, 0),
    "origin-a-list.asyncspy.json": (2, 0, 0),
    "pid-absurd.speedscope.json": (2, 0, 0),
    "pixels-absurd.svg": (10, 1, 0),
    "pixels-count-lies.svg": (10, 1, 0),
    "pixels-count-zero.svg": (10, 1, 0),
    "pixels-overlap.svg": (10, 1, 0),
    "prose-between.dump.txt": (1, 1, 0),
    "rate-absurd.asyncspy.json": (2, 0, 0),
    "rate-absurd-weights-differ.asyncspy.json": (2, 0, 0),
    "rate-zero.asyncspy.json": (2, 0, 0),
    "sample-is-nested.speedscope.json": (1, 1, 0),
    "script.svg": (10, 0, 0),
    "stylesheet.svg": (10, 0, 0),
    "thread-a-list.chrometrace.json": (1, 0, 0),
    "two-roots-of-frames.svg": (20, 2, 0),
    "unit-a-list.speedscope.json": (2, 0, 0),
    "utf-16.raw.txt": (2, 0, 0),
    "weight-absurd.speedscope.json": (1, 1, 0),
    "weight-infinite.speedscope.json": (1, 1, 0),
    "index-infinite.speedscope.json": (1, 1, 0),
    "weight-nan.speedscope.json": (1, 1, 0),
    "weight-negative.speedscope.json": (1, 1, 0),
    "weight-tiny.speedscope.json": (2, 0, 0),
    "weights-least.speedscope.json": (2, 0, 0),
    "weights-nothing.speedscope.json": (2, 0, 0),
    "width-beyond-root.svg": (10, 1, 0),
    "width-is-absurd.svg": (10, 1, 0),
    "width-is-infinite.svg": (10, 1, 0),
    "width-is-nan.svg": (10, 1, 0),
    "width-is-negative.svg": (10, 1, 0),
    "windows.dump.txt": (1, 0, 0),
    "wrong-types.chrometrace.json": (1, 7, 0),
    "xinclude.svg": (10, 0, 0),
}

MEASURED = """
import json, sys, time
from pathlib import Path
from asyncspy.errors import InputError
from asyncspy.read import load
start = time.process_time()
try:
    outcome = load(Path(sys.argv[1])).inputs[0].format
except InputError as error:
    outcome = "refused" if error.remedy else "no remedy"
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([outcome, time.process_time() - start, int(peak) * 1024]))
"""

LARGE = {
    "one-line-of-16-mb.txt": "refused",
    "one-line-of-16-mb.log": "log",
    "brackets.json": "refused",
    "spaces.json": "speedscope",
    "million-profiles.speedscope.json": "refused",
    "lists-all-open.speedscope.json": "refused",
    "attributes.svg": "refused",
    "deep.svg": "refused",
    "million-boxes.svg": "svg",
    "semicolons.raw.txt": "raw",
    "quotes.raw.txt": "refused",
    "quotes-after-a-stack.raw.txt": "raw",
    "names-all-different.raw.txt": "raw",
    "threads.dump.txt": "dump",
    "events.chrometrace.json": "chrometrace",
    "prefixes-all-different.log": "log",
    "mentions.log": "log",
    "brackets.dump.txt": "dump",
    "colons.austin.txt": "folded",
    "spans-in-spans.otel.json": "log",
    "stacktraces.otel.json": "log",
    "frames.sentry.json": "log",
    "fields-all-different.graphql.json": "log",
    "errors.graphql.json": "log",
    "frames.django.html": "log",
    "entities.django.html": "log",
    "bomb.svg.gz": "refused",
}


def test_every_hostile_file_has_an_expected_outcome_and_is_as_it_was_made() -> None:
    assert set(MAKER.FILES) == set(REFUSED) | set(COUNTED) == {path.name for path in HOSTILE.iterdir()}
    assert set(MAKER.LARGE) == set(LARGE)
    assert len(MAKER.FILES) >= 60
    assert all((HOSTILE / name).read_bytes() == data for name, data in MAKER.FILES.items())


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_is_refused_with_the_reason_and_a_remedy(name: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load(HOSTILE / name)
    assert reason in caught.value.message
    assert str(HOSTILE / name) in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(("name", "expected"), COUNTED.items())
def test_is_read_with_the_bad_part_counted(name: str, expected: tuple[int, int, int]) -> None:
    profile = load(HOSTILE / name)
    events = sum(logged.times for logged in profile.events.values())
    assert (profile.total, profile.inputs[0].dropped, events) == expected


@pytest.mark.parametrize("form", ["terminal", "json"])
@pytest.mark.parametrize("name", sorted({*REFUSED, *COUNTED}))
def test_the_command_ends_well_and_shows_names_inert(name: str, form: str) -> None:
    shown = CliRunner().invoke(commands, ["report", "--format", form, str(HOSTILE / name)], prog_name="asyncspy")
    assert shown.exit_code == (4 if name in REFUSED else 0), shown.output
    assert not isinstance(shown.exception, Exception)
    for character in "\x1b\x07\x00\u202e\u2066":
        assert character not in shown.output
    if form == "json" and name in COUNTED:
        json.loads(shown.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/status is Linux")
@pytest.mark.parametrize(("name", "outcome"), LARGE.items())
def test_large_ones_take_neither_memory_nor_time(name: str, outcome: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(MAKER.LARGE[name]())
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", MEASURED, path], capture_output=True, timeout=120, check=False)
    assert not done.stderr, done.stderr[-2000:]
    ended, seconds, peak = json.loads(done.stdout)
    size = path.stat().st_size
    assert ended == outcome
    assert peak < SPARE_BYTES + 3 * size
    assert seconds < SPARE_SECONDS, time.monotonic() - start


def test_what_is_named_in_an_svg_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr("socket.socket.connect", refuse)
    for name in ("external-dtd.svg", "stylesheet.svg", "xinclude.svg", "script.svg"):
        assert load(HOSTILE / name).total == 10


def test_locals_that_look_like_frames_are_none() -> None:
    (stack,) = load(HOSTILE / "locals-look-like-frames.dump.txt").stacks
    assert [frame.function for frame in stack.frames] == ["main"]


def test_a_frame_that_a_name_pretends_is_none() -> None:
    (event,) = load(HOSTILE / "newline-in-function.sentry.json").events
    assert "innocent" not in [frame.function for frame in event.frames]


def test_an_exception_named_in_another_s_message_is_none() -> None:
    assert load(HOSTILE / "message-lies.log").events == {}
