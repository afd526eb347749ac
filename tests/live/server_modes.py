"""Every server in every mode that it has: a command line, and what each of its processes must be told as."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

APP = "shop.asgi:application"
WSGI = "shop.wsgi:application"
SETTINGS = "shop.settings"
BIN = Path(sys.executable).parent

_DJANGO = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'


def _application(kind: str) -> str:
    return f"{_DJANGO}from django.core.{kind} import get_{kind}_application\napplication = get_{kind}_application()\n"


PROJECT = {
    "shop/__init__.py": "",
    "shop/settings.py": (
        'import os\nSECRET_KEY = "x"\nDEBUG = True\nROOT_URLCONF = "shop.urls"\nALLOWED_HOSTS = ["*"]\n'
        'INSTALLED_APPS = os.environ.get("SHOP_APPS", "").split()\nASGI_APPLICATION = "shop.asgi.application"\n'
    ),
    "shop/urls.py": "urlpatterns = []\n",
    "shop/asgi.py": _application("asgi"),
    "shop/wsgi.py": _application("wsgi"),
    "manage.py": (
        f"{_DJANGO}import sys\nfrom django.core.management import execute_from_command_line\n"
        'if __name__ == "__main__":\n    execute_from_command_line(sys.argv)\n'
    ),
    "serve.py": (
        "import sys\nimport uvicorn\n"
        'if __name__ == "__main__":\n'
        '    options = {"one": {}, "two": {"workers": 2}, "reload": {"reload": True}}[sys.argv[2]]\n'
        f'    uvicorn.run("{APP}", port=int(sys.argv[1]), **options)\n'
    ),
    "serve_hypercorn.py": (
        "import asyncio, sys\nfrom hypercorn.asyncio import serve\nfrom hypercorn.config import Config\n"
        "from shop.asgi import application\n"
        'config = Config()\nconfig.bind = ["127.0.0.1:" + sys.argv[1]]\nasyncio.run(serve(application, config))\n'
    ),
    "no_server.py": (
        "import sys\nimport socketserver\n"
        'socketserver.TCPServer(("127.0.0.1", int(sys.argv[1])), socketserver.BaseRequestHandler).serve_forever()\n'
    ),
    "tasks.py": (
        "from gunicorn.dirty.app import DirtyApp\nclass App(DirtyApp):\n    def init(self): pass\n"
        "    def __call__(self, action, *args, **kwargs): return 1\n    def close(self): pass\n"
    ),
    "supervisord.conf": (
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=%(here)s/supervisord.pid\n"
        f"[program:shop]\ncommand={BIN}/uvicorn {APP} --port %(ENV_PORT)s --workers 2\nstopasgroup=true\n"
    ),
    "under_shell.sh": '"$@"\ntrue\n',
    "without/setproctitle/setproctitle.py": 'raise ImportError("left out")\n',
    "without/uvloop/uvloop.py": 'raise ImportError("left out")\n',
}


@dataclass(frozen=True)
class Mode:
    """A command line (BIN/ and PORT are filled in), its server, the roles in the order of the list, the workers' loop.

    `without` are packages that it has to do without, `needs` modules and programs that must be there; `outer` is the
    number of processes around the server that belong to none.
    """

    line: str
    server: str
    roles: str
    loop: str | None
    app: str | None = APP
    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    outer: int = 0

    def argv(self, port: int) -> list[str]:
        """The words to start."""
        return [word.replace("BIN/", f"{BIN}/").replace("PORT", str(port)) for word in self.line.split()]

    def missing(self) -> list[str]:
        """What this machine lacks of what it needs."""
        needed = (*self.needs, "django" if self.server == "runserver" else self.server)
        return [name for name in needed if find_spec(name) is None and _program(name) is None]


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{BIN}:/usr/bin:/bin")


_UVICORN = f"BIN/uvicorn {APP} --port PORT"
_GUNICORN = "BIN/gunicorn --bind 127.0.0.1:PORT --no-control-socket --graceful-timeout 1"
_GRANIAN = f"BIN/granian --interface asgi --port PORT {APP}"
_HYPERCORN = f"BIN/hypercorn --bind 127.0.0.1:PORT {APP}"
_UNTITLED = ("setproctitle",)
_TWO = "master worker worker"
_SPAWNED = "master worker worker helper"
_RELOADED = "reloader worker helper"
_UV = "BIN/uv run --no-project --offline --python BIN/python"


def _gunicorn(
    options: str,
    roles: str = _TWO,
    loop: str | None = "uvloop",
    *,
    app: str = APP,
    without: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
) -> Mode:
    return Mode(f"{_GUNICORN} {app} {options}", "gunicorn", roles, loop, app, without, needs)


MODES = {
    "uvicorn": Mode(_UVICORN, "uvicorn", "worker", "uvloop"),
    "uvicorn --loop asyncio": Mode(f"{_UVICORN} --loop asyncio", "uvicorn", "worker", "asyncio"),
    "uvicorn, no uvloop": Mode(_UVICORN, "uvicorn", "worker", "asyncio", without=("uvloop",)),
    "python -m uvicorn": Mode(f"BIN/python -m uvicorn {APP} --port PORT", "uvicorn", "worker", "uvloop"),
    "uvicorn --workers 2": Mode(f"{_UVICORN} --workers 2", "uvicorn", _SPAWNED, "uvloop"),
    "uvicorn, WEB_CONCURRENCY=2": Mode(_UVICORN, "uvicorn", _SPAWNED, "uvloop", environ={"WEB_CONCURRENCY": "2"}),
    "uvicorn by a link, as pipx installs it": Mode(f"links/uvicorn {APP} --port PORT", "uvicorn", "worker", "uvloop"),
    "python shop.pyz (zipapp)": Mode(
        "BIN/python shop.pyz PORT", "uvicorn", "worker?", "uvloop", app=None, environ={"PYTHONPATH": "."}
    ),
    "uvicorn --reload": Mode(f"{_UVICORN} --reload", "uvicorn", _RELOADED, "uvloop"),
    "uv run uvicorn": Mode(f"{_UV} uvicorn {APP} --port PORT", "uvicorn", "worker", "uvloop", needs=("uv",), outer=1),
    "tini -- uvicorn": Mode(f"tini -s -- {_UVICORN}", "uvicorn", "worker", "uvloop", needs=("tini",), outer=1),
    "sh -c uvicorn": Mode(f"sh under_shell.sh {_UVICORN}", "uvicorn", "worker", "uvloop", outer=1),
    "supervisord, uvicorn --workers 2": Mode(
        "BIN/supervisord -n -c supervisord.conf", "uvicorn", _SPAWNED, "uvloop", needs=("supervisor",), outer=1
    ),
    "coverage run -m uvicorn": Mode(
        f"BIN/coverage run -m uvicorn {APP} --port PORT", "uvicorn", "worker", "uvloop", needs=("coverage",)
    ),
    "debugpy -m uvicorn": Mode(
        f"BIN/python -m debugpy --listen 127.0.0.1:0 -m uvicorn {APP} --port PORT",
        "uvicorn",
        "worker",
        "uvloop",
        needs=("debugpy",),
    ),
    "debugpy -m uvicorn --workers 2": Mode(
        f"BIN/python -m debugpy --listen 127.0.0.1:0 -m uvicorn {APP} --port PORT --workers 2",
        "uvicorn",
        _SPAWNED,
        "uvloop",
        needs=("debugpy",),
    ),
    "uvicorn.run()": Mode("BIN/python serve.py PORT one", "uvicorn", "worker?", "uvloop", app=None),
    "uvicorn.run(workers=2)": Mode(
        "BIN/python serve.py PORT two", "uvicorn", "master? worker? worker? helper", "uvloop", None
    ),
    "uvicorn.run(reload=True)": Mode(
        "BIN/python serve.py PORT reload", "uvicorn", "reloader? worker? helper", "uvloop", None
    ),
    "gunicorn -k uvicorn_worker": _gunicorn("-w 2 -k uvicorn_worker.UvicornWorker", needs=("uvicorn_worker",)),
    "gunicorn -k uvicorn_worker, no setproctitle": _gunicorn(
        "-w 2 -k uvicorn_worker.UvicornWorker", without=_UNTITLED, needs=("uvicorn_worker",)
    ),
    "gunicorn -k uvicorn_worker, no setproctitle, no uvloop": _gunicorn(
        "-w 2 -k uvicorn_worker.UvicornWorker",
        loop="asyncio",
        without=("setproctitle", "uvloop"),
        needs=("uvicorn_worker",),
    ),
    "gunicorn -k uvicorn_worker, no uvloop": _gunicorn(
        "-w 2 -k uvicorn_worker.UvicornWorker", loop=None, without=("uvloop",), needs=("uvicorn_worker",)
    ),
    "gunicorn -k uvicorn.workers": _gunicorn("-w 2 -k uvicorn.workers.UvicornWorker"),
    "gunicorn -k asgi": _gunicorn("-w 2 -k asgi"),
    "gunicorn -k asgi, no setproctitle": _gunicorn("-w 2 -k asgi", without=_UNTITLED),
    "python -m gunicorn -k asgi, no setproctitle": Mode(
        f"BIN/python -m gunicorn -w 2 -k asgi -b 127.0.0.1:PORT --no-control-socket {APP}",
        "gunicorn",
        _TWO,
        "uvloop",
        without=_UNTITLED,
    ),
    "gunicorn -k asgi --preload, no setproctitle": _gunicorn("-w 2 -k asgi --preload", without=_UNTITLED),
    "gunicorn -k asgi --reload": _gunicorn("-w 1 -k asgi --reload", "master worker"),
    "gunicorn -k asgi --dirty-app": _gunicorn(
        "-k asgi --dirty-app tasks:App --dirty-workers 1", "master worker helper helper"
    ),
    "gunicorn -k asgi --dirty-app, no setproctitle": _gunicorn(
        "-k asgi --dirty-app tasks:App --dirty-workers 1", "master worker helper helper", without=_UNTITLED
    ),
    "gunicorn (sync)": _gunicorn("-w 2", loop=None, app=WSGI),
    "gunicorn (sync), no setproctitle": _gunicorn("-w 2", loop=None, app=WSGI, without=_UNTITLED),
    "gunicorn --threads 2 (gthread)": _gunicorn("-w 2 --threads 2", loop=None, app=WSGI),
    "gunicorn -k gthread, no setproctitle": _gunicorn("-w 2 -k gthread", loop=None, app=WSGI, without=_UNTITLED),
    "daphne": Mode(f"BIN/daphne -p PORT {APP}", "daphne", "worker", "asyncio"),
    "python -m daphne": Mode(f"BIN/python -m daphne -p PORT {APP}", "daphne", "worker", "asyncio"),
    "hypercorn": Mode(_HYPERCORN, "hypercorn", "master worker helper", "asyncio"),
    "hypercorn -w 2": Mode(f"{_HYPERCORN} -w 2", "hypercorn", _SPAWNED, "asyncio"),
    "hypercorn -w 0": Mode(f"{_HYPERCORN} -w 0", "hypercorn", "worker", "asyncio"),
    "hypercorn -k uvloop": Mode(f"{_HYPERCORN} -k uvloop", "hypercorn", "master worker helper", "uvloop"),
    "hypercorn --reload": Mode(f"{_HYPERCORN} --reload", "hypercorn", _RELOADED, "asyncio"),
    "granian": Mode(_GRANIAN, "granian", "master worker", "uvloop"),
    "granian --workers 2": Mode(f"{_GRANIAN} --workers 2", "granian", _TWO, "uvloop"),
    "granian --workers 2, no setproctitle": Mode(
        f"{_GRANIAN} --workers 2", "granian", _TWO, "uvloop", without=_UNTITLED
    ),
    "granian --interface asginl": Mode(
        f"BIN/granian --interface asginl --port PORT {APP}", "granian", "master worker", "uvloop"
    ),
    "granian --reload": Mode(f"{_GRANIAN} --reload", "granian", "master worker", "uvloop", needs=("watchfiles",)),
    "manage.py runserver": Mode("BIN/python manage.py runserver PORT", "runserver", "reloader worker", None, None),
    "manage.py runserver --noreload": Mode(
        "BIN/python manage.py runserver 127.0.0.1:PORT --noreload", "runserver", "worker", None, None
    ),
    "django-admin runserver": Mode(
        f"BIN/django-admin runserver PORT --settings {SETTINGS} --pythonpath .",
        "runserver",
        "reloader worker",
        None,
        None,
    ),
    "python -m django runserver": Mode(
        f"BIN/python -m django runserver PORT --settings={SETTINGS} --pythonpath .",
        "runserver",
        "reloader worker",
        None,
        None,
    ),
    "coverage run manage.py runserver": Mode(
        "BIN/coverage run manage.py runserver PORT", "runserver", "reloader worker", None, None, needs=("coverage",)
    ),
    "manage.py runserver (channels, daphne)": Mode(
        "BIN/python manage.py runserver PORT",
        "runserver",
        "reloader worker",
        "asyncio",
        None,
        needs=("daphne",),
        environ={"SHOP_APPS": "daphne"},
    ),
}
