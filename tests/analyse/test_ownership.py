"""Whose code a file is: the user's own, or which package's."""

from __future__ import annotations

import pytest

from asyncspy.analyse.ownership import owner

OWNERS = {
    "/srv/shop/shop/views.py": None,
    "/app/vendor/tools/views.py": None,
    "/app/src/shop/views.py": None,
    "/home/eve/projects/lib/shop.py": None,
    "shop/views.py": None,
    "views.py": None,
    "/srv/venv/lib/python3.12/site-packages/django/db/models/query.py": "django",
    "/app/.venv/lib/python3.12/site-packages/tenants/middleware.py": "tenants",
    "/usr/lib/python3/dist-packages/rest_framework/views.py": "rest_framework",
    "/srv/venv/lib/python3.12/site-packages/six.py": "six",
    "C:\\venv\\Lib\\site-packages\\django\\http.py": "django",
    "/srv/app.pyz/shop/views.py": "shop",
    "/usr/lib/python3.12/asyncio/runners.py": "stdlib",
    "/opt/python/lib/python3.13t/threading.py": "stdlib",
    "<frozen importlib._bootstrap>": "stdlib",
    "<string>": "stdlib",
    "": "stdlib",
    "django/db/models/query.py": "django",
    "asyncio/runners.py": "stdlib",
    "threading.py": "stdlib",
    "corsheaders/middleware.py": "corsheaders",
}


@pytest.mark.parametrize("file", OWNERS)
def test_owner(file: str) -> None:
    assert owner(file) == OWNERS[file]
