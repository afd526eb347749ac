from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Entry, Evidence
from asyncspy.model.stacks import Frame, InputFile
from asyncspy.report.terminal.analysis_page import render
from tests.report import examples
from tests.report.views import view

EVERY_EXAMPLE = pytest.mark.parametrize("name", examples.ALL)
SGR = re.compile(r"\x1b\[([\d;]*)m")


def words_of(text: str) -> str:
    """The text without its line breaks and gaps."""
    return " ".join(text.split())


def report(analysis: Analysis, width: int = 80, **changed: object) -> str:
    return render(analysis, view(width, **changed))


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("one", "1 line of your code calls async-unsafe Django on the event loop."),
        ("typical", "3 lines call async-unsafe Django on the event loop: 2 yours, 1 in a package."),
        ("crowded", "2 lines of your code call async-unsafe Django on the event loop."),
        ("hostile", "1 line of a package calls async-unsafe Django on the event loop."),
        ("none_seen", "No async-unsafe call was seen on the event loop."),
        ("no_samples", "Nothing could be judged."),
    ],
)
def test_the_first_line_is_the_verdict(name: str, verdict: str) -> None:
    assert report(examples.ALL[name]).splitlines()[0] == verdict


def test_two_calls_on_one_line_are_one_line() -> None:
    both = (examples.own, replace(examples.own, call="QuerySet.exists"))
    assert report(replace(examples.one, findings=both)).startswith("1 line of your code calls")


def test_findings_are_numbered_in_the_order_of_the_analysis() -> None:
    titles = re.findall(r"^(\d)  (\S+)  ", report(examples.typical), re.MULTILINE)
    assert titles == [("1", "shop/pricing.py:22"), ("2", "shop/signals.py:12"), ("3", "stocktake/middleware.py:57")]


def test_a_finding_tells_all_that_is_needed_to_mend_it() -> None:
    text = words_of(report(examples.one))
    for part in (
        "44 of 17,412 loop samples · 0.25% (95%: 0.19–0.34%)",
        "▸ 22 │ return User.objects.filter(is_active=True).count()",
        "from 82% async view shop/views.py:25 checkout",
        "18% middleware shop/middleware.py:40 StockMiddleware.__call__",
        "path checkout ▸ Cart.summary (shop/cart.py:61) ▸ helper_count ▸ QuerySet.count ▸ … 2 frames of Django",
        "seen 5 reached the guard, 39 heading into it",
        "fix return await User.objects.filter(is_active=True).acount() Django 4.1+, you run 5.2.19 "
        "or await sync_to_async(helper_count)(…) in Cart.summary (cart.py:61), with helper_count as it is What",
    ):
        assert part in text


def test_the_source_line_stands_between_its_neighbours() -> None:
    lines = report(replace(examples.one, findings=(examples.many_entries,))).splitlines()
    at = lines.index("     87 │ def total(self):")
    assert lines[at + 1] == "   ▸ 88 │     return sum(line.price for line in self.lines)"
    assert lines[at + 2] == ""


@pytest.mark.parametrize("source", [None, lambda *_: [], lambda *_: [(21, "only its neighbour")]])
def test_a_source_that_cannot_be_read_leaves_no_trace(source: object) -> None:
    text = report(examples.one, source=source)
    assert "│" not in text
    assert "only its neighbour" not in text


def test_an_allowed_call_is_said_to_corrupt_silently() -> None:
    text = words_of(report(examples.typical))
    assert text.count("DJANGO_ALLOW_ASYNC_UNSAFE let this call pass: silent corruption instead of an error.") == 1
    assert "DJANGO_ALLOW_ASYNC_UNSAFE" not in report(examples.one)


def test_a_package_is_named_where_no_own_line_is_on_the_way() -> None:
    assert "None of your own code is on the way: package stocktake is at fault." in report(examples.typical)
    assert "at fault" not in report(examples.one)


def test_entries_beyond_five_are_summed_up_unless_all_are_asked_for() -> None:
    analysis = replace(examples.one, findings=(examples.many_entries,))
    assert "wishlist_page" in report(analysis)
    assert "returns_page" not in report(analysis)
    assert "… 3 more, 14% together" in report(analysis)
    everything = report(analysis, show_all=True)
    assert "returns_page" in everything
    assert "cart_badge" in everything
    assert "more," not in everything


def test_show_all_unfolds_the_path_with_relative_names() -> None:
    text = report(examples.one, show_all=True)
    assert "frames of" not in text
    for part in ("django/db/models/sql/query.py:644 ", "Query.get_aggregation\n", "shop/cart.py:61 "):
        assert part in text
    assert "site-packages" not in text


def test_names_are_relative_to_the_targets_directory() -> None:
    assert examples.ROOT + "/" not in report(examples.typical)
    assert examples.ROOT + "/shop/pricing.py:22" in report(examples.typical, root=None)


@pytest.mark.parametrize(
    ("evidence", "seen"),
    [
        (Evidence(reached=1), "1 reached the guard"),
        (Evidence(heading=7), "7 heading into the guard"),
        (Evidence(reached=1200, heading=7), "1,200 reached the guard, 7 heading into it"),
        (Evidence(logged=1), "1 traceback in a log"),
        (Evidence(logged=3, exact=2), "3 tracebacks in a log, 2 counted at the guard"),
    ],
)
def test_evidence_is_worded_grade_by_grade(evidence: Evidence, seen: str) -> None:
    finding = replace(examples.own, evidence=evidence, share=None)
    assert f"   seen   {seen}\n" in report(replace(examples.one, findings=(finding,)))


def test_a_finding_from_a_log_alone_claims_no_samples() -> None:
    finding = replace(examples.own, evidence=Evidence(logged=3), share=None)
    lines = report(replace(examples.one, findings=(finding,))).splitlines()
    title = lines.index("1  shop/pricing.py:22  helper_count")
    assert lines[title + 1] == "   3 tracebacks in a log"


def test_what_was_recorded_of_whom() -> None:
    text = words_of(report(examples.one))
    assert "3m 10s · 100 Hz · 17,412 loop samples · threads holding the GIL · 0.10% lost" in text
    assert "pid 48291 · gunicorn 27.0.1 · shop.asgi:application · Python 3.12.1" in text
    assert "Django 5.2.19 · asgiref 3.13.0" in text


def test_workers_that_run_the_same_share_a_line() -> None:
    text = report(examples.crowded)
    assert text.count("gunicorn 27.0.1") == 1
    assert "pids 48291, 48292" in text


def test_what_makes_the_figures_doubtful_is_said() -> None:
    text = words_of(report(examples.crowded))
    assert "! py-spy fell 1.2s behind: the figures may be off." in text
    assert "! The recording was interrupted" in text
    assert "!" not in report(examples.one)


def test_the_reach_of_the_recording() -> None:
    text = words_of(report(examples.one))
    assert "What this recording could not see" in text
    assert "less often than about once in 1.6s may have been missed." in text
    assert "Anything not listed takes under 0.018% of the loop's samples (95% confidence)." in text
    assert "hold no GIL" in text


@pytest.mark.parametrize(
    ("interval", "said"),
    [(0.047, "about 21 times a second"), (0.6, "about 2 times a second"), (0.94, "about once in 0.9s")],
)
def test_a_short_recording_misses_even_what_happens_often(interval: float, said: str) -> None:
    shown = replace(examples.one, reach=replace(examples.REACH, catch_interval_seconds=interval))
    assert f"less often than {said} may have been missed." in words_of(report(shown))


def test_waits_are_not_said_to_be_missing_where_they_were_recorded() -> None:
    assert "hold no GIL" not in report(replace(examples.one, origins=(examples.origin(mode="wall"),)))


def test_none_seen_is_no_clean_bill() -> None:
    text = words_of(report(examples.none_seen))
    assert "This is no clean bill of health 0 of 17,412 loop samples" in text
    assert "less often than about once in 1.6s may have been missed." in text
    assert "Such calls take under 0.018% of the loop's samples" in text
    assert "asyncspy attach --pid 48291 --duration 760 longer, to catch rarer calls" in text


@pytest.mark.parametrize(
    ("name", "why", "attach"),
    [
        ("no_samples", "The recording holds no samples", True),
        ("only_sync", "this looks like WSGI", False),
        ("only_pool", "only in its thread pools", True),
    ],
)
def test_no_data_says_why_and_what_to_do(name: str, why: str, attach: bool) -> None:
    text = words_of(report(examples.ALL[name]))
    assert why in text
    assert "asyncspy find-workers which processes serve requests" in text
    assert ("asyncspy attach --pid 48291 while it serves requests" in text) is attach


def test_no_data_shows_where_the_samples_ran() -> None:
    text = words_of(report(examples.only_sync))
    assert "All samples: 930 in synchronous code without a loop, 10 waiting for work." in text


def test_inputs_with_something_to_say_say_it() -> None:
    text = words_of(report(examples.crowded))
    assert "flame.svg py-spy SVG, 404 stacks, 3 could not be used frames under 0.1%" in text
    assert "web.log log, 4 events, 1 could not be used" in text
    assert "speedscope, 812" not in text
    assert "What was read" not in report(replace(examples.one, inputs=(InputFile("a.json", "speedscope", 3),)))


def test_the_recording_and_the_next_commands_can_be_pasted() -> None:
    text = report(examples.one, saved="/srv/two words.json", width=120)
    assert "Saved  /srv/two words.json\n" in text
    command = next(line for line in text.splitlines() if "asyncspy report" in line).split("   ")[-2].strip()
    assert shlex.split(command) == ["asyncspy", "report", "/srv/two words.json"]


def test_only_commands_that_exist_are_named() -> None:
    for analysis in examples.ALL.values():
        commands = re.findall(r"(?<![\w-])asyncspy ([a-z-]+)", report(analysis))
        assert commands
        assert set(commands) <= {"find-workers", "attach", "report", "demo"}


@EVERY_EXAMPLE
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("show_all", [False, True])
def test_no_line_is_wider_than_asked_or_ends_in_blanks(name: str, width: int, show_all: bool) -> None:
    for line in report(examples.ALL[name], width, show_all=show_all).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_every_finding_keeps_its_line_number(width: int) -> None:
    text = report(examples.crowded, width)
    assert "shop/cart.py:88" in text
    assert re.search(r"^2  \S+:1184", text, re.MULTILINE)


@EVERY_EXAMPLE
def test_without_colour_there_is_no_escape(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in report(examples.ALL[name])


@EVERY_EXAMPLE
def test_colour_adds_nothing_but_colour(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    coloured = report(examples.ALL[name], color=True)
    assert {code for found in SGR.findall(coloured) for code in found.split(";")} & {"31", "32", "36"}
    assert SGR.sub("", coloured) == report(examples.ALL[name])


def test_only_colours_that_light_and_dark_grounds_carry() -> None:
    codes = {code for found in SGR.findall(report(examples.typical, color=True)) for code in found.split(";")}
    bold, dim, red, green, cyan = "1", "2", "31", "32", "36"
    assert codes <= {"", "0", bold, dim, red, green, cyan}


@EVERY_EXAMPLE
@pytest.mark.parametrize("show_all", [False, True])
def test_no_name_from_outside_is_obeyed(name: str, show_all: bool) -> None:
    text = report(examples.ALL[name], show_all=show_all, saved=examples.HOSTILE)
    assert not [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    text.encode("utf-8")


def test_hostile_source_lines_are_shown_as_text() -> None:
    lines = [(21, "\t\x1b[2J\u202e"), (22, "  x\n\x9b\x0b [red]y[/]")]
    text = report(examples.one, source=lambda *_: lines)
    assert r"▸ 22 │ x\n\x9b\x0b [red]y[/]" in text
    assert r"\x1b[2J\u202e" in text


@EVERY_EXAMPLE
def test_plain_terminals_get_plain_ascii(name: str) -> None:
    for show_all in (False, True):
        assert report(examples.ALL[name], ascii=True, show_all=show_all).isascii()


@EVERY_EXAMPLE
def test_the_same_analysis_gives_the_same_report(name: str) -> None:
    assert report(examples.ALL[name]) == report(examples.ALL[name])


def test_a_finding_without_entries_or_remedies_is_still_a_block() -> None:
    finding = replace(examples.own, entries=(), remedies=(), chain=(), sink=None)
    text = report(replace(examples.one, findings=(finding,)))
    assert "   path   helper_count ▸ QuerySet.count\n" in text
    assert "   fix    None is known for this call.\n" in text
    assert "from" not in text


def test_a_remedy_without_code_says_it_all_in_words() -> None:
    assert "   fix    await request.session.aget(…) · Django 5.1+, you run 5.2.19\n" in report(examples.typical)


def test_an_entry_without_weight_divides_by_nothing() -> None:
    finding = replace(examples.own, entries=(Entry("callback", Frame("f", "a.py", 1), 0),))
    assert "0%  callback  a.py:1" in report(replace(examples.one, findings=(finding,)))
