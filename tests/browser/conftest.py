"""A real, headless Chromium: the system's own, with a page that tells of everything it should not do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


ARGUMENTS = ["--no-sandbox", "--enable-unsafe-swiftshader"]  # CI runs as root; speedscope draws with WebGL


@dataclass
class Opened:
    """A page, and what went wrong on it: dialogs, errors, and whatever it asked for beside itself."""

    page: Page
    wrong: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Gone with this package: while it is there an event loop counts as running, and no test could run another."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no {' or '.join(NAMES)} is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a text as the file that a person was sent; whatever is wrong with it fails the test."""
    made: list[Opened] = []

    def open_page(text: str | Path, **options: object) -> Opened:
        file = text if isinstance(text, Path) else tmp_path / f"report-{len(made)}.html"
        if isinstance(text, str):
            file.write_text(text, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        one = Opened(context.new_page())
        one.page.on("dialog", lambda dialog: one.wrong.append(f"dialog {dialog.message}"))
        one.page.on("pageerror", lambda error: one.wrong.append(f"error {error}"))
        one.page.on("console", lambda said: one.wrong.append(f"console {said.text}") if said.type == "error" else None)
        one.page.on("request", lambda asked: one.wrong.append(asked.url) if asked.url != file.as_uri() else None)
        one.page.goto(file.as_uri())
        made.append(one)
        return one

    yield open_page
    for one in made:
        assert one.wrong == []
        one.page.context.close()
