"""The worlds that are in production: which Django on which asgiref, Python, server and loop; data, one line each."""

from __future__ import annotations

from typing import Literal, NamedTuple

Python = Literal["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
Served = Literal[
    "uvicorn-asyncio",
    "uvicorn-uvloop",
    "uvicorn-worker-uvloop",
    "uvicorn-worker-asyncio",
    "gunicorn-asgi-asyncio",
    "gunicorn-asgi-uvloop",
    "daphne",
    "hypercorn",
    "granian",
    "gunicorn-wsgi",
]


class Combination(NamedTuple):
    """One world; `sync_middleware` puts a sync-only middleware first, so that the views run under `main_wrap`."""

    django: str
    asgiref: str
    python: Python
    served: Served
    sync_middleware: bool = False

    @property
    def name(self) -> str:
        """What a person calls it, and what its files are named."""
        middleware = "-syncmw" if self.sync_middleware else ""
        return f"django{self.django}-asgiref{self.asgiref}-py{self.python}-{self.served}{middleware}"


SERVER_PACKAGES: dict[Served, tuple[str, ...]] = {
    "uvicorn-asyncio": ("uvicorn",),
    "uvicorn-uvloop": ("uvicorn", "uvloop"),
    "uvicorn-worker-uvloop": ("gunicorn", "uvicorn", "uvicorn-worker", "uvloop", "httptools"),
    "uvicorn-worker-asyncio": ("gunicorn", "uvicorn", "uvicorn-worker"),
    "gunicorn-asgi-asyncio": ("gunicorn>=24",),
    "gunicorn-asgi-uvloop": ("gunicorn>=24", "uvloop"),
    "daphne": ("daphne",),
    "hypercorn": ("hypercorn",),
    "granian": ("granian",),
    "gunicorn-wsgi": ("gunicorn",),
}

COMBINATIONS = (
    Combination("3.2.25", "3.3.4", "3.9", "uvicorn-asyncio"),
    Combination("3.2.25", "3.5.2", "3.10", "uvicorn-worker-uvloop"),
    Combination("3.2.25", "3.7.2", "3.9", "uvicorn-uvloop", sync_middleware=True),
    Combination("4.2.26", "3.6.0", "3.9", "daphne"),
    Combination("4.2.26", "3.7.2", "3.11", "uvicorn-uvloop"),
    Combination("4.2.26", "3.7.2", "3.10", "gunicorn-wsgi"),
    Combination("4.2.26", "3.8.1", "3.12", "hypercorn"),
    Combination("5.2.8", "3.8.1", "3.10", "uvicorn-worker-asyncio"),
    Combination("5.2.8", "3.9.2", "3.12", "granian"),
    Combination("5.2.8", "3.10.0", "3.11", "uvicorn-asyncio", sync_middleware=True),
    Combination("5.2.8", "3.11.1", "3.13", "gunicorn-wsgi"),
    Combination("6.0", "3.11.1", "3.12", "gunicorn-asgi-uvloop"),
    Combination("6.0", "3.12.1", "3.13", "daphne"),
    Combination("6.1", "3.13.0", "3.12", "uvicorn-uvloop", sync_middleware=True),
    Combination("6.1", "3.13.0", "3.13", "gunicorn-asgi-asyncio"),
    Combination("6.0", "3.12.1", "3.14", "granian"),
    Combination("6.1", "3.13.0", "3.14", "uvicorn-uvloop"),
)
