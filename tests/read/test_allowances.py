"""The ignore file: what an entry must say, and that nothing misspelt is taken for more than it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from asyncspy.analyse.gate_rules import KIND_NAMES
from asyncspy.errors import InputError
from asyncspy.model.gates import Allowance
from asyncspy.read.allowances import read_allowances

GOOD = '[[ignore]]\nfile = "shop/pricing.py"\nreason = "SHOP-12"\nexpires = 2026-12-31\n'


def entries(folder: Path, text: str | bytes) -> list[Allowance]:
    file = folder / "ignore.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_allowances(file, KIND_NAMES)


def test_an_entry_says_what_why_and_until_when(tmp_path: Path) -> None:
    more = GOOD + 'function = "helper_count"\ncall = "QuerySet.count"\nkind = "violation"\n'
    plain, narrow = entries(tmp_path, GOOD + more)
    assert plain == Allowance("SHOP-12", date(2026, 12, 31), "shop/pricing.py")
    assert (narrow.function, narrow.call, narrow.kind) == ("helper_count", "QuerySet.count", "async-unsafe")


def test_an_empty_file_ignores_nothing(tmp_path: Path) -> None:
    assert entries(tmp_path, "# none\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ignore = 5", "no list"),
        ("ignore = [5]", "entry 1 is not a table"),
        (GOOD + "until = 5\n", "unknown key 'until'"),
        ("[[ignores]]\nfile = 'x'", "holds 'ignores'"),
        (GOOD.replace('reason = "SHOP-12"\n', ""), "has no reason"),
        (GOOD.replace('"SHOP-12"', '" "'), "reason is not text"),
        (GOOD.replace('file = "shop/pricing.py"\n', ""), "has no file"),
        (GOOD.replace("expires = 2026-12-31\n", ""), "needs a date in expires"),
        (GOOD.replace("2026-12-31", '"2026-12-31"'), "needs a date in expires"),
        (GOOD.replace("2026-12-31", "2026-12-31T00:00:00"), "needs a date in expires"),
        (GOOD + 'kind = "async"\n', "no kind is called 'async'"),
        (GOOD + "function = 5\n", "function is not text"),
        ("[[ignore]", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        ("a = " + "[" * 100_000, "is not TOML"),
        ("#" * (1024**2 + 1), "larger than"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(InputError) as error:
        entries(tmp_path, text)
    assert said in error.value.message
    assert error.value.remedy


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_allowances(tmp_path / "none.toml", KIND_NAMES)
