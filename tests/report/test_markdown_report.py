"""The Markdown report, read back with a parser of it: what is told, and that no name is obeyed."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from asyncspy.report import COMPARISON_FORMATS, FORMATS
from asyncspy.report.markdown_escape import code, plain
from tests.report import examples
from tests.report.hostile import ATTACKS, with_names
from tests.report.test_comparison_formats import EVERY, HOSTILE
from tests.report.views import view

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "strikethrough", "linkify"])
PARSER.linkify.set({"fuzzy_link": False})  # type: ignore[union-attr]  # as GitHub does: what begins with a scheme or with www. is a link
OURS = {"inline", "text", "code_inline", "fence", "softbreak"} | {
    f"{tag}_{end}"
    for tag in ("paragraph", "bullet_list", "ordered_list", "list_item", "heading", "strong", "table", "thead", "tbody",
                "tr", "th", "td")
    for end in ("open", "close")
}  # fmt: skip


SEEN = {"softbreak": " ", "paragraph_close": " ", "heading_close": " "}


def tokens(text: str) -> list[Token]:
    parsed = PARSER.parse(text)
    return [*parsed, *(child for token in parsed for child in token.children or [])]


def shown(text: str) -> str:
    """What a reader sees of it."""
    return re.sub(r"\s+", " ", "".join(SEEN.get(t.type, t.content) for t in tokens(text) if t.type != "inline")).strip()


def structure(text: str) -> list[str]:
    return [token.type for token in tokens(text) if token.type not in {"text", "code_inline"}]


def test_a_channel_learns_what_is_wrong_and_what_to_do() -> None:
    text = FORMATS["markdown"](examples.typical, view())
    assert text.startswith("**asyncspy: ")
    said = shown(text)
    assert "shop/pricing.py:22 helper_count" in said
    assert "44 of 17,412 loop samples · 0.25% (95%: 0.19–0.34%)" in said
    assert "> 22 | return User.objects.filter(is_active=True).count()" in said
    assert "Fix: await the a-method: .acount(…) · Django 4.1+" in said
    assert "return await User.objects.filter(is_active=True).acount()" in said
    assert "What this recording could not see" in said


@pytest.mark.parametrize("name", examples.ALL)
def test_every_report_is_plain_markdown(name: str) -> None:
    text = FORMATS["markdown"](examples.ALL[name], view())
    assert {token.type for token in tokens(text)} <= OURS
    assert all(char == "\n" or char.isprintable() for char in text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_are_shown_and_nothing_else(attack: str) -> None:
    """The page has the same parts whatever the names are, and none of them is a link, an image or HTML."""
    text = FORMATS["markdown"](with_names(ATTACKS[attack]), view())
    assert {token.type for token in tokens(text)} <= OURS
    harmless = FORMATS["markdown"](with_names("harmless"), view())
    assert structure(text) == structure(harmless)


@pytest.mark.parametrize("attack", ATTACKS)
def test_pieces_are_inert_by_themselves(attack: str) -> None:
    hostile = ATTACKS[attack]
    assert [t.type for t in PARSER.parseInline(code(hostile))[0].children or []] == ["code_inline"]
    cell = PARSER.parse(f"| a | b |\n| --- | --- |\n| {code(hostile)} | {plain(hostile)} |\n")
    assert [token.type for token in cell].count("td_open") == 2
    assert {child.type for token in cell for child in token.children or []} <= {"text", "code_inline"}
    paragraph = PARSER.parse(plain(hostile))
    assert [token.type for token in paragraph] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in paragraph[1].children or []} == {"text"}


def test_what_is_escaped_reads_as_it_was() -> None:
    for text in ("a_b __init__ *x* [1] <T> 50% | `x` $5 @me", "1. first", "- dash", "http://x.test and www.x.test"):
        assert shown(plain(text)) == text


@pytest.mark.parametrize("comparison", [EVERY, HOSTILE])
def test_a_comparison_is_plain_markdown_too(comparison: object) -> None:
    text = COMPARISON_FORMATS["markdown"](comparison, view())  # type: ignore[arg-type]
    assert {token.type for token in tokens(text)} <= OURS
    rows = [token for token in tokens(text) if token.type == "tr_open"]
    assert len(rows) == 1 + len(comparison.differences)  # type: ignore[attr-defined]


def test_a_comment_stays_short_enough_to_be_posted() -> None:
    many = examples.typical.__class__(
        "violations", examples.SAMPLES, examples.typical.findings * 40, examples.REACH, examples.typical.origins
    )
    text = FORMATS["markdown"](many, view())
    assert len(text) < 65_536
    assert "more findings:" in text


def test_a_hang_is_told_first() -> None:
    text = FORMATS["markdown"](examples.hung, view())
    assert text.startswith("**asyncspy: Deadlock: gunicorn worker 48291 cannot go on by itself.**")
    said = shown(text)
    assert "the event loop waits for threads of a pool to end at shop/shipping.py:31 rates" in said
    assert "the threads of 2 requests waits for the event loop" not in said
    assert "kill -TERM 48291" in said
    assert "No sample ran" not in said


def test_what_only_some_renderers_obey_is_escaped_too() -> None:
    """Mentions, references to issues, entities and formulas: no parser here knows all of them."""
    assert plain("@channel #123 &copy; $x$ ~~y~~") == r"\@channel \#123 \&copy; \$x\$ \~\~y\~\~"
