"""Make a patch for what recordings, logs and dumps show, and write it if asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asyncspy.analyse.unsafe.all_faults import find_all_faults
from asyncspy.errors import UsageError
from asyncspy.fix.make_patch import MadePatch, make_patch
from asyncspy.fix.plan_finding import FixContext
from asyncspy.fix.write_files import check_clean, write_files
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.patches import Patch
from asyncspy.model.stacks import Origin
from asyncspy.source.checkout import Checkout
from asyncspy.workflow.load_recordings import AnalysedRecording, load_and_analyse


@dataclass(frozen=True, slots=True)
class FixOptions:
    """Where the code is that is to be fixed, and which Django will run it where no recording says so.

    `only` are findings, by their number or by `file:line`. `apply`: write the files, also those that are not clean in
    git where `force` is given.
    """

    root: Path | None = None
    django: str | None = None
    app_roots: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    apply: bool = False
    force: bool = False


def fix_findings(files: Sequence[Path], options: FixOptions) -> Patch:
    """The patch for the findings of these files, written if that was asked for."""
    return fix_recording(load_and_analyse(files, options.app_roots), options)


def fix_recording(recording: AnalysedRecording, options: FixOptions) -> Patch:
    """The patch for the findings of a recording that was analysed, written if that was asked for."""
    patch, patched = plan_patch(recording, options)
    if not options.apply or not patched:
        return patch
    if not options.force:
        check_clean(Path(patch.root), patched)
    write_files(patched)
    return replace(patch, written=True)


def plan_patch(recording: AnalysedRecording, options: FixOptions) -> MadePatch:
    """The patch for a recording that was analysed, with the new content of the files."""
    analysis = recording.analysis
    checkout = _checkout(recording, options)
    sources = recording.sources

    def text(file: str) -> str | None:
        editable = checkout.text(file)
        return editable if editable is not None else sources.text(file)

    faults = [find_all_faults(part.profile, source=text, app_roots=options.app_roots) for part in recording.parts]
    context = FixContext(
        source=text,
        editable=lambda file: found if isinstance(found := checkout.find(file), str) else None,
        verified=checkout.is_verified,
        owners=faults[0].owners,
        django=analysis.django or options.django,
        python=_python(analysis),
    )
    return make_patch(_chosen(analysis.findings, options.only), faults, checkout, context)


def _chosen(findings: Sequence[Finding], only: Sequence[str]) -> dict[int, Finding]:
    """The findings by their numbers; if some were asked for, these."""
    every = dict(enumerate(findings, start=1))
    for wanted in only:
        if not any(_is_wanted(number, finding, wanted) for number, finding in every.items()):
            raise UsageError(
                f"no finding is {wanted}",
                remedy=f"--only 1 to --only {len(every)}, or the line of one: --only file.py:12",
            )
    return {
        number: finding
        for number, finding in every.items()
        if not only or any(_is_wanted(number, finding, wanted) for wanted in only)
    }


def _is_wanted(number: int, finding: Finding, wanted: str) -> bool:
    frame = finding.culprit.frame
    return wanted == str(number) or f"/{frame.file}:{frame.line}".endswith(f"/{wanted}")


def _checkout(recording: AnalysedRecording, options: FixOptions) -> Checkout:
    target = recording.analysis.target
    ran_in = target.cwd if target else None
    root = options.root or Path(ran_in if ran_in and Path(ran_in).is_dir() else ".")
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder", remedy="name the folder of the code: --root DIR")
    running = recording.parts[0].profile
    return Checkout(root, ran_in, running.sources, _first_start(recording.analysis.origins))


def _first_start(origins: Sequence[Origin]) -> float | None:
    """When the first process started that was recorded, since when its code may have been loaded."""
    return min((one.target.started_at for one in origins if one.target and one.target.started_at), default=None)


def _python(analysis: Analysis) -> str | None:
    """The Python of all targets, if it is one."""
    versions = {one.target.python for one in analysis.origins if one.target and one.target.python}
    return versions.pop() if len(versions) == 1 else None
