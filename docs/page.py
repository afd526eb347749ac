"""Takes a saved recording; writes docs/page.png, the top of its HTML report as a browser shows it.

asyncspy demo --duration 60 --output demo.json && python -m docs.page demo.json
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1180, 1080
PICTURE = Path(__file__).with_name("page.png")


def draw(recording: str) -> None:
    """Its first finding open, the others folded away."""
    command = [sys.executable, "-m", "asyncspy", "report", recording, "--format", "html"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_text(made)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(file.as_uri())
        page.locator("#fold").click()
        page.evaluate(
            "document.querySelectorAll('.finding').forEach((card, i) => card.classList.toggle('hidden', i > 1))"
        )
        page.locator("#f1").evaluate("card => { card.open = true; }")
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    draw(sys.argv[1])
