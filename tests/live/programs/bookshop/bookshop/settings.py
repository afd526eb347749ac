"""Settings of the bookshop: PostgreSQL, on the socket in the folder that BOOKSHOP_POSTGRES names."""

import os

SECRET_KEY = "only ever served on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DEBUG = False
ROOT_URLCONF = "bookshop.urls"
ASGI_APPLICATION = "bookshop.asgi.application"
INSTALLED_APPS = ["bookshop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "bookshop.middleware.Flags"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["BOOKSHOP_POSTGRES"],
        "USER": "asyncspy",
        "NAME": "postgres",
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
# As in many a production: a 500 leaves one line of an access log, and no traceback.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "loggers": {"django": {"handlers": ["none"], "propagate": False}},
}
