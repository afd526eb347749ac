"""Every format names sync-only middleware in one block, with its release and whether upgrading helps."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from asyncspy.model.third_party import MiddlewareSupport
from asyncspy.report import FORMATS
from tests.report import examples
from tests.report.views import view

SUPPORT = MiddlewareSupport("Stamp", "never", "sync-only up to 3.1", "stamps", "1.9", None, "1.0", "3.1")
WITH_ONE = replace(examples.one, findings=(*examples.one.findings, replace(examples.pinned, middleware=(SUPPORT,))))


@pytest.mark.parametrize("name", ["terminal", "markdown", "html"])
def test_the_block_is_in_every_format_for_people(name: str) -> None:
    assert "Stamp of stamps 1.9: sync-only up to 3.1." in FORMATS[name](WITH_ONE, view(160)).replace("\\", "")
    assert "whether upgrading helps" not in FORMATS[name](examples.one, view(160))


def test_it_is_a_field_of_the_finding_in_json() -> None:
    findings = json.loads(FORMATS["json"](WITH_ONE, view()))["findings"]
    assert [each.get("middleware") for each in findings] == [None, [SUPPORT._asdict()]]
