"""The HTML report without a browser: what it says, that it needs nothing from anywhere, and that names stay names."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from asyncspy.model.analysis import Analysis, FlameBox, FlameGraph
from asyncspy.model.stacks import Frame
from asyncspy.report import FORMATS
from asyncspy.report.html.tags import Html, el, join, text
from tests.report import examples
from tests.report.hostile import ATTACKS, with_names
from tests.report.views import view

VOID = {"meta", "input"}


class Page(HTMLParser):
    """The elements of a page with their attributes' names, what is read on it, and what it refers to."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.targets: list[str] = []
        self.open: list[str] = []
        self.read: list[str] = []
        self.raw: dict[str, str] = {}
        self.policy = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        known = dict(attrs)
        self.targets += [known[name] or "" for name in ("href", "src", "action", "data", "srcset") if name in known]
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"style", "script"}:
            self.raw[self.open[-1]] = data
        else:
            self.read.append(data)

    @property
    def shown(self) -> str:
        return " ".join(" ".join(self.read).split())


def lit(name: str) -> FlameGraph:
    frame = Frame(name, name, 3)
    return FlameGraph((FlameBox(0, 0, 10, frame, None), FlameBox(1, 0, 9, frame, name, 0, 9)), 10)


def page(analysis: Analysis) -> Page:
    return Page(FORMATS["html"](analysis, view()))


@pytest.mark.parametrize("name", examples.ALL)
def test_every_page_is_well_formed_and_needs_nothing_from_anywhere(name: str) -> None:
    made = page(examples.ALL[name])
    assert made.open == []
    assert all(re.fullmatch(r"#(top|f\d+)", target) for target in made.targets)
    names = {attribute for _, attributes in made.elements for attribute in attributes}
    assert not any(attribute.startswith("on") or attribute == "style" for attribute in names)
    tags = {tag for tag, _ in made.elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "base", "form", "video", "audio", "use", "image"}
    assert [tag for tag, _ in made.elements].count("script") == 1
    assert "@import" not in made.raw["style"]
    assert "url(" not in made.raw["style"]


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    made = page(examples.typical)

    def hashed(part: str) -> str:
        return base64.b64encode(hashlib.sha256(made.raw[part].encode()).digest()).decode()

    assert made.policy == (
        f"default-src 'none'; style-src 'sha256-{hashed('style')}'; script-src 'sha256-{hashed('script')}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert made.elements.index(("meta", ("http-equiv", "content"))) < made.elements.index(("style", ()))


def test_all_that_matters_is_there_without_a_script() -> None:
    said = page(examples.typical).shown
    assert "call async-unsafe Django on the event loop" in said.replace("  ", " ")
    assert "44 of 17,412 loop samples · 0.25% (95%: 0.19–0.34%)" in said
    assert "5 reached the guard, 39 heading into it" in said
    assert "return User.objects.filter(is_active=True).count()" in said
    assert "return await User.objects.filter(is_active=True).acount()" in said
    assert "Django 4.1+, you run 5.2.19" in said
    assert "async view checkout shop/views.py:25" in said
    assert "What this recording could not see" in said
    assert "asyncspy find-workers" in said


def test_the_way_there_is_a_tree_with_the_line_to_change_in_it() -> None:
    made = FORMATS["html"](examples.one, view())
    tree = made[made.index('class="tree"') : made.index('id="time"')]
    depths, depth = dict[str, int](), 0
    for part in re.findall(r"<ul>|</ul>|checkout|Cart\.summary|helper_count|\d frames of Django", tree):
        depth += {"<ul>": 1, "</ul>": -1}.get(part, 0)
        depths.setdefault(part, depth)
    names = ("checkout", "Cart.summary", "helper_count", "3 frames of Django")
    assert [depths[name] for name in names] == [1, 2, 3, 4]
    assert 'class="step culprit"' in tree


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_change_nothing_but_what_is_read(attack: str) -> None:
    """The page has the same elements with the same attributes whatever the names are."""
    hostile = replace(with_names(ATTACKS[attack]), flames=(lit(ATTACKS[attack]),))
    harmless = replace(with_names("harmless"), flames=(lit("harmless"),))
    made, plain = page(hostile), page(harmless)
    assert made.elements == plain.elements
    assert made.raw == plain.raw
    assert made.policy == plain.policy
    assert all(char.isprintable() or char.isspace() for char in made.shown)


def test_pieces_are_safe_by_construction() -> None:
    assert text("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#x27;"
    assert el("p", "<b>", Html("<i></i>"), None, ["&"], title='"x" y=1', hidden=True, id=None, open=False) == (
        '<p title="&quot;x&quot; y=1" hidden>&lt;b&gt;<i></i>&amp;</p>'
    )
    assert join(["<", Html("<br>")]) == "&lt;<br>"


def test_a_normal_page_is_small() -> None:
    rows = tuple(
        FlameBox(d, 0, 100_000 - d, Frame("ASGIHandler.run_get_response" * 2, "django/core/handlers/asgi.py"), "django")
        for d in range(2_000)
    )
    made = FORMATS["html"](replace(examples.crowded, flames=(FlameGraph(rows, 100_000),)), view())
    assert len(made.encode()) < 1_000_000


def test_a_thousand_findings_do_not_make_a_thousand_cards() -> None:
    many = replace(examples.typical, findings=(examples.own,) * 1_000)
    assert "and 800 more findings" in page(many).shown


def test_the_same_analysis_gives_the_same_page() -> None:
    assert FORMATS["html"](examples.typical, view()) == FORMATS["html"](examples.typical, view())


def test_a_hang_is_the_verdict_of_its_page() -> None:
    said = page(examples.hung).shown
    assert "Deadlock: gunicorn worker 48291 cannot go on by itself." in said
    assert "the event loop waits for threads of a pool to end" in said
    assert "kill -TERM 48291" in said
    assert "pip install --upgrade" in said
    assert "Nothing could be judged" not in said
