"""What is kept of a source file is enough for the report's excerpt and its remedy, and no more."""

from __future__ import annotations

from textwrap import dedent

from asyncspy.analyse.remedy.source_line import parse_line
from asyncspy.source.excerpts import excerpt_of

SOURCE = dedent("""\
    import os
    from time import sleep

    SECRET = "hunter2"


    class Shop:
        name = "x"

        @property
        def price(self):
            if self.name:
                return User.objects.count()
            return 0

        def other(self):
            return SECRET
    """).splitlines()


def kept(line: int) -> list[str]:
    return [text.strip() for text in excerpt_of(SOURCE, [line]).values() if text.strip()]


def test_the_function_around_the_line_with_what_it_stands_in_and_the_imports() -> None:
    texts = kept(13)
    assert texts[:2] == ["import os", "from time import sleep"]
    assert {"class Shop:", "@property", "def price(self):", "return User.objects.count()"} <= set(texts)
    assert 'SECRET = "hunter2"' not in texts
    assert "return SECRET" not in texts


def test_what_is_kept_can_be_parsed_at_its_own_lines() -> None:
    lines = excerpt_of(SOURCE, [13])
    text = "\n".join(lines.get(number, "") for number in range(1, max(lines) + 1))
    where = parse_line(text, 13)
    assert where is not None
    assert where.function is not None
    assert where.function.name == "price"


def test_of_a_very_long_function_only_the_neighbours() -> None:
    source = ["def long():", *["    a = 1"] * 400]
    assert list(excerpt_of(source, [200])) == [198, 199, 200, 201, 202]


def test_what_is_no_python_gives_its_neighbours() -> None:
    assert excerpt_of(["{% if x %}", "<p>", "{% endif %}"], [2]) == {1: "{% if x %}", 2: "<p>", 3: "{% endif %}"}


def test_lines_that_are_not_there_keep_nothing() -> None:
    assert excerpt_of(SOURCE, [0, 999]) == {}


def test_a_generated_file_is_not_kept() -> None:
    assert excerpt_of([f"x = '{'y' * 5000}'"], [1]) == {}
