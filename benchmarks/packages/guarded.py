"""Run the known calls of packages that reach Django's guard: `python -m benchmarks.packages.guarded [ISSUE...]`.

Each is run in releases that have it and in the first that does not, and with what avoids it in one that has it. What
was seen goes to guarded.json, one entry for each run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.packages.__main__ import Facts, exclusive, probe
from benchmarks.packages.catalog import CASES, SENTRY, Case, case

FOUND = Path(__file__).with_name("guarded.json")

BY_NAME = {one.distribution: one for one in CASES}
NINJA = """
from ninja import NinjaAPI
from ninja.security import django_auth
api = NinjaAPI(urls_namespace="probe", auth=AUTH)
@api.get("")
async def operation(request):
    return "page"
urlpatterns.insert(0, path("missing", api.urls))
"""
CONSTANCE = Case(
    "django-constance", ("constance",), ("constance",),
    before="CONSTANCE_CONFIG = {'ANSWER': (42, 'x')}\n"
    "CONSTANCE_BACKEND = 'constance.backends.database.DatabaseBackend'\n",
    view="from constance import config\nconfig.ANSWER == 42",
)  # fmt: skip
TOOLBAR = replace(
    BY_NAME["django-debug-toolbar"],
    before="DEBUG = True\nDEBUG_TOOLBAR_CONFIG = {'SHOW_TOOLBAR_CALLBACK': lambda request: request.user.is_staff, "
    "'IS_RUNNING_TESTS': False}\n",
)
PROMETHEUS = case("django-prometheus", before="PROMETHEUS_EXPORT_MIGRATIONS = True\n")


@dataclass(frozen=True)
class GuardedCall:
    """A call that reaches the guard: its issue, the case, releases around the fix, and what avoids it."""

    issue: str
    case: Case
    releases: tuple[str, ...]
    avoiding: Mapping[str, Case] = field(default_factory=dict)


def loading(one: Case, what: str = "load_user") -> Case:
    """The case with middleware of one's own before it."""
    return replace(one, first=(f"probe_middleware.{what}",))


CALLS = (
    GuardedCall(
        "pennersr/django-allauth#3969", replace(BY_NAME["django-allauth"], only="AccountMiddleware"),
        ("0.63.1", "0.63.2", "0.63.3", "0.63.6", "64.0.0"),
        {"load_user": loading(replace(BY_NAME["django-allauth"], only="AccountMiddleware"))},
    ),
    GuardedCall(
        "PostHog/posthog-python#355", BY_NAME["posthog"], ("6.7.4", "6.7.9", "6.7.10", "6.7.11", "6.7.12", "6.7.14"),
        {"load_user": loading(BY_NAME["posthog"])},
    ),
    GuardedCall(
        "getsentry/sentry-python#5274", BY_NAME["sentry-sdk"], ("2.0.0", "2.48.0", "2.50.0", "2.62.0", "2.75.0"),
        {
            "send_default_pii": replace(BY_NAME["sentry-sdk"], before=SENTRY.replace("pii=True", "pii=False")),
            "load_user": loading(BY_NAME["sentry-sdk"]),
        },
    ),
    GuardedCall(
        "vitalik/django-ninja#1251", replace(BY_NAME["django-ninja"], urls=NINJA.replace("AUTH", "django_auth")),
        ("1.2.2", "1.7.1"),
        {
            "async auth": replace(
                BY_NAME["django-ninja"],
                urls="async def signed_in(request):\n    user = await request.auser()\n"
                "    return user if user.is_authenticated else None\n" + NINJA.replace("AUTH", "signed_in"),
            ),
            "load_user": loading(replace(BY_NAME["django-ninja"], urls=NINJA.replace("AUTH", "django_auth"))),
        },
    ),
    GuardedCall(
        "jazzband/django-constance#440", CONSTANCE, ("4.3.2", "4.3.3", "4.3.5", "4.4.0"),
        {"await": replace(CONSTANCE, view="from constance import config\nassert await config.ANSWER == 42")},
    ),
    GuardedCall(
        "django-cms/django-cms#8859", replace(BY_NAME["django-cms"], only="CurrentUserMiddleware"),
        ("4.1.11", "5.0.13", "5.1.2", "5.1.3"),
        {"load_user": loading(replace(BY_NAME["django-cms"], only="CurrentUserMiddleware"))},
    ),
    GuardedCall(
        "django-commons/django-debug-toolbar#2061", TOOLBAR, ("5.0.1", "5.1.0"), {"load_user": loading(TOOLBAR)}
    ),
    GuardedCall(
        "django-commons/django-prometheus#260", replace(PROMETHEUS, on_loop=True), ("2.2.0", "2.3.1", "2.4.1", "2.5.0"),
        {"setting": replace(PROMETHEUS, before="PROMETHEUS_EXPORT_MIGRATIONS = False\n", on_loop=True)},
    ),
)  # fmt: skip


def seen(facts: Facts) -> dict[str, Any]:
    """Who reached the guard on which request, and what was answered."""
    if "error" in facts:
        return {"error": facts["error"]}
    served = [facts["without"], *(each["served"] for each in facts["middleware"])]
    reached = {json.dumps(each, sort_keys=True) for one in served for each in one.get("reached", ())}
    answers = [one.get("answers", one) for one in served]
    return {"django": facts["django"], "reached": [json.loads(each) for each in sorted(reached)], "answers": answers}


def main() -> None:
    """Run what is not in guarded.json yet."""
    found: dict[str, dict[str, Any]] = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    for call in CALLS:
        if sys.argv[1:] and not any(name in call.issue for name in sys.argv[1:]):
            continue
        runs = [(version, version, call.case) for version in call.releases]
        for key, version, one in runs:
            run(found, call.issue, key, version, one)
        affected = [version for version in call.releases if found[call.issue][version].get("reached")]
        for what, one in call.avoiding.items() if affected else ():
            run(found, call.issue, f"{affected[-1]} with {what}", affected[-1], one)


def run(found: dict[str, dict[str, Any]], issue: str, key: str, version: str, one: Case) -> None:
    """Run one release of one case, and keep what was seen."""
    known = found.setdefault(issue, {})
    if key not in known:
        known[key] = seen(probe(one, version, serve=True))
        with exclusive():
            kept = json.loads(FOUND.read_text()) if FOUND.exists() else {}
            kept.setdefault(issue, {})[key] = known[key]
            FOUND.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        reached = {f"{each['request']}: {each['function']} {each['file']}" for each in known[key].get("reached", ())}
        print(issue, key, known[key].get("error", "")[-200:], sorted(reached), known[key].get("answers"), flush=True)


if __name__ == "__main__":
    main()
