"""A publicly reported bug: a small project that has it, and what asyncspy must say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Code:
    """What a case adds to the files of the project, each as text: at their ends, or to the set-up of its database."""

    settings: str = ""
    models: str = ""
    views: str = ""
    urls: str = ""
    setup: str = ""


@dataclass(frozen=True)
class ReportedBug:
    """One issue: releases of a package that have it and do not, the code that meets it, and the right verdict.

    `culprit` is the function and the file that must be blamed, and nobody else. `says` must stand in what is advised
    for each affected release. `avoiding` is code with which the newest affected release is silent. `paths` are asked
    for by a visitor who is logged in: GET, or POST of JSON where a body follows after a blank.
    """

    issue: str
    distribution: str
    affected: tuple[str, ...]
    fixed: tuple[str, ...]
    culprit: tuple[str, str]
    says: str
    code: Code
    paths: tuple[str, ...] = ("/",)
    needs: tuple[str, ...] = ()
    django: str = "5.2.*"
    python: str = "3.12"
    avoiding: Mapping[str, Code] = field(default_factory=dict)
    at_import: bool = False
    workers: int = 0
    """With uvicorn's --workers, the app is imported on the running loop."""
