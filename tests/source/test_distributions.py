"""Which distribution an installed file came with."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncspy.model.third_party import Distribution
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


def test_a_folder_that_several_distributions_share_is_told_by_the_whole_path(site: Path) -> None:
    for name, version, file in (
        ("opentelemetry_api", "1.40", "trace.py"),
        ("opentelemetry_django", "0.61b0", "otel.py"),
    ):
        (site / f"{name}-{version}.dist-info").mkdir()
        (site / f"{name}-{version}.dist-info" / "RECORD").write_text(f"opentelemetry/{file},,\n")
    (site / "opentelemetry").mkdir()
    found = Distributions()
    assert found.of(f"{site}/opentelemetry/otel.py") == Distribution("opentelemetry-django", "0.61b0")
    assert found.of(f"{site}/opentelemetry/trace.py") == Distribution("opentelemetry-api", "1.40")


def test_what_was_saved_with_a_recording_counts_more_than_what_is_installed_here(site: Path) -> None:
    file = f"{site}/tenants/middleware.py"
    saved = {file: Distribution("django-tenants", "3.4.0")}
    found = Distributions(saved=saved)
    assert found.of(file) == Distribution("django-tenants", "3.4.0")
    assert found.of(f"{site}/billing/views.py") == Distribution("Billing", "2.0.1")
    assert set(found.named) == {file, f"{site}/billing/views.py"}
