"""--fail-on, --baseline and --ignore: the options of a gate, what it says, and the exit code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncspy.model.analysis import Analysis
from asyncspy.model.gates import GateCondition
from asyncspy.workflow.check_gate import (
    CONDITION_FIGURES,
    CONDITION_NAMES,
    Gate,
    GateOptions,
    parse_condition,
)

F = TypeVar("F", bound=Callable[..., Any])

FAILED = 1


def gate_exit_code(gate: Gate | None, analysis: Analysis) -> int:
    """Check the gate, and print the result to stderr: 0 if nothing fails."""
    if gate is None:
        return 0
    from asyncspy.report.present.gate_lines import gate_lines  # noqa: PLC0415 - most reports have no gate

    result, target = gate.check(analysis), analysis.target
    for line in gate_lines(result, target.cwd if target else None):
        click.echo(line, err=True)
    return FAILED if result.failures else 0


def _condition(text: str) -> GateCondition:
    """Parse a kind of finding, or a figure with its limit."""
    try:
        return parse_condition(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def with_gate(function: F) -> F:
    """Add --fail-on, --baseline and --ignore; the command is given `gate`, their values."""
    file = click.Path(path_type=Path, readable=False)

    @click.option(
        "--fail-on",
        type=_condition,
        multiple=True,
        metavar="CONDITION",
        help=f"Exit with 1 if there is any: {', '.join(CONDITION_NAMES)}; "
        f"or {'>20%, '.join(CONDITION_FIGURES)}>20%. May be given again.",
    )
    @click.option("--baseline", type=file, help="A recording or a JSON report: what is in it does not fail --fail-on.")
    @click.option(
        "--ignore", type=file, help="A TOML file of findings that do not fail --fail-on, each with an expiry."
    )
    @wraps(function)
    def gated(
        *args: Any, fail_on: tuple[GateCondition, ...], baseline: Path | None, ignore: Path | None, **options: Any
    ) -> Any:
        return function(*args, gate=GateOptions(fail_on, baseline, ignore), **options)

    return gated  # type: ignore[return-value]
