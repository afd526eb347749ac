"""Say what the installed release of a package does in a small Django project; run with the interpreter of its venv.

Reads a case as JSON from standard input. Finds the package's Django middleware, reads `sync_capable` and
`async_capable`, and serves requests through Django's own ASGI handler on a loop with each of them: what of Django's
guard was reached and from which line of the package, and how many hops a request makes more than without it.
"""

# ruff: noqa: PLC0415 - Django is imported once it has its settings

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import logging
import re
import sys
import tempfile
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BASE_APPS = ["admin", "auth", "contenttypes", "sessions", "messages", "sites", "staticfiles"]
BASE_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
REQUESTS = [
    ("/", False),
    ("/", True),
    ("/boom", True),
    ("/missing", True),
    ("/accounts/missing", True),
    ("/used", True),
]
"""Paths, and whether the visitor has a session with a user in it."""

REQUEST_SECONDS = 30

MIDDLEWARE_TEXT = re.compile(r"\bget_response\b|\bMiddlewareMixin\b")


class NoMigrations(dict[str, None]):
    """Tables are made from the models as they are, which is faster."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


class Probe:
    """One release of one package, installed where this runs."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.reached: list[dict[str, Any]] = []
        self.hops = {"to_threads": 0, "to_loop": 0}
        self.folder = Path(tempfile.mkdtemp())

    def run(self) -> dict[str, Any]:
        """The facts of this release."""
        self.configure()
        facts = {
            name: importlib.metadata.version(distribution)
            for name, distribution in (("version", self.case["distribution"]), ("django", "django"))
        }
        if not self.case["serve"]:
            return {**facts, "middleware": [self.about(*each) for each in self.middleware()]}
        self.make_tables()
        self.watch_guard()
        self.watch_hops()
        served = [{**self.about(*each), "served": self.serve([each[0]])} for each in self.middleware()]
        return {**facts, "without": self.serve([]), "middleware": served}

    def configure(self) -> None:
        """A project with the package in it."""
        import django
        from django.conf import settings

        apps = [f"django.contrib.{app}" for app in BASE_APPS]
        values: dict[str, Any] = {
            "SECRET_KEY": "probe-" * 10,
            "ALLOWED_HOSTS": ["*"],
            "DEBUG": False,
            "ROOT_URLCONF": "probe_urls",
            "SITE_ID": 1,
            "USE_TZ": True,
            "STATIC_URL": "/static/",
            "STATIC_ROOT": str(self.folder),
            "MIDDLEWARE": list(BASE_MIDDLEWARE),
            "INSTALLED_APPS": apps + list(self.case.get("apps", [])),
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "MIGRATION_MODULES": NoMigrations(),
            "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
            "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.folder / "db.sqlite3")}},
            "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
            "TEMPLATES": [
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "APP_DIRS": True,
                    "OPTIONS": {
                        "context_processors": [
                            "django.template.context_processors.request",
                            "django.contrib.auth.context_processors.auth",
                            "django.contrib.messages.context_processors.messages",
                        ]
                    },
                }
            ],
        }
        exec(textwrap.dedent(self.case.get("before", "")), values)  # noqa: S102 - our own catalog
        settings.configure(**{name: value for name, value in values.items() if name.isupper()})
        django.setup()
        sys.modules["probe_urls"] = self.urls()

    def make_tables(self) -> None:
        """The tables, and one user who is logged in."""
        from django.conf import settings
        from django.core.management import call_command

        call_command("migrate", verbosity=0, run_syncdb=True)
        from django.contrib.auth import get_user_model
        from django.contrib.auth.models import User
        from django.test import Client

        user = get_user_model().objects.create_superuser("ada", "ada@example.com", "x")
        assert isinstance(user, User)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.session = client.cookies[settings.SESSION_COOKIE_NAME].value
        exec(textwrap.dedent(self.case.get("setup", "")), {"user": user})  # noqa: S102

    def urls(self) -> types.ModuleType:
        """The pages: one that answers, one that raises, and the one of the case."""
        module = types.ModuleType("probe_urls")
        code = textwrap.indent(textwrap.dedent(self.case.get("view", "") or "pass"), "    ")
        used = f"async def used(request):\n{code}\n    return HttpResponse('<html><body>used</body></html>')\n"
        pages = (
            "from django.http import HttpResponse\nfrom django.urls import include, path\n"
            "async def page(request):\n    return HttpResponse('<html><body>page</body></html>')\n"
            "async def boom(request):\n    raise ValueError('boom')\n" + used
        )
        exec(compile(pages, str(self.folder / "views.py"), "exec"), module.__dict__)  # noqa: S102
        routes = "urlpatterns = [path('', page), path('boom', boom), path('used', used)]\n"
        module.__dict__["__name__"] = "probe_urls"
        exec(routes + textwrap.dedent(self.case.get("urls", "")), module.__dict__)  # noqa: S102
        return module

    def watch_guard(self) -> None:
        """Note who reaches the guard: it makes its exception there."""
        from django.core.exceptions import SynchronousOnlyOperation

        probe = self

        def note(error: Exception, *args: object) -> None:
            Exception.__init__(error, *args)
            probe.reached.append(probe.where(sys._getframe(1)))

        SynchronousOnlyOperation.__init__ = note

    def where(self, frame: Any) -> dict[str, Any]:
        """The package's deepest frame, and what it called."""
        before = frame
        while frame is not None:
            path = frame.f_code.co_filename
            inside = path.partition("/site-packages/")[2]
            if inside.partition("/")[0].removesuffix(".py") in self.case["modules"] or path.endswith("views.py"):
                called = before.f_code.co_qualname
                return {"function": frame.f_code.co_qualname, "file": inside or "views.py", "called": called}
            before, frame = frame, frame.f_back
        return {"function": None, "file": None, "called": None}

    def watch_hops(self) -> None:
        """Count the calls into threads and back."""
        from asgiref.sync import AsyncToSync, SyncToAsync

        for kind, name in ((SyncToAsync, "to_threads"), (AsyncToSync, "to_loop")):
            self.count(kind, name)

    def count(self, kind: Any, name: str) -> None:
        """Count the calls of one of asgiref's two adapters."""
        call = kind.__call__

        def counting(adapter: object, *args: object, **kwargs: object) -> object:
            self.hops[name] += 1
            return call(adapter, *args, **kwargs)

        kind.__call__ = counting

    def middleware(self) -> Iterator[tuple[str, Any]]:
        """The package's Django middleware: what takes `get_response`, defined in a file that is named for it."""
        seen = set()
        for module in self.modules():
            for name, value in sorted(vars(module).items()):
                if getattr(value, "__module__", None) != module.__name__ or id(value) in seen:
                    continue
                if takes_get_response(value) and self.case["only"] in name:
                    seen.add(id(value))
                    yield f"{module.__name__}.{name}", value

    def modules(self) -> Iterator[types.ModuleType]:
        """The modules of the package that hold middleware, by their names or their text."""
        for top in self.case["modules"]:
            spec = importlib.util.find_spec(top)
            roots = list(spec.submodule_search_locations or []) if spec else []
            alone = [Path(spec.origin)] if spec and spec.origin else []
            files = sorted(file for root in roots for file in Path(root).rglob("*.py")) or alone
            for file in files:
                inside = str(file).rpartition("/site-packages/")[2]
                if (
                    "/tests/" in inside
                    or "/test" in inside
                    or not MIDDLEWARE_TEXT.search(file.read_text(errors="replace"))
                ):
                    continue
                name = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                try:
                    yield importlib.import_module(name)
                except BaseException as error:
                    print(f"{name}: {error!r}"[:300], file=sys.stderr)

    def about(self, name: str, middleware: Any) -> dict[str, Any]:
        """What one middleware says of itself."""
        from django.utils.deprecation import MiddlewareMixin

        is_mixin = inspect.isclass(middleware) and issubclass(middleware, MiddlewareMixin)
        return {
            "name": name,
            "sync_capable": bool(getattr(middleware, "sync_capable", True)),
            "async_capable": bool(getattr(middleware, "async_capable", False)),
            "mixin": bool(is_mixin and middleware.__call__ is MiddlewareMixin.__call__),
        }

    def serve(self, middleware: list[str]) -> dict[str, Any]:
        """Serve all requests with these middlewares behind Django's own."""
        from django.conf import settings
        from django.core.handlers.asgi import ASGIHandler
        from django.test.signals import setting_changed

        settings.MIDDLEWARE = [*BASE_MIDDLEWARE, *middleware]
        setting_changed.send(type(self), setting="MIDDLEWARE", value=None, enter=True)
        try:
            handler = ASGIHandler()
        except Exception as error:
            return {"error": repr(error)[:300]}
        return asyncio.run(self.requests(handler))

    async def requests(self, handler: Any) -> dict[str, Any]:
        """Each request once, and one more to count its hops."""
        answers, reached = {}, []
        for path, session in REQUESTS:
            self.reached.clear()
            key = f"{path} {'session' if session else 'visitor'}"
            answers[key] = await self.request(handler, path, session=session)
            reached += [{"request": key, **each} for each in self.reached]
        self.hops.update(to_threads=0, to_loop=0)
        await self.request(handler, "/", session=True)
        return {"answers": answers, "reached": reached, "hops": dict(self.hops)}

    async def request(self, handler: Any, path: str, *, session: bool) -> str:
        """The status of an answer, or what was raised."""
        sent: list[dict[str, Any]] = []
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.sleep(3600)
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"user-agent", b"probe"), (b"accept", b"text/html")]
        if session:
            headers.append((b"cookie", f"sessionid={self.session}".encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        }  # fmt: skip
        try:
            await asyncio.wait_for(handler(scope, receive, send), REQUEST_SECONDS)
        except BaseException as error:
            return repr(error)[:200]
        return str(sent[0]["status"]) if sent else "no answer"


def takes_get_response(value: Any) -> bool:
    """Whether Django could be given this as middleware."""
    try:
        if inspect.isclass(value):
            parameters = list(inspect.signature(value.__init__).parameters)[1:2]
            return parameters == ["get_response"] and any("__call__" in vars(kind) for kind in value.__mro__)
        return inspect.isfunction(value) and list(inspect.signature(value).parameters)[:1] == ["get_response"]
    except (TypeError, ValueError):
        return False


def main() -> None:
    """Print the facts as one line of JSON."""
    logging.disable(logging.CRITICAL)
    print(json.dumps(Probe(json.load(sys.stdin)).run()))


if __name__ == "__main__":
    main()
