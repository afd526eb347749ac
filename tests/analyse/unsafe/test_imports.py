"""A query that is made while the app is imported on a running loop is the fault of who makes it, not of asgi.py."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, SampleCounts
from asyncspy.model.stacks import Event, Occurrences, Profile
from asyncspy.report.present.presented_finding import present_finding
from asyncspy.report.view import View
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, frames, profile

SERVER = "Server.serve (uvicorn/server.py:86)\nConfig.load (uvicorn/config.py:440)\n"
IMPORTED = SERVER + "import_from_string (uvicorn/importer.py:19)\nimport_module (importlib/__init__.py:90)\n"
FACTORY = SERVER + "create (shop/factory.py:4)\n"
ASGI = "<module> (shop/asgi.py:6)\n"
SETUP = """
get_asgi_application (django/core/asgi.py:12)
setup (django/__init__.py:24)
Apps.populate (django/apps/registry.py:124)
"""
OF_PACKAGE = "TenantsConfig.ready (tenants/apps.py:9)\nwarm_up (tenants/cache.py:4)\n"
OF_OWN = "ShopConfig.ready (shop/apps.py:7)\n"


def found(*text: str) -> Finding:
    (finding,) = analyse(profile(frames(ASYNCIO, *text))).findings
    (logged,) = analyse(Profile({}, events={Event("async-unsafe", frames(*text)): Occurrences(1)})).findings
    assert (logged.culprit, logged.remedies) == (finding.culprit, finding.remedies)
    return finding


@pytest.mark.parametrize("way", [IMPORTED + ASGI, FACTORY])
def test_the_package_whose_ready_queries_is_named_with_how_to_import_before_the_loop(way: str) -> None:
    finding = found(way, SETUP, OF_PACKAGE, COUNT, GUARD.format(line=24))
    assert (finding.culprit.package, finding.culprit.frame.function) == ("tenants", "warm_up")
    assert finding.remedies[0].text.startswith("import the app before the loop runs")
    assert "settings" in finding.remedies[1].text
    assert not any("sync_to_async" in remedy.text for remedy in finding.remedies)


def test_a_ready_of_ones_own_is_ones_own() -> None:
    finding = found(IMPORTED, ASGI, SETUP, OF_OWN, COUNT)
    assert (finding.culprit.package, finding.culprit.frame.function) == (None, "ShopConfig.ready")
    assert finding.remedies[0].text.startswith("import the app before the loop runs")


def test_a_package_whose_module_queries_is_named_and_not_the_line_that_imports_it() -> None:
    module = (
        "<module> (shop/urls.py:3)\n_find_and_load (<frozen importlib._bootstrap>:1176)\n<module> (tenants/urls.py:5)\n"
    )
    finding = found(IMPORTED, ASGI, module, COUNT)
    assert (finding.culprit.package, finding.culprit.frame.line) == ("tenants", 5)


def test_a_module_of_ones_own_that_queries_is_named() -> None:
    finding = found(IMPORTED, ASGI, "<module> (shop/urls.py:3)\n", COUNT)
    assert (finding.culprit.package, finding.culprit.frame.line) == (None, 3)


def test_own_code_that_a_package_calls_while_it_is_imported_is_ones_own() -> None:
    finding = found(IMPORTED, ASGI, SETUP, OF_PACKAGE, "registered (shop/rules.py:8)\n", COUNT)
    assert finding.culprit.frame.function == "registered"


def test_own_code_on_the_way_is_not_denied() -> None:
    """asgi.py is shown as the entry: the report does not say that none of it is there."""
    finding = found(IMPORTED, ASGI, SETUP, OF_PACKAGE, COUNT)
    (said,) = present_finding(1, finding, Analysis("violations", SampleCounts()), View()).owner
    assert said == ("Package tenants is at fault: your own code on the way only leads to it, or is called by it.")
