"""What holds for any stacks: nothing is lost or counted twice, and no verdict depends on order or spelling."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.stacks import Frame, Profile, Stack
from asyncspy.read.profile_sum import merge_profiles
from asyncspy.read.text_stacks import folded
from asyncspy.report import FORMATS, View
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, POOL, SPELLINGS, UVLOOP, frames

ROOTS = [
    frames(part) for part in (ASYNCIO, UVLOOP, ASYNCIO + HANDLER, UVLOOP + HANDLER, POOL, "main (shop/manage.py:3)")
]

OWN = frames("""
checkout (shop/views.py:25)
checkout (shop/views.py:26)
helper_count (shop/pricing.py:22)
timed.<locals>.wrapper (shop/decorators.py:7)
Basket.get (shop/views.py:60)
fib (shop/pricing.py:40)
checkout.<locals>.<listcomp> (shop/views.py:27)
<lambda> (shop/views.py:31)
Rows.count (shop/query.py:9)
Rows._fetch_all (shop/query.py:19)
load (shop/db.py:9)
inner (shop/asyncio.py:23)
run (shop/runners.py:4)
Handle._run (shop/events.py:9)
has_results (shop/query.py:4)
execute_sql (shop/compiler.py:4)
Model.save_base (shop/base.py:4)
DatabaseWrapper.cursor (shop/backend/base.py:11)
""")

DJANGO = frames(
    COUNT,
    GUARD.format(line=23),
    """
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)
BaseDatabaseWrapper.cursor (django/db/backends/base/base.py:320)
CursorWrapper.execute (django/db/backends/utils.py:79)
CursorWrapper._execute_with_wrappers (django/db/backends/utils.py:92)
QuerySet.filter (django/db/models/query.py:1491)
QuerySet._fetch_all (django/db/models/query.py:1954)
ModelIterable.__iter__ (django/db/models/query.py:93)
QuerySet.__iter__ (django/db/models/query.py:386)
SQLCompiler.as_sql (django/db/models/sql/compiler.py:765)
Signal.send (django/dispatch/dispatcher.py:189)
Model.save (django/db/models/base.py:902)
Model.save_base (django/db/models/base.py:1008)
Template.render (django/template/base.py:171)
SessionStore.load (django/contrib/sessions/backends/db.py:55)
ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:250)
new_method_proxy.<locals>.inner (django/utils/functional.py:251)
""",
)

LIBRARY = frames("""
loads (contextlib.py:343)
TenantMiddleware.__call__ (tenants/middleware.py:14)
trace (tenants/spans.py:3)
wrapped (tenants/spans.py:9)
_Environ.__getitem__ (os.py:680)
""")
"""Frames of libraries that no rule knows."""

MARKERS = (
    *frames(ASYNCIO),
    *frames(POOL),
    *frames("AsyncToSync.main_wrap (asgiref/sync.py:417)"),
    *frames(HANDLER),
    *frames("MiddlewareMixin.__acall__ (django/utils/deprecation.py:148)"),
)

way = st.lists(st.sampled_from((*OWN, *DJANGO, *LIBRARY)), max_size=9).map(tuple)
query = st.sampled_from([(), (), frames(COUNT), frames(COUNT, GUARD.format(line=23))])
tidy = st.builds(lambda root, middle, end: root + middle + end, st.sampled_from(ROOTS), way, query)
wild = st.lists(st.sampled_from((*OWN, *DJANGO, *LIBRARY, *MARKERS)), max_size=12).map(tuple)
stacks = st.builds(Stack, tidy | wild, st.sampled_from([None, 11, 12]), st.sampled_from(["", "MainThread"]))
profiles = st.dictionaries(stacks, st.integers(1, 1000), max_size=8).map(Profile)

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(profiles)
@many
def test_every_sample_is_counted_once(profile: Profile) -> None:
    analysis = analyse(profile)
    samples = analysis.samples
    assert (
        samples.total == profile.total == sum((samples.loop, samples.pool, samples.sync, samples.idle, samples.other))
    )
    assert sum(finding.evidence.samples for finding in analysis.findings) <= samples.loop
    for finding in analysis.findings:
        assert finding.evidence.samples == sum(entry.weight for entry in finding.entries) > 0
        assert finding.workers == () or finding.evidence.samples == sum(one.samples for one in finding.workers)
        assert finding.share is not None
        assert 0 <= finding.share.low <= finding.share.share <= finding.share.high <= 1


@given(profiles)
@many
def test_no_sample_is_lost_from_the_file_to_the_report(profile: Profile) -> None:
    kept = {stack: weight for stack, weight in profile.stacks.items() if stack.frames}
    text = "".join(
        ";".join(f"{f.function} ({f.file}:{f.line})" for f in stack.frames) + f" {weight}\n"
        for stack, weight in kept.items()
    )
    if not kept:
        return
    report = json.loads(FORMATS["json"](analyse(folded.read(io.BytesIO(text.encode()), "x.txt")), View()))
    assert report["samples"]["total"] == sum(kept.values())
    direct = analyse(Profile({Stack(stack.frames): 0 for stack in kept} | _summed(kept)))
    assert report["samples"]["loop"] == direct.samples.loop
    unsafe = [f for f in report["findings"] if f["kind"] == "async-unsafe"]
    expected = [f.evidence.heading for f in direct.findings if f.kind == "async-unsafe"]
    assert [f["evidence"]["heading"] for f in unsafe] == expected


def _summed(kept: dict[Stack, int]) -> dict[Stack, int]:
    total: dict[Stack, int] = {}
    for stack, weight in kept.items():
        total[Stack(stack.frames)] = total.get(Stack(stack.frames), 0) + weight
    return total


@given(profiles, profiles, profiles)
@many
def test_merging_is_associative_and_commutative(a: Profile, b: Profile, c: Profile) -> None:
    left, right = merge_profiles([merge_profiles([a, b]), c]), merge_profiles([a, merge_profiles([b, c])])
    assert left.stacks == right.stacks == merge_profiles([c, b, a]).stacks
    assert analyse(left) == analyse(right) == analyse(merge_profiles([c, b, a])) == analyse(merge_profiles([a, b, c]))
    assert left.total == a.total + b.total + c.total


@given(profiles, st.randoms(use_true_random=False))
@many
def test_the_order_of_stacks_changes_nothing(profile: Profile, dice: object) -> None:
    order = list(profile.stacks.items())
    dice.shuffle(order)  # type: ignore[attr-defined]
    assert analyse(Profile(dict(order))) == analyse(profile)


def culprits(analysis: Analysis) -> set[tuple[Frame, str | None]]:
    return {(finding.culprit.frame, finding.culprit.package) for finding in analysis.findings}


@given(tidy, st.lists(st.sampled_from(LIBRARY), min_size=1, max_size=4))
@many
def test_library_frames_above_the_sink_or_below_the_loop_blame_nobody_else(
    stack: tuple[Frame, ...], added: list[Frame]
) -> None:
    before = analyse(Profile({Stack(stack): 1}))
    if before.findings:
        assert culprits(analyse(Profile({Stack((*stack, *added)): 1}))) == culprits(before)
    assert culprits(analyse(Profile({Stack((*added, *stack)): 1}))) == culprits(before)


def can_be(stack: tuple[Frame, ...]) -> bool:
    """Whether a thread can have it: `_fetch_all` never iterates a queryset, but without classes it would seem to."""
    names = [frame.function for frame in stack]
    return ("QuerySet._fetch_all", "QuerySet.__iter__") not in itertools.pairwise(names)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given((tidy | wild).filter(can_be))
@many
def test_a_poorer_spelling_never_turns_innocent_into_guilty(spelling: str, stack: tuple[Frame, ...]) -> None:
    if analyse(Profile({Stack(stack): 1})).findings:
        return
    assert analyse(Profile({Stack(tuple(map(SPELLINGS[spelling], stack))): 1})).findings == ()


NAMESAKES = {
    ("has_results", "query.py"),
    ("execute_sql", "compiler.py"),
    ("save_base", "base.py"),
    ("Model.save_base", "base.py"),
    ("Handle._run", "events.py"),
}
"""Own code that has the very name of a function of Django's or asyncio's, in a file of that name: nothing tells them
apart without a folder. `load` in a db.py and the like have names that anybody may have, and are no proof there."""


@pytest.mark.parametrize("classes", [True, False], ids=["with classes", "without"])
@given(tidy)
@many
def test_without_folders_innocent_stays_innocent_too(classes: bool, stack: tuple[Frame, ...]) -> None:
    """Where names still tell own code from Django's."""
    bare = [frame._replace(file=frame.file.rpartition("/")[2]) for frame in stack]
    if not classes:
        bare = [frame._replace(function=frame.function.rpartition(".")[2]) for frame in bare]
    own = {frame for frame, whole in zip(bare, stack, strict=True) if whole in OWN}
    if analyse(Profile({Stack(stack): 1})).findings or any((f.function, f.file) in NAMESAKES for f in own):
        return
    assert analyse(Profile({Stack(tuple(bare)): 1})).findings == ()


def without_folder(frame: Frame) -> Frame:
    return frame._replace(file=frame.file.rpartition("/")[2])


@given(tidy)
@many
def test_djangos_own_frames_are_never_taken_for_the_users(stack: tuple[Frame, ...]) -> None:
    """Whatever is blamed as the user's own was recorded from the user's files, in every spelling."""
    for spell in (*SPELLINGS.values(), without_folder):
        spelt = tuple(map(spell, stack))
        bare = spell is without_folder
        # in shortened names, a package that no rule knows looks like own code
        whole = any(frame.file.startswith("/") for frame in spelt)
        own = {spell(frame)[1:] for frame in stack if frame in OWN or (frame in LIBRARY and not whole)}
        for finding in analyse(Profile({Stack(spelt): 1})).findings:
            assert finding.culprit.package is not None or finding.culprit.frame[1:] in own
            assert finding.culprit.by_name is bare


def test_merging_keeps_every_origin_and_input() -> None:
    one = replace(Profile({}), inputs=())
    assert merge_profiles([one, one]).total == 0
