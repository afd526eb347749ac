"""Imports are added once, where such imports stand."""

from __future__ import annotations

import pytest

from asyncspy.analyse.remedy.source_file import parse_file
from asyncspy.analyse.remedy.text_edits import SYNC_TO_ASYNC, ImportedName, apply_edits
from asyncspy.fix.imports import import_edits, import_obstacle

LINE = "from asgiref.sync import sync_to_async\n"


def added(text: str, *names: ImportedName) -> str:
    file = parse_file(text)
    assert file is not None
    return apply_edits(text, import_edits(file, names or (SYNC_TO_ASYNC, SYNC_TO_ASYNC), {"shop"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\n\nfrom django.db import models\n", f"import os\n\n{LINE}from django.db import models\n"),
        ("import os\n\nimport aiohttp\nx = 1\n", f"import os\n\nimport aiohttp\n{LINE}x = 1\n"),
        ("from shop.models import Book\n", f"{LINE}\nfrom shop.models import Book\n"),
        ("from . import models\n", f"{LINE}\nfrom . import models\n"),
        ("from __future__ import annotations\nx = 1\n", f"from __future__ import annotations\n\n{LINE}x = 1\n"),
        ('"""Views."""\nx = 1\n', f'"""Views."""\n\n{LINE}x = 1\n'),
        ("x = 1\n", f"{LINE}\nx = 1\n"),
        ("@wrapped\ndef f():\n    pass\n", f"{LINE}\n@wrapped\ndef f():\n    pass\n"),
        ("import os", "import os\n\nfrom asgiref.sync import sync_to_async"),
        ("import os\r\nx = 1\r\n", "import os\r\n\r\nfrom asgiref.sync import sync_to_async\r\nx = 1\r\n"),
        (f"{LINE}x = 1\n", f"{LINE}x = 1\n"),
        (
            "from asgiref.sync import async_to_sync\n",
            "from asgiref.sync import async_to_sync, sync_to_async\n",
        ),
        (
            "from asgiref.sync import (\n    async_to_sync,  # here\n)\n",
            "from asgiref.sync import (\n    async_to_sync, sync_to_async,  # here\n)\n",
        ),
        (
            "if True:\n    from asgiref.sync import sync_to_async\n",
            f"{LINE}\nif True:\n    from asgiref.sync import sync_to_async\n",
        ),
    ],
)
def test_where_it_stands(text: str, expected: str) -> None:
    assert added(text) == expected


def test_beside_the_name_that_it_replaces_in_alphabetical_order() -> None:
    text = "from django.contrib.auth import (\n    authenticate,\n    login,\n)\n"
    wanted = ImportedName("django.contrib.auth", "alogin", "login")
    expected = "from django.contrib.auth import (\n    alogin,\n    authenticate,\n    login,\n)\n"
    assert added(text, wanted) == expected


@pytest.mark.parametrize(
    "text", ["sync_to_async = None\n", "def f(sync_to_async): pass\n", "import x as sync_to_async\n"]
)
def test_a_name_with_another_meaning_is_an_obstacle(text: str) -> None:
    file = parse_file(text)
    assert file is not None
    assert import_obstacle(file, [SYNC_TO_ASYNC])
