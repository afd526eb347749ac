"""The small Django project that each case adds to: two models, an innocent view, and a visitor who is logged in."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.packages.guarded.case import Code

SETTINGS = '''
from pathlib import Path

HERE = Path(__file__).parent


class NoMigrations(dict):
    """Tables are made from the models as they are, which is faster."""

    def __contains__(self, app):
        return True

    def __getitem__(self, app):
        return None


SECRET_KEY = "not a secret " * 4
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
SITE_ID = 1
USE_TZ = True
STATIC_URL = "/static/"
CONTRIB = ["admin", "auth", "contenttypes", "sessions", "messages", "sites", "staticfiles"]
INSTALLED_APPS = [*(f"django.contrib.{app}" for app in CONTRIB), "asyncspy.django", "orders"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HERE / "db.sqlite3")}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MIGRATION_MODULES = NoMigrations()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PROCESSORS = ["template.context_processors.request", "contrib.auth.context_processors.auth",
              "contrib.messages.context_processors.messages"]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "DIRS": [HERE / "templates"],
    "OPTIONS": {"context_processors": [f"django.{name}" for name in PROCESSORS]},
}]
LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
'''
NOTES = """
import os
if os.environ.get("SHOP_NOTES"):
    import json, sys
    from django.core.exceptions import SynchronousOnlyOperation

    def note(error, *args):
        Exception.__init__(error, *args)
        frame, places = sys._getframe(1), []
        while frame is not None:
            places.append((frame.f_code.co_qualname, frame.f_code.co_filename))
            frame = frame.f_back
        with open(os.environ["SHOP_NOTES"], "a") as notes:
            notes.write(json.dumps(places) + "\\n")

    SynchronousOnlyOperation.__init__ = note
"""
MODELS = """
from django.db import models


class Publisher(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    publisher = models.ForeignKey(Publisher, models.CASCADE, related_name="books")
"""
VIEWS = '''
from asgiref.sync import sync_to_async
from django.http import HttpResponse, JsonResponse
from orders.models import Book, Publisher


async def page(request):
    return HttpResponse("<html><body>page</body></html>")


async def innocent(request):
    """The same kind of work as it should be done."""
    books = [book.publisher.name async for book in Book.objects.select_related("publisher")]
    names = await sync_to_async(lambda: [publisher.name for publisher in Publisher.objects.all()])()
    return JsonResponse({"books": books, "names": names, "user": str(await request.auser())})
'''
URLS = """
from django.urls import include, path
from orders import views

urlpatterns = [path("", views.page), path("innocent", views.innocent)]
"""
ASGI = """
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_asgi_application()
"""
SERVE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from orders.models import Book, Publisher
call_command("migrate", verbosity=0, run_syncdb=True)
user = get_user_model().objects.create_superuser("ada", "ada@example.com", "x")
publisher = Publisher.objects.create(name="Acme")
for number in range(3):
    Book.objects.create(title=f"book {number}", publisher=publisher)
client = Client()
client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
SETUP_OF_THE_CASE
from pathlib import Path
Path("session").write_text(client.cookies[settings.SESSION_COOKIE_NAME].value)
import asgi, uvicorn
uvicorn.run(asgi.application, port=int(sys.argv[1]), lifespan="off", access_log=False)
"""


def write_project(folder: Path, code: Code) -> None:
    """Write the project with what the case adds."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "orders").mkdir(parents=True)
    (folder / "templates").mkdir()
    files = {
        "settings.py": SETTINGS + code.settings + NOTES,
        "urls.py": URLS + code.urls,
        "asgi.py": ASGI,
        "serve.py": SERVE.replace("SETUP_OF_THE_CASE", code.setup),
        "orders/__init__.py": "",
        "orders/models.py": MODELS + code.models,
        "orders/views.py": VIEWS + code.views,
    }
    for name, text in files.items():
        (folder / name).write_text(text.lstrip("\n"))
