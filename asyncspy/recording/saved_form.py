"""The saved form of a run: one speedscope document, with where its samples came from under a key of our own.

speedscope.app ignores keys that it does not know, so a saved recording opens there too.

A run has one or more passes: one for each process in each mode. They share the document's table of frames, and its
profiles are theirs in their order. Format 1 had one pass, whose origin was the account itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.observed import NOTHING_OBSERVED, Observed
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Event, Frame, Occurrences, Origin
from asyncspy.model.third_party import Distribution
from asyncspy.recording.saved_observed import decode_observed, encode_observed
from asyncspy.recording.saved_values import (
    REMOVE_KEY,
    build,
    frame_of,
    frames_at,
    is_count,
    is_number_text,
    list_or_empty,
)

KEY = "asyncspy"
FORMAT = 2
MAX_FILES, MAX_LINES, MAX_LINE_LENGTH = 500, 20_000, 1_000
"""How much source code a recording may carry; the rest is left out."""

MAX_CHAINS = 100_000

EMPTY_DOCUMENT: dict[str, Any] = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "profiles": [],
    "shared": {"frames": []},
}
"""What is saved when there was nothing to sample: that is a result as well."""

Sources = Mapping[str, Mapping[int, str]]
"""By file, the lines that were worth saving."""


class SavedPass(NamedTuple):
    """One process's samples in one mode: where they came from, if that was saved, and the profiles that hold them."""

    origin: Origin | None
    profiles: list[Any]


class SavedRecording(NamedTuple):
    """What a document says of itself: its passes, the counted calls and how many were damaged, the lines of code.

    `observed` is what hooks observed besides.
    """

    passes: list[SavedPass]
    counts: dict[Event, Occurrences]
    damaged_counts: int
    sources: dict[str, dict[int, str]]
    distributions: dict[str, Distribution]
    observed: Observed = NOTHING_OBSERVED


def embed(
    document: dict[str, Any],
    *origins: Origin,
    counts: Sequence[int] = (),
    sources: Sources | None = None,
    captured: Mapping[Event, Occurrences] | None = None,
    observed: Observed = NOTHING_OBSERVED,
    distributions: Mapping[str, Distribution] | None = None,
) -> dict[str, Any]:
    """Add to a speedscope document where it came from; `counts` says how many of its profiles belong to each origin."""
    counts = counts or [len(list_or_empty(document.get("profiles")))]
    passes = [{"profiles": count, **asdict(origin)} for origin, count in zip(origins, counts, strict=True)]
    account: dict[str, Any] = {"format": FORMAT, "passes": passes}
    if sources:
        account["sources"] = encode_sources(sources)
    if captured:
        account["captured"] = encode_counts(captured)
    if observed:
        account["observed"] = _encode_with_frames(observed)
    if distributions:
        account["distributions"] = {file: list(each) for file, each in distributions.items()}
    return {KEY: account, **document}


def extract(document: dict[str, Any]) -> SavedRecording:
    """What `embed` added to a speedscope document; of a document by another program, its profiles as one pass."""
    account = _account(document)
    profiles = list_or_empty(document.get("profiles"))
    if account is None:
        return SavedRecording([SavedPass(None, profiles)], {}, 0, {}, {})
    counts, unsound = decode_counts(account.get("captured"))
    sources, installed = decode_sources(account.get("sources")), decode_distributions(account.get("distributions"))
    observed = _decode_with_frames(account.get("observed"))
    return SavedRecording(_passes(account, profiles), counts, unsound, sources, installed, observed)


def _passes(account: dict[str, Any], profiles: list[Any]) -> list[SavedPass]:
    if account["format"] == 1:
        return [SavedPass(_origin(account), profiles)]
    passes, start = list[SavedPass](), 0
    for saved in list_or_empty(account.get("passes")):
        count = saved.get("profiles") if isinstance(saved, dict) else None
        if count is None or not is_count(count, len(profiles) - start):
            raise _misfit()
        passes.append(SavedPass(_origin(saved), profiles[start : start + count]))
        start += count
    if start != len(profiles):
        raise _misfit()
    return passes


def encode_sources(sources: Sources) -> dict[str, dict[str, str]]:
    """Lines of code as JSON has them: a key is a text."""
    return {file: {str(line): text for line, text in lines.items()} for file, lines in sources.items()}


def decode_sources(saved: object) -> dict[str, dict[int, str]]:
    """The sound lines of code, as many as a recording may carry."""
    kept: dict[str, dict[int, str]] = {}
    room = MAX_LINES
    for file, lines in saved.items() if isinstance(saved, dict) else ():
        if len(kept) >= MAX_FILES or not isinstance(lines, dict):
            continue
        good = {int(number): text for number, text in list(lines.items())[:room] if _is_line(number, text)}
        if good:
            kept[file] = good
            room -= len(good)
    return kept


def _is_line(number: str, text: object) -> bool:
    numbered = is_number_text(number) and number[0] != "0"
    return numbered and isinstance(text, str) and len(text) <= MAX_LINE_LENGTH and text.replace("\t", "").isprintable()


def decode_distributions(saved: object) -> dict[str, Distribution]:
    """By file, the sound names and versions of the distributions that files belong to."""
    found: dict[str, Distribution] = {}
    for file, each in list(saved.items())[:MAX_FILES] if isinstance(saved, dict) else ():
        match each:
            case [str() as name, str() as version] if _is_short(name) and _is_short(version):
                found[file] = Distribution(name, version)
    return found


def _is_short(text: str) -> bool:
    return 0 < len(text) <= MAX_LINE_LENGTH and text.isprintable()


def encode_counts(events: Mapping[Event, Occurrences]) -> dict[str, Any]:
    """Counted calls as JSON has them: a table of frames, and the chains as places in it."""
    places: dict[Frame, int] = {}
    chains = []
    for event, occurrences in events.items():
        numbers = [places.setdefault(frame, len(places)) for frame in event.frames]
        chains.append([event.captured, event.whole, *occurrences, numbers])
    return {"frames": list(map(list, places)), "chains": chains}


def decode_counts(saved: object) -> tuple[dict[Event, Occurrences], int]:
    """The sound counts, and how many chains were not sound."""
    if not isinstance(saved, dict):
        return {}, 0
    frames = [frame_of(each) for each in list_or_empty(saved.get("frames"))]
    chains = list_or_empty(saved.get("chains"))[:MAX_CHAINS]
    sound = [event for chain in chains if (event := _event(chain, frames)) is not None]
    return dict(sound), len(chains) - len(sound)


def _encode_with_frames(observed: Observed) -> dict[str, Any]:
    places: dict[Frame, int] = {}
    encoded = encode_observed(observed, lambda frames: [places.setdefault(frame, len(places)) for frame in frames])
    return {"frames": list(map(list, places)), **encoded}


def _decode_with_frames(saved: object) -> Observed:
    if not isinstance(saved, dict):
        return NOTHING_OBSERVED
    return decode_observed(saved, [frame_of(each) for each in list_or_empty(saved.get("frames"))])


def _event(chain: object, table: Sequence[Frame | None]) -> tuple[Event, Occurrences] | None:
    match chain:
        case ["raised" | "passed" as how, whole, times, None | str() as first, None | str() as last, list(numbers)]:
            frames = frames_at(numbers, table)
            if frames and is_count(times) and times > 0:
                event = Event("async-unsafe", frames, whole=whole is True, captured=how)
                return event, Occurrences(times, first, last)
    return None


def _account(document: dict[str, Any]) -> dict[str, Any] | None:
    saved = document.get(KEY)
    if not isinstance(saved, dict):
        return None
    version = saved.get("format")
    if not isinstance(version, int) or not 1 <= version <= FORMAT:
        raise InputError(
            f"this recording has the format {version!r}; this asyncspy reads formats up to {FORMAT}",
            remedy="upgrade asyncspy: pip install --upgrade asyncspy",
        )
    return saved


def _origin(saved: dict[str, Any]) -> Origin:
    target = saved.get("target")
    return build(Origin, {**saved, "target": build(Worker, target) if isinstance(target, dict) else None})


def _misfit() -> InputError:
    return InputError("this recording's account of its passes does not fit its profiles", remedy=REMOVE_KEY)
