"""What belongs to no one command: quiet and verbose, completion, help that teaches, and the examples for CI."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from asyncspy.analyse.gate_rules import KIND_NAMES, parse_condition
from asyncspy.cli import COMMANDS, commands
from asyncspy.read.allowances import read_allowances

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "fixtures" / "recordings" / "uvicorn-asyncio-every1.speedscope.json"
CI = sorted((ROOT / "docs" / "ci").iterdir())


def run(*words: str | Path) -> click.testing.Result:
    return CliRunner().invoke(commands, [*map(str, words)], prog_name="asyncspy")


def test_quiet_leaves_the_notes_out_and_keeps_the_answer_and_the_errors(tmp_path: Path) -> None:
    loud = run("export", RECORDING, "--to", "folded", "--output", tmp_path / "one")
    quiet = run("--quiet", "export", RECORDING, "--to", "folded", "--output", tmp_path / "two")
    assert "Written:" in loud.stderr
    assert quiet.stderr == ""
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()
    assert "is there already" in run("-q", "export", RECORDING, "--to", "folded", "--output", tmp_path / "two").stderr
    assert run("-q", "report", RECORDING).stdout == run("report", RECORDING).stdout


@pytest.mark.parametrize("flag", ["-v", "--verbose", "--unfold"])
def test_verbose_shows_all(flag: str) -> None:
    brief, full = run("report", RECORDING).stdout, run("report", RECORDING, flag).stdout
    assert "frames of Django" in brief
    assert "frames of Django" not in full
    assert "What was read" in full


def test_the_shell_completes_commands_and_options() -> None:
    def completed(words: str, at: int) -> str:
        environment = {**os.environ, "_ASYNCSPY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        program = "from asyncspy.__main__ import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert completed("asyncspy rep", 1).split() == ["plain,report"]
    assert "plain,--fail-on" in completed("asyncspy report --fa", 2)
    assert {"plain,folded", "plain,pprof"} <= set(completed("asyncspy export --to ", 3).split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_by_examples_that_fit_a_terminal(name: str) -> None:
    said = CliRunner().invoke(commands, [name, "--help"], prog_name="asyncspy", terminal_width=80).output
    examples = [line for line in said.splitlines() if line.startswith("    asyncspy ")]
    assert examples or name in {"demo"}
    assert max(map(len, said.splitlines())) <= 80


def shown_commands() -> list[str]:
    text = "\n".join(file.read_text() for file in CI)
    lines = re.findall(r"^[-\s]*(?:[a-z_]+ = )?(asyncspy [^\n`]+)$", text, re.MULTILINE)
    return [re.sub(r"\s+(>|>>|\|).*", "", line) for line in lines]


@pytest.mark.parametrize("line", shown_commands())
def test_the_examples_for_ci_are_commands_that_there_are(line: str) -> None:
    words = shlex.split(re.sub(r"\$\(.*?\)", "7", line))[1:]
    command = commands.get_command(click.Context(commands), words[0])
    assert command is not None
    gate = {"--baseline", "--ignore"}  # their files are there in a checkout only
    kept = [word for i, word in enumerate(words[1:]) if word not in gate and words[i] not in gate]
    command.make_context(words[0], [word.strip('"') for word in kept])


def test_the_examples_for_ci_say_what_the_tool_knows(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "ci" / "README.md").read_text()
    assert len(shown_commands()) >= 6
    (toml,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "ignore.toml").write_text(toml)
    assert len(read_allowances(tmp_path / "ignore.toml", KIND_NAMES)) == 1
    (told,) = re.findall(r"\*\*Conditions\*\* (.*?), which", text, re.DOTALL)
    spelt = re.findall(r"`([^`]+)`", told)
    assert set(KIND_NAMES) <= set(spelt)
    assert all(parse_condition(each) for each in spelt)
