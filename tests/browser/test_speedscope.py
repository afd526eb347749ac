"""Our exports in speedscope itself, as its npm package ships it: its importers take them, and no time is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from asyncspy.export import SUFFIXES, TARGETS
from asyncspy.read import load

pytestmark = pytest.mark.browser

PACKAGE = "speedscope@1.25.0"
REAL = load(Path(__file__).parents[2] / "fixtures" / "recordings" / "uvicorn-workers-asyncio-every1.speedscope.json")
SECONDS = REAL.total / 100


@pytest.fixture(scope="session")
def speedscope(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page; npm unpacks it, and nothing of it is installed or run but in the browser."""
    kept = os.environ.get("ASYNCSPY_SPEEDSCOPE")
    if kept:
        return Path(kept)
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm to fetch speedscope with; or set ASYNCSPY_SPEEDSCOPE to its index.html")
    folder = tmp_path_factory.mktemp("speedscope")
    packed = subprocess.run(
        [npm, "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if packed.returncode:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {packed.stderr.strip()[-200:]}")
    shutil.unpack_archive(folder / packed.stdout.strip().splitlines()[-1], folder, filter="data")
    return folder / "package" / "dist" / "release" / "index.html"


IMPORTERS = {
    "folded": "collapsed stack format",
    "speedscope": "speedscope json file",
    "pprof": "protobuf encoded pprof file",
    "gecko": "Firefox profile",
}
"""What it takes each for; OpenTelemetry's profiles it does not know (tests/export/test_otlp.py reads them)."""


def given(target: str) -> tuple[str, bytes]:
    """A file as it takes it: of Gecko profiles it knows one thread, as Firefox's tools wrap it."""
    content = TARGETS[target](REAL)
    if target != "gecko":
        return f"asyncspy{SUFFIXES[target]}", content
    profile = json.loads(content)
    thread = profile["threads"][0]
    end = thread["samples"]["data"][-1][1] + profile["meta"]["interval"]
    thread["samples"]["data"].append([None, end, 0])  # its importer wants to see the end
    wrapped = {"systemHost": {"name": "Firefox"}, "duration": end, "profile": {**profile, "threads": [thread]}}
    return "asyncspy.json", json.dumps(wrapped).encode()


@pytest.mark.parametrize("target", IMPORTERS)
def test_its_importer_takes_what_we_export(target: str, speedscope: Path, browser: Browser) -> None:
    name, content = given(target)
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    wrong, said = list[str](), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.goto(speedscope.as_uri())
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "application/octet-stream", "buffer": content})
    page.get_by_text("Left Heavy").wait_for()
    assert wrong == []
    assert f"Importing as {IMPORTERS[target]}" in said
    with page.expect_download() as downloading:
        page.get_by_text("Export").click()
    understood = json.loads(Path(downloading.value.path()).read_text())
    assert any("helper_count" in frame["name"] for frame in understood["shared"]["frames"])
    if target != "gecko":
        spans = [profile["endValue"] - profile["startValue"] for profile in understood["profiles"]]
        assert sum(spans) in (REAL.total, pytest.approx(REAL.total / 100), pytest.approx(REAL.total * 10**7))
    page.close()


def test_whatever_it_knows_is_tried() -> None:
    assert set(IMPORTERS) == set(TARGETS) - {"otlp"}
