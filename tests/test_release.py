"""What a release stands on, without a network: locks that fit the package, pinned actions, links that lead on."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKED = {
    "runtime.txt": PROJECT["project"]["dependencies"],
    "build.txt": PROJECT["build-system"]["requires"],
    "release.txt": ["build", "twine"],
}
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?P<marker> ;[^\\]*)?(?P<hashes>( \\\n +--hash=sha256:[0-9a-f]{64})+)$",
    re.M,
)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*")


def entries(name: str) -> dict[str, list[str]]:
    """The versions of each package in a lock: of some there are two, each for its own Pythons."""
    found: dict[str, list[str]] = {}
    for entry in ENTRY.finditer((ROOT / "locks" / name).read_text()):
        found.setdefault(canonicalize_name(entry["name"]), []).append(entry["version"])
    return found


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_holds_what_is_required_in_versions_that_fit(name: str) -> None:
    locked = entries(name)
    for text in LOCKED[name]:
        wanted = Requirement(text)
        versions = locked.get(canonicalize_name(wanted.name), [])
        assert versions, f"{text} is not in locks/{name}: make locks"
        assert all(wanted.specifier.contains(version) for version in versions), f"{text}: make locks"


@pytest.mark.parametrize("name", LOCKED)
def test_every_line_of_a_lock_is_a_version_with_hashes_and_names_no_address(name: str) -> None:
    text = (ROOT / "locks" / name).read_text()
    rest = ENTRY.sub("", text)
    assert [line for line in rest.splitlines() if line.strip() and not line.lstrip().startswith("#")] == []
    assert "://" not in text


def test_the_runtime_lock_is_whole() -> None:
    """What is installed here asks for nothing that the lock lacks."""
    locked = entries("runtime.txt")
    for name in locked:
        try:
            required = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # of another Python's
            continue
        for one in map(Requirement, required):
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                assert canonicalize_name(one.name) in locked, f"{name} needs {one.name}: make locks"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_rights_are_given_one_by_one(workflow: Path) -> None:
    text = workflow.read_text()
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [one for one in used if not PINNED.fullmatch(one)] == []
    assert re.search(r"^permissions:", text, re.MULTILINE)
    assert "write-all" not in text


def test_the_typed_marker_is_there_and_the_package_says_so() -> None:
    assert (ROOT / "asyncspy" / "py.typed").is_file()
    assert "Typing :: Typed" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "CONTRIBUTING.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")
)])  # fmt: skip
def test_links_within_the_repository_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}, link
