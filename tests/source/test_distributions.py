"""Which distribution an installed file came with."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncspy.model.findings import Distribution
from asyncspy.source.distributions import Distributions


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    for package in ("tenants", "billing", "unlisted"):
        (folder / package).mkdir(parents=True)
    (folder / "django_tenants-3.5.0.dist-info").mkdir()
    (folder / "django_tenants-3.5.0.dist-info" / "RECORD").write_text("tenants/__init__.py,sha256=x,3\nsix.py,,\n")
    (folder / "Billing-2.0.1-py3.12.egg-info").mkdir()
    (folder / "Billing-2.0.1-py3.12.egg-info" / "top_level.txt").write_text("billing\n")
    return folder


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("tenants/middleware.py", Distribution("django-tenants", "3.5.0")),
        ("billing/views.py", Distribution("Billing", "2.0.1")),
        ("six.py", Distribution("django-tenants", "3.5.0")),
        ("unlisted/x.py", None),
        ("gone/x.py", None),
    ],
)
def test_by_what_the_distributions_list(site: Path, file: str, expected: Distribution | None) -> None:
    assert Distributions().of(f"{site}/{file}") == expected


def test_below_another_root(site: Path, tmp_path: Path) -> None:
    inside = "/" + str((site / "tenants" / "x.py").relative_to(tmp_path))
    assert Distributions(tmp_path).of(inside) == Distribution("django-tenants", "3.5.0")
    assert Distributions().of(inside) is None


@pytest.mark.parametrize(
    "file",
    ["", "tenants/x.py", "/srv/shop/views.py", "<string>", "/x/site-packages/\0/x.py", "/nowhere/site-packages/a/b.py"],
)
def test_what_is_not_installed_is_nobodys(file: str) -> None:
    assert Distributions().of(file) is None


def test_no_name_climbs_out_of_the_root(site: Path, tmp_path: Path) -> None:
    below = tmp_path / "root"
    below.mkdir()
    climbing = "/" + "../" * 20 + str(site / "tenants" / "x.py").lstrip("/")
    assert Distributions(below).of(climbing) is None


def test_lists_that_cannot_be_read_are_passed_over(site: Path) -> None:
    record = site / "django_tenants-3.5.0.dist-info" / "RECORD"
    record.unlink()
    record.mkdir()
    assert Distributions().of(f"{site}/tenants/x.py") is None
