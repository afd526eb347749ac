"""Say what to do about a package's code: the release that fixes it, a setting, or what of one's own keeps it away.

Where nothing of the user's own code is on the way there, nothing can be awaited or moved to a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asyncspy.analyse.remedy.remedies import MAX_REMEDIES, parse_version
from asyncspy.analyse.stacks.packages import STDLIB
from asyncspy.analyse.stacks.pattern import Pattern, any_of
from asyncspy.analyse.third_party.facts import GUARD_BUGS, DistributionFinder, GuardBug
from asyncspy.analyse.third_party.releases import is_before, same_name
from asyncspy.model.findings import Culprit, Finding, Remedy
from asyncspy.model.stacks import Frame
from asyncspy.model.third_party import Distribution

USER = any_of(
    Pattern("get_user", "django/contrib/auth/middleware.py"),
    Pattern("AuthenticationMiddleware.process_request.<locals>.<lambda>", "django/contrib/auth/middleware.py"),
)
SESSION = any_of(Pattern("SessionBase._get_session", "django/contrib/sessions/backends/base.py"))

OF_YOUR_OWN = "with an async middleware of your own below {above} in MIDDLEWARE, and above what runs here"
LOAD_USER = Remedy(
    f"load the user before, {OF_YOUR_OWN.format(above='AuthenticationMiddleware')}: "
    "request.user = await request.auser(), one query more in each request",
    "5.0",
    "request.user = await request.auser()",
    f"before, {OF_YOUR_OWN.format(above='AuthenticationMiddleware')}: one query more in each request",
)
LOAD_USER_IN_THREAD = Remedy(
    LOAD_USER.text.replace("request.auser()", "sync_to_async(get_user)(request)"),
    None,
    "request.user = await sync_to_async(get_user)(request)",
    f"with get_user of django.contrib.auth; {LOAD_USER.note}",
)
LOAD_SESSION = Remedy(
    f"load the session before, {OF_YOUR_OWN.format(above='SessionMiddleware')}: "
    'await request.session.aget("_auth_user_id")',
    "5.1",
    'await request.session.aget("_auth_user_id")',
    f"before, {OF_YOUR_OWN.format(above='SessionMiddleware')}: it loads the session",
)
NONE_KNOWN = "no release of {name} that fixes this is known to asyncspy: see what changed {since}, or report it there"


def with_package_advice(finding: Finding, distribution: DistributionFinder, django: str | None) -> Finding:
    """The finding of an unsafe call with what is known of the packages that it leads through.

    Where the line to change is the user's own, a package's known bug on the way is said before how to change the line.
    """
    if finding.kind != "async-unsafe":
        return finding
    culprit = finding.culprit
    frames = (culprit.frame, *(Frame(link.function, link.file, link.line) for link in finding.chain))
    known = [remedy for bug in GUARD_BUGS for remedy in _remedies_on(bug, frames, distribution)]
    if culprit.package is None:
        return replace(finding, remedies=(*known, *finding.remedies)[:MAX_REMEDIES]) if known else finding
    if finding.remedies:
        return finding
    before = _loading_before(frames, django)
    found = [*known, *before] if known else [*before, _none_known(culprit)]
    return replace(finding, remedies=tuple(found)[:MAX_REMEDIES])


def _remedies_on(bug: GuardBug, frames: Sequence[Frame], distribution: DistributionFinder) -> list[Remedy]:
    """What to do about a known bug, if these frames lead through it."""
    place = next((frame for frame in frames if bug.is_at(frame)), None)
    installed = distribution(place.file) if place is not None else None
    if place is None or (installed is not None and not same_name(installed.name, bug.distribution)):
        return []
    return _bug_remedies(bug, installed)


def _bug_remedies(bug: GuardBug, installed: Distribution | None) -> list[Remedy]:
    """The release that fixes a known bug, where the installed one does not, and how to avoid it."""
    version = installed.version if installed else None
    avoid = [Remedy(bug.avoid, None, bug.code, bug.avoid)] if bug.avoid else []
    cause = f"{bug.cause} ({bug.issue})"
    if bug.fixed is None:
        runs = f", you run {version}" if version else ""
        return [*avoid, Remedy(f"{cause}: not fixed up to {bug.distribution} {bug.newest}{runs}")]
    if is_before(version, bug.fixed) is False:
        fixed = f"{cause} was fixed in {bug.fixed}, and you run {version}: report to {bug.distribution} that it is back"
        return [*avoid, Remedy(fixed)]
    code = f"pip install '{bug.distribution}>={bug.fixed}'"
    return [Remedy(f"{cause}: {fixed_in(bug.distribution, bug.fixed, version)}", code=code), *avoid]


def fixed_in(distribution: str, release: str, version: str | None) -> str:
    """`fixed in django-allauth 64.0, you run 0.63.6`."""
    return f"fixed in {distribution} {release}, {runs(version)}"


def runs(version: str | None) -> str:
    """Which release runs."""
    return f"you run {version}" if version else "which release runs here is not known"


def _loading_before(chain: Sequence[Frame], django: str | None) -> list[Remedy]:
    """What the package asks for, loaded before it does."""
    have = parse_version(django)
    if any(USER.match(frame) for frame in chain):
        return [LOAD_USER_IN_THREAD if have is not None and have < (5, 0) else LOAD_USER]
    if any(SESSION.match(frame) for frame in chain) and (have is None or have >= (5, 1)):
        return [LOAD_SESSION]
    return []


def _none_known(culprit: Culprit) -> Remedy:
    installed = culprit.distribution
    name = installed.name if installed else culprit.package or STDLIB
    return Remedy(NONE_KNOWN.format(name=name, since=f"after {installed.version}" if installed else "in it lately"))
