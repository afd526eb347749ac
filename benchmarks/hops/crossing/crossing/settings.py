"""Settings from the environment: CROSSING_DATABASE (a file) and CROSSING_MIDDLEWARE (none, or sync-only)."""

import os

SECRET_KEY = "only ever served on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DEBUG = False
ROOT_URLCONF = "crossing.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["crossing.views.SyncOnly"] if os.environ.get("CROSSING_MIDDLEWARE") == "sync-only" else []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["CROSSING_DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
