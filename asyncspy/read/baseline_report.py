"""Read a JSON report of asyncspy back into an `Analysis`, to compare with: its findings, each by place and call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from asyncspy.errors import InputError
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, Evidence, Finding, SampleCounts
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import FindingKind, Frame, Origin
from asyncspy.read.decode_json import decode, line_number
from asyncspy.read.frame_names import printable
from asyncspy.read.open_file import first_bytes, is_folder, name_errors, open_stream, read_all

SCHEMA_VERSION = 1
AS_WRITTEN = "give what asyncspy report --format json printed, or the recording itself"


def is_json_report(path: Path) -> bool:
    """Whether a file begins like a JSON report; recordings begin in other ways."""
    if is_folder(path) or not os.path.exists(path):  # noqa: PTH110 - as in is_folder
        return False
    with open_stream(path) as stream:
        start = first_bytes(stream)[:64]
        return start.lstrip()[:1] == b"{" and b'"schema_version"' in start


def read_json_report(path: Path) -> Analysis:
    """Read its findings, without figures. Raises InputError for what is not a report that this asyncspy reads."""
    with open_stream(path) as stream, name_errors(str(path)):
        document = decode(read_all(stream))
    if not isinstance(document, dict) or not isinstance(document.get("findings"), list):
        raise InputError(f"{path} is not a report: it has no list of findings", remedy=AS_WRITTEN)
    if document.get("schema_version") != SCHEMA_VERSION:
        version = document.get("schema_version")
        raise InputError(f"{path} has the version {version!r}; this asyncspy reads {SCHEMA_VERSION}", remedy=AS_WRITTEN)
    findings = tuple(_finding(each, f"{path}, finding {n}") for n, each in enumerate(document["findings"], 1))
    root = document.get("root")
    return Analysis("violations" if findings else "none-seen", SampleCounts(), findings, origins=_origins(root))


def _origins(root: Any) -> tuple[Origin, ...]:
    """The app's folder, to which the names of files are relative."""
    if not isinstance(root, str):
        return ()
    return (Origin("report", target=Worker(0, 0, "worker", certain=False, server="", cwd=root)),)


def _finding(each: Any, where: str) -> Finding:
    culprit = each.get("culprit") if isinstance(each, dict) else None
    if not isinstance(culprit, dict) or each.get("kind") not in get_args(FindingKind):
        raise InputError(f"{where} has no culprit, or a kind that is not known", remedy=AS_WRITTEN)
    function, file, call = culprit.get("function"), culprit.get("file"), each.get("call")
    if not (isinstance(function, str) and isinstance(file, str) and isinstance(call, str)):
        raise InputError(f"{where} names no function, file or call", remedy=AS_WRITTEN)
    frame = Frame(printable(function), printable(file), line_number(culprit.get("line")))
    return Finding(each["kind"], Evidence(), False, Culprit(frame), printable(call), None, (), ())
