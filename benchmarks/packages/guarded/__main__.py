"""Run reported bugs of released packages behind a real server: `python -m benchmarks.packages.guarded [ISSUE...]`.

The exception itself notes each call chain that raises it: that is the truth. It is compared with what
`asyncspy attach --exact` counts in the server under load, and with a report of the server's log. What was seen goes to
guarded.json.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.packages.guarded.case import Code, ReportedBug
from benchmarks.packages.guarded.cases import CASES
from benchmarks.packages.guarded.project import write_project
from benchmarks.packages.guarded.serve import LOG, NOTES, PROJECT, ROOT, installed, served

FOUND = Path(__file__).parent.with_name("guarded.json")
SECONDS = os.environ.get("ASYNCSPY_GUARDED_SECONDS", "3s")
NOT_PACKAGES = re.compile(
    r"/lib/python3[\d.]*/(?!site-packages/)|/site-packages/(?:django|asgiref|uvicorn|asyncspy)/|^<|/shop/(?:asgi|serve).py$"
)

Seen = dict[str, Any]


def main() -> None:
    """Run what is not in guarded.json yet, or what is named; with --report, only report again what was recorded."""
    found: dict[str, dict[str, Seen]] = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    words = [word for word in sys.argv[1:] if word != "--report"]
    for case in CASES:
        if words and not any(word in f"{case.issue} {case.distribution}" for word in words):
            continue
        for name, release, code in runs_of(case):
            seen = found.get(case.issue, {}).get(name, {})
            if "--report" in sys.argv and not seen:
                continue
            if not seen:
                seen = run(case, release, code, kept_at(case, name))
            if "error" not in seen:
                seen |= reported(kept_at(case, name))
            found.setdefault(case.issue, {})[name] = seen
            FOUND.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
            print(verdict(case, name, seen), flush=True)


def runs_of(case: ReportedBug) -> list[tuple[str, str, Code]]:
    """The runs of a case, each by its name, with the release and the code of the project."""
    runs = [(release, release, case.code) for release in (*case.affected, *case.fixed)]
    return runs + [
        (f"{case.affected[-1]} with {name}", case.affected[-1], code) for name, code in case.avoiding.items()
    ]


def kept_at(case: ReportedBug, name: str) -> Path:
    """The folder of what one run recorded."""
    return ROOT / "recorded" / re.sub(r"[^\w.-]+", "-", f"{case.issue}-{name}")


def run(case: ReportedBug, release: str, code: Code, folder: Path) -> Seen:
    """Serve one release: what was answered, and which calls raised the exception; what was recorded is kept."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        python = installed(case, release)
        write_project(PROJECT, code)
        seen: Seen = {}
        with served(case, python) as shop:
            if not case.at_import:
                asked = [*case.paths, "/innocent"]
                seen["answers"] = {path: shop.ask(path) for path in asked}
                with shop.loaded(asked):
                    seen["problem"] = attach(shop.process.pid, folder / "recording.json")
        shutil.copy(LOG, folder)
        return {**seen, "reached": noted()}
    except subprocess.CalledProcessError as error:
        return {"error": f"not installed: {error.stderr}"[-300:]}
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return {"error": without_folders(str(error))}


def attach(pid: int, recording: Path) -> str:
    """Count in the server while it is loaded; returns why that could not be done, on a machine that is too busy."""
    command = ["attach", "--pid", str(pid), "--duration", SECONDS, "--mode", "none", "--exact"]
    asked = [sys.executable, "-m", "asyncspy", *command, "--output", str(recording)]
    run = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)
    return without_folders(run.stderr) if run.returncode else ""


def reported(folder: Path) -> Seen:
    """What asyncspy says of what one run recorded: of the counts in the live server, and of the log."""
    recording, log = folder / "recording.json", folder / LOG.name
    is_logged = log.exists() and "SynchronousOnlyOperation" in log.read_text(errors="replace")
    return {
        "live": findings(recording) if recording.exists() else [],
        "log": findings(log) if is_logged else [],
    }


def noted() -> list[list[str]]:
    """The calls of packages and of the project that raised the exception, each chain from the guard outwards."""
    chains = [json.loads(line) for line in NOTES.read_text().splitlines()] if NOTES.exists() else []
    through = {tuple(_place(*frame) for frame in chain if not NOT_PACKAGES.search(frame[1])) for chain in chains}
    return sorted(map(list, through))


def findings(recording: Path) -> list[Seen] | str:
    """The unsafe calls that a report names: who is blamed, by what evidence, and what is advised."""
    asked = [sys.executable, "-m", "asyncspy", "report", str(recording), "--format", "json"]
    run = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)
    if run.returncode:
        return without_folders(run.stderr[-400:])
    return [
        {
            "culprit": _place(one["culprit"]["function"], one["culprit"]["file"]),
            "evidence": {grade: count for grade, count in one["evidence"].items() if count},
            "advice": [remedy["text"] for remedy in one["remedy"]],
        }
        for one in json.loads(run.stdout)["findings"]
        if one["kind"] == "async-unsafe"
    ]


def verdict(case: ReportedBug, name: str, seen: Seen) -> str:
    """One line for a person who waits."""
    wrong = problems(case, name, seen)
    return f"{case.issue} {name}: {'as it should be' if not wrong else '; '.join(wrong)}"


def problems(case: ReportedBug, name: str, seen: Seen) -> list[str]:
    """What is not as it should be: in the releases, or in what asyncspy says of them."""
    if "error" in seen:
        return [seen["error"]]
    is_affected = name in case.affected
    expected = " ".join(case.culprit)
    wrong = []
    if bool(seen["reached"]) != is_affected:
        wrong.append(f"the guard was {'not ' * is_affected}reached: {seen['reached'] or seen.get('answers')}")
    for source in ("live", "log"):
        found = seen.get(source, [])
        if isinstance(found, str):
            wrong.append(f"{source}: {found}")
            continue
        for one in found:
            if not is_affected or not is_same(one["culprit"], expected):
                wrong.append(f"{source} blames {one['culprit']}")
            elif not any(case.says in text for text in one["advice"]):
                wrong.append(f"{source} advises {one['advice']}")
    if is_affected and not any(seen.get(source) for source in ("live", "log")):
        wrong.append("nothing was found")
    return wrong


def is_same(culprit: str, expected: str) -> bool:
    """Whether this is the right culprit; tracebacks have the last part of a function's name alone."""
    function, _, file = expected.partition(" ")
    return culprit in {expected, f"{function.rpartition('.')[2]} {file}"}


def _place(function: str, file: str) -> str:
    """A function and its file, below site-packages or the project."""
    return f"{function} {re.sub(r'^.*/(?:site-packages|shop)/', '', file)}"


def without_folders(text: str) -> str:
    """The text with the last part of each path alone: the folders are this machine's."""
    return re.sub(r"/[\w.+-]+(?:/[\w.+-]+)*/([\w.+-]+)", r"\1", text)[-400:]


if __name__ == "__main__":
    main()
