"""Check an analysis against the conditions of a gate: what fails, what the baseline has too, what is ignored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from asyncspy.analyse import gate_rules
from asyncspy.errors import UsageError
from asyncspy.model.analysis import Analysis
from asyncspy.model.gates import Allowance, GateCondition, GateResult
from asyncspy.workflow.load_recordings import load_and_analyse

CONDITION_NAMES, CONDITION_FIGURES = tuple(gate_rules.KIND_NAMES), tuple(gate_rules.FIGURES)

parse_condition = gate_rules.parse_condition


@dataclass(frozen=True, slots=True)
class GateOptions:
    """The conditions that must not be met, and the files that say what does not count."""

    conditions: tuple[GateCondition, ...] = ()
    baseline: Path | None = None
    ignore: Path | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Conditions with the baseline and the ignore file that were read."""

    conditions: tuple[GateCondition, ...]
    baseline: Analysis | None
    allowances: tuple[Allowance, ...]

    def check(self, analysis: Analysis) -> GateResult:
        """What fails. Raises AsyncspyError where the analysis cannot show one of the conditions."""
        today = datetime.now(timezone.utc).date()
        return gate_rules.evaluate_gate(
            analysis, self.conditions, today=today, baseline=self.baseline, allowances=self.allowances
        )


def load_gate(options: GateOptions, app_roots: Sequence[str] = ()) -> Gate | None:
    """Read the files of a gate, so that a mistake in them is found before anything is recorded; None if there is none.

    Raises UsageError for files without conditions.
    """
    if (options.baseline or options.ignore) and not options.conditions:
        given = "--baseline" if options.baseline else "--ignore"
        raise UsageError(f"{given} has no effect without --fail-on", remedy="add, for example: --fail-on violation")
    if not options.conditions:
        return None
    # Imported here because most reports have no gate.
    from asyncspy.read.allowances import read_allowances  # noqa: PLC0415
    from asyncspy.read.baseline_report import is_json_report, read_json_report  # noqa: PLC0415

    baseline = None
    if options.baseline:
        saved = is_json_report(options.baseline)
        baseline = (
            read_json_report(options.baseline) if saved else load_and_analyse([options.baseline], app_roots).analysis
        )
    allowances = tuple(read_allowances(options.ignore, gate_rules.KIND_NAMES)) if options.ignore else ()
    return Gate(options.conditions, baseline, allowances)
