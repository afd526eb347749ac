"""Settings of the core, all from the environment: CORE_DATABASE (a file), CORE_SYNC_MIDDLEWARE (1: one at the top).

Every line here means the same to Django 3.2 and to 6.1.
"""

import os

SECRET_KEY = "only ever served on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DEBUG = False
ROOT_URLCONF = "core.urls"
INSTALLED_APPS = ["core", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    *(["core.middleware.sync_only"] if os.environ.get("CORE_SYNC_MIDDLEWARE") == "1" else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["CORE_DATABASE"],
        "OPTIONS": {"timeout": 30},
    }
}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
# What is refused is counted by the views: without this the log would be flooded with it.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "loggers": {"django": {"handlers": ["none"], "propagate": False}},
}
