"""The marks in the source: each is found where it stands, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

from asyncspy.demo.planted import PROJECT, Mark, marks, planted, twins

SOURCE = '''\
"""A docstring that explains: # planted: not a mark."""
text = "# twin: not a mark either"
count = 1  # planted: at import


class Middleware:
    async def __call__(self, request):
        return request.user  # planted: request.user


def outer():
    async def inner():
        return await one()  # twin: awaited

    return inner  # twinned, but no mark
'''


def test_each_mark_is_found_with_its_function_and_line(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "code.py").write_text(SOURCE)
    assert marks(tmp_path) == (
        Mark("planted", "shop/code.py", "<module>", 3, "at import"),
        Mark("planted", "shop/code.py", "Middleware.__call__", 8, "request.user"),
        Mark("twin", "shop/code.py", "outer.<locals>.inner", 13, "awaited"),
    )


def test_no_mark_of_the_project_is_missed() -> None:
    written = sum(
        line.count("  # planted: ") + line.count("  # twin: ")
        for path in PROJECT.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    assert len(marks()) == written == len(planted()) + len(twins())


def test_the_faults_are_many_and_of_many_kinds() -> None:
    assert len({(mark.file, mark.line) for mark in planted()}) >= 12
    assert len({mark.about for mark in planted()}) >= 12
    assert len({mark.file for mark in planted()}) >= 7
    assert len(twins()) >= 12


def test_each_mark_stands_on_a_statement_of_its_own_function() -> None:
    for mark in marks():
        line = (PROJECT / mark.file).read_text(encoding="utf-8").splitlines()[mark.line - 1]
        assert line.split("#")[0].strip(), mark
        assert mark.function != "<module>", mark
