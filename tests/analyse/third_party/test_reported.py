"""Logs of reported bugs of released packages, recorded behind uvicorn: who is at fault, and which release fixes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.read import load

REPORTED = Path(__file__).parents[3] / "fixtures" / "reported"
LOGS = {
    "django-allauth-0.63.6.log.gz": ("_accounts_redirect", "allauth/account/middleware.py", "django-allauth 64.0.0"),
    "posthog-6.7.13.log.gz": ("extract_request_user", "posthog/integrations/django.py", "posthog 6.7.14"),
    "django-ninja-1.4.3.log.gz": ("authenticate", "ninja/security/session.py", "django-ninja 1.5.0"),
}


def test_every_log_has_its_verdict() -> None:
    assert {path.name for path in REPORTED.iterdir()} == set(LOGS)


@pytest.mark.parametrize(("name", "expected"), LOGS.items())
def test_the_package_alone_is_blamed_and_its_fixed_release_named(name: str, expected: tuple[str, str, str]) -> None:
    function, file, fixed = expected
    (found,) = [one for one in analyse(load(REPORTED / name)).findings if one.kind == "async-unsafe"]
    assert found.culprit.frame.function == function
    assert found.culprit.frame.file.endswith(f"/site-packages/{file}")
    assert found.culprit.package is not None
    assert f"fixed in {fixed}" in found.remedies[0].text
