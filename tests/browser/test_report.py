"""The HTML report as a person uses it, in a real browser: read, search, fold, zoom, walk by keys, print, by night."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from asyncspy.analyse.flame_graph import build_flame_graph
from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import Comparison
from asyncspy.report import COMPARISON_FORMATS, FORMATS
from asyncspy.workflow.load_recordings import load_and_analyse
from tests.browser.conftest import Open
from tests.report import examples
from tests.report.hostile import ATTACKS, with_names
from tests.report.html.test_page import lit
from tests.report.test_comparison_formats import EVERY, HOSTILE
from tests.report.views import view

pytestmark = pytest.mark.browser

FIXTURES = Path(__file__).parents[2] / "fixtures"
MANY = FIXTURES / "matrix" / "django5.2.8-asgiref3.10.0-py3.11-uvicorn-asyncio-syncmw.json"


@pytest.fixture(scope="module")
def report() -> str:
    """Of a real recording with thirteen findings."""
    recording = load_and_analyse([MANY])
    analysis = replace(
        recording.analysis, flames=(build_flame_graph(recording.parts[0].profile, recording.parts[0].analysis),)
    )
    return FORMATS["html"](analysis, view(root="/srv/core"))


def width(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["width"]


def test_it_is_read_without_a_script(opened: Open, report: str) -> None:
    page = opened(report, java_script_enabled=False).page
    assert page.locator("h1").inner_text().startswith("12 lines of your code call async-unsafe Django")
    expect(page.locator("details.finding")).to_have_count(13)
    expect(page.locator("#f1 .strength")).to_be_visible()
    expect(page.locator("#f1 .fix")).to_be_visible()
    expect(page.locator("#f1 .step.culprit")).to_be_visible()
    expect(page.locator("nav")).to_be_hidden()
    assert width(page, "svg.b.root") > 1000
    assert width(page, "svg.b.lit") > 3


def test_searching_leaves_the_cards_that_match_and_lights_the_graph(opened: Open, report: str) -> None:
    page = opened(report).page
    page.keyboard.press("/")
    page.keyboard.type("lazy_foreign_key")
    expect(page.locator("details.finding:visible")).to_have_count(1)
    assert page.locator("svg.b.found").count() >= 1
    assert page.locator("#hits").inner_text().startswith("1 of 13 findings, ")
    page.keyboard.press("Escape")
    expect(page.locator("details.finding:visible")).to_have_count(13)
    expect(page.locator("svg.b.found")).to_have_count(0)


def test_a_box_is_zoomed_and_the_whole_comes_back(opened: Open, report: str) -> None:
    page = opened(report).page
    box = page.locator("svg.b.lit").first
    before, whole = width(page, "svg.b.lit"), width(page, "svg.b.root")
    box.click()
    assert before < whole
    assert width(page, "svg.b.lit") == pytest.approx(whole, rel=0.01)
    told = page.locator("#flame .said").inner_text()
    assert "samples" in told
    assert "% of the loop" in told
    page.keyboard.press("Escape")
    assert width(page, "svg.b.lit") == pytest.approx(before, abs=3)  # the frame around it counts


def test_the_graph_is_walked_by_keys(opened: Open, report: str) -> None:
    page = opened(report).page
    page.locator("svg.flame").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    at = page.locator("svg.b.at")
    expect(at).to_have_count(1)
    box = at.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(width(page, "svg.b.root"), rel=0.01)
    said = page.locator("#flame .said").inner_text()
    page.keyboard.press("ArrowUp")
    assert page.locator("#flame .said").inner_text() != said


def test_a_finding_leads_to_its_boxes(opened: Open, report: str) -> None:
    page = opened(report).page
    page.locator("#f1 button.shown").click()
    at = page.locator("svg.b.at")
    assert at.get_attribute("data-finding") == "1"
    expect(at).to_be_in_viewport()


def test_cards_fold_one_by_one_and_all_at_once(opened: Open, report: str) -> None:
    page = opened(report).page
    page.locator("#f1 > summary").click()
    expect(page.locator("#f1 .inner")).to_be_hidden()
    page.locator("#fold").click()
    expect(page.locator("details.finding[open]")).to_have_count(0)
    page.locator("#fold").click()
    expect(page.locator("details.finding[open]")).to_have_count(13)


def test_a_link_opens_the_card_that_it_names(opened: Open, report: str) -> None:
    page = opened(report).page
    page.locator("#fold").click()
    page.locator(".overview a").nth(4).click()
    expect(page.locator("#f5 .inner")).to_be_visible()
    expect(page.locator("#f5")).to_be_in_viewport()


def test_on_paper_everything_is_open_and_nothing_is_for_fingers(opened: Open, report: str) -> None:
    page = opened(report, color_scheme="dark").page
    page.locator("#fold").click()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#f13 .fix")).to_be_visible()
    expect(page.locator("#f1 .fold ol").first).to_be_visible()
    expect(page.locator("nav")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf()) > 10_000


def test_light_and_dark_are_the_systems_until_a_person_chooses(opened: Open, report: str) -> None:
    page = opened(report, color_scheme="dark").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    light = page.evaluate(ground)
    assert dark != light
    assert opened(report, color_scheme="light").page.evaluate(ground) == light


@pytest.mark.parametrize("columns", [320, 390, 768, 1280, 1920])
def test_nothing_is_wider_than_the_screen(opened: Open, report: str, columns: int) -> None:
    page = opened(report, viewport={"width": columns, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= columns


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_read_stands_out_from_its_ground(opened: Open, report: str, scheme: str) -> None:
    """WCAG's 4.5 to 1, of every text on the page against the first ground below it."""
    page = opened(report, color_scheme=scheme).page
    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const parse = (css) => (css.match(/[\\d.]+/g) || []).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(node).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const node of document.querySelectorAll("main *:not(svg):not(svg *), nav *, footer *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility()) continue;
    const [a, b] = [luminance(parse(getComputedStyle(node).color).slice(0, 3)), luminance(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${node.tagName}.${node.className} ${node.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)].slice(0, 10);
}"""


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_do_nothing(opened: Open, attack: str) -> None:
    """No dialog, no error, no request (the fixture looks), and the text is there to be read."""
    hostile = replace(with_names(ATTACKS[attack]), flames=(lit(ATTACKS[attack]),))
    page = opened(FORMATS["html"](hostile, view())).page
    page.locator("#search").fill(ATTACKS[attack][:40])
    page.locator("svg.b").last.click()
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, a[href^=javascript], a[href*='//']").count() == 0
    assert page.locator(".finding").count() == 2


@pytest.mark.parametrize("shown", [EVERY, HOSTILE])
@pytest.mark.parametrize("columns", [320, 1280])
def test_a_comparison_opens_and_fits(opened: Open, shown: Comparison, columns: int) -> None:
    page = opened(COMPARISON_FORMATS["html"](shown, view()), viewport={"width": columns, "height": 800}).page
    expect(page.locator("details.finding")).to_have_count(len(shown.differences))
    assert page.evaluate("document.documentElement.scrollWidth") <= columns
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("name", examples.ALL)
def test_every_kind_of_report_opens(opened: Open, name: str) -> None:
    analysis: Analysis = examples.ALL[name]
    page = opened(FORMATS["html"](analysis, view())).page
    assert page.locator("h1").inner_text().strip()
