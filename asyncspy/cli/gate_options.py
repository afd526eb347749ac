"""--fail-on and what belongs to it: options to a gate that a command holds its analysis against, and its exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncspy.analyse import gate_rules
from asyncspy.errors import UsageError
from asyncspy.model.analysis import Analysis
from asyncspy.model.gates import Allowance, GateCondition
from asyncspy.read.allowances import read_allowances
from asyncspy.read.saved_reports import is_json_report, read_json_report
from asyncspy.report.present.gate_lines import gate_lines
from asyncspy.workflow.load import analysed

F = TypeVar("F", bound=Callable[..., Any])

CLOSED = 1


@dataclass(frozen=True, slots=True)
class Gate:
    """What was asked for; without conditions it is always open."""

    conditions: tuple[GateCondition, ...] = ()
    baseline: Analysis | None = None
    allowances: tuple[Allowance, ...] = ()

    def exit_code(self, analysis: Analysis) -> int:
        """0 where it is open; what it found goes to stderr."""
        if not self.conditions:
            return 0
        today = datetime.now(timezone.utc).date()
        judgement = gate_rules.evaluate_gate(
            analysis, self.conditions, today=today, baseline=self.baseline, allowances=self.allowances
        )
        roots = [origin.target.cwd for origin in analysis.origins if origin.target]
        for line in gate_lines(judgement, roots[0] if roots else None):
            click.echo(line, err=True)
        return CLOSED if judgement.failures else 0


class ConditionType(click.ParamType[GateCondition]):
    """A kind of finding, or a figure with its limit."""

    name = "condition"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> GateCondition:
        """Parse it strictly."""
        try:
            return gate_rules.parse_condition(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def with_gate(function: F) -> F:
    """Add --fail-on, --baseline and --ignore; the command is given a `gate`, read before anything is recorded."""
    file = click.Path(path_type=Path, readable=False)

    @click.option(
        "--fail-on",
        type=ConditionType(),
        multiple=True,
        metavar="CONDITION",
        help=f"Exit with 1 if there is any: {', '.join(gate_rules.KIND_NAMES)}; "
        f"or {'>20%, '.join(gate_rules.FIGURES)}>20%. May be given again.",
    )
    @click.option("--baseline", type=file, help="A recording or a JSON report: what is in it does not fail --fail-on.")
    @click.option(
        "--ignore", type=file, help="A TOML file of findings that do not fail --fail-on, each with an expiry."
    )
    @wraps(function)
    def gated(
        *args: Any, fail_on: tuple[GateCondition, ...], baseline: Path | None, ignore: Path | None, **options: Any
    ) -> Any:
        return function(*args, gate=_gate(fail_on, baseline, ignore, options.get("app_roots", ())), **options)

    return gated  # type: ignore[return-value]


def _gate(
    conditions: tuple[GateCondition, ...], baseline: Path | None, ignore: Path | None, roots: tuple[str, ...]
) -> Gate:
    if (baseline or ignore) and not conditions:
        given = "--baseline" if baseline else "--ignore"
        raise UsageError(f"{given} means nothing without --fail-on", remedy="add, for example: --fail-on violation")
    return Gate(
        conditions,
        _baseline(baseline, roots) if baseline else None,
        tuple(read_allowances(ignore, gate_rules.KIND_NAMES)) if ignore else (),
    )


def _baseline(path: Path, roots: tuple[str, ...]) -> Analysis:
    return read_json_report(path) if is_json_report(path) else analysed([path], app_roots=roots).analysis
