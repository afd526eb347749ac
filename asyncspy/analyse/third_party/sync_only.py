"""Say of a sync-only middleware whose it is, and whether a release of its package is async-capable."""

from __future__ import annotations

from dataclasses import replace

from asyncspy.analyse.stacks.packages import top_level_name
from asyncspy.analyse.stacks.pattern import Pattern, any_of
from asyncspy.analyse.third_party.advice import runs
from asyncspy.analyse.third_party.facts import PackageMiddleware
from asyncspy.analyse.third_party.releases import is_before, same_name
from asyncspy.model.findings import Culprit, Finding, Remedy
from asyncspy.model.stacks import Frame
from asyncspy.model.third_party import Distribution, MiddlewareSupport, UpgradeVerdict

MIXIN = any_of(Pattern("MiddlewareMixin.__call__", "django/utils/deprecation.py"))

CONVERT = Remedy(
    "make it async-capable: async_capable = True and an async __call__ beside the sync one "
    "(sync_and_async_middleware for a function), with nothing in it that blocks"
)
FIND_SUBCLASS = Remedy(
    "find out which it is: a subclass of MiddlewareMixin with async_capable = False; with the logger django.request at "
    "DEBUG, Django names it at start-up (Asynchronous handler adapted for middleware …)"
)
OWN = "your own code"
NOT_KNOWN_WHOSE = "your own code, or that of a package that is not known to asyncspy"
WITHOUT_IT = "take it out of MIDDLEWARE, or put an async-capable one in its place"


def middleware_support(culprit: Culprit) -> MiddlewareSupport:
    """What is known of the middleware that this is a line of."""
    name = culprit.frame.function.partition(".")[0]
    if MIXIN.match(culprit.frame):
        return MiddlewareSupport("a subclass of MiddlewareMixin", "unknown", "which one is not on the stack")
    if culprit.package is None:
        named = _is_named_by_module(culprit.frame)
        return MiddlewareSupport(name, "unknown", NOT_KNOWN_WHOSE) if named else MiddlewareSupport(name, "own", OWN)
    installed = culprit.distribution
    row = _row(culprit.frame, installed)
    if row is not None:
        return _looked_into(row, installed.version if installed else None)
    package = installed.name if installed else culprit.package
    since = f"after {installed.version}" if installed else "lately"
    advice = f"whether a release of {package} is async-capable is not known to asyncspy: see what changed in it {since}"
    return MiddlewareSupport(name, "unknown", advice, package, installed.version if installed else None)


def _is_named_by_module(frame: Frame) -> bool:
    """Whether only a module's name is known, as from a log, and not where it lies."""
    return not frame.file.startswith("/") and not frame.line


def _row(frame: Frame, installed: Distribution | None) -> PackageMiddleware | None:
    """Its row; where names are not qualified, only if all rows that fit say the same."""
    from asyncspy.analyse.third_party.middleware_table import MIDDLEWARE  # noqa: PLC0415 - hardly any report needs it

    rows = [row for row in MIDDLEWARE if row.is_in(frame.file)]
    named = [row for row in rows if row.name == frame.function.partition(".")[0]]
    rows = named if named or "." in frame.function else rows
    rows = [row for row in rows if installed is None or same_name(row.distribution, installed.name)]
    return rows[0] if rows and len({(row.distribution, row.async_since) for row in rows}) == 1 else None


def _looked_into(row: PackageMiddleware, version: str | None) -> MiddlewareSupport:
    verdict: UpgradeVerdict = "upgrade" if row.async_since else "never"
    if row.async_since is None:
        looked_into = f"every release from {row.oldest} to" if row.oldest != row.newest else "the newest release,"
        advice = f"sync-only in {looked_into} {row.newest}: upgrading does not help"
        if is_before(row.newest, version or row.newest):
            verdict, advice = (
                "unknown",
                f"sync-only up to {row.newest}, the newest known to asyncspy; you run {version}",
            )
    elif is_before(version, row.async_since) is False:
        advice = f"async-capable since {row.async_since}, you run {version}: a subclass or a setting makes it sync-only"
        verdict = "unknown"
    else:
        advice = f"async-capable since {row.distribution} {row.async_since}, {runs(version)}"
    return MiddlewareSupport(row.name, verdict, advice, row.distribution, version, *row[2:])


def support_remedies(support: MiddlewareSupport) -> tuple[Remedy, ...]:
    """What to do about it."""
    if support.verdict == "own":
        return (CONVERT,)
    if support.distribution is None:
        return (Remedy(f"if it is yours, {CONVERT.text}") if support.advice == NOT_KNOWN_WHOSE else FIND_SUBCLASS,)
    text = f"{support.name}: {support.advice}"
    if support.verdict == "upgrade":
        return (Remedy(text, code=f"pip install '{support.distribution}>={support.async_since}'"),)
    return (Remedy(f"{text}; or {WITHOUT_IT}" if support.verdict == "unknown" else f"{text}; {WITHOUT_IT}"),)


def with_middleware_support(finding: Finding) -> Finding:
    """The finding of a sync-only middleware with what is known of it and what to do; any other as it is."""
    if finding.kind != "sync-middleware":
        return finding
    culprit = finding.culprit
    if culprit.package is None and not culprit.frame.file.startswith("/") and _row(culprit.frame, None) is not None:
        culprit = replace(culprit, package=top_level_name(culprit.frame.file))
    support = middleware_support(culprit)
    return replace(finding, culprit=culprit, remedies=support_remedies(support), middleware=(support,))
