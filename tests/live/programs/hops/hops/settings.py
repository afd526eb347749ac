"""Settings from the environment: HOPS_MIDDLEWARE (a key of CHAINS) says which middleware, in which order."""

import os

SECRET_KEY = "only ever served on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DEBUG = False
ROOT_URLCONF = "hops.urls"
INSTALLED_APPS = []
USE_TZ = True

DJANGOS = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
SYNC_ONLY = "hops.middleware.SyncOnly"
CHAINS = {
    "none": [],
    "django": DJANGOS,
    "able": ["hops.middleware.able", "hops.middleware.either", *DJANGOS],
    "mixin": ["hops.middleware.Stamp", *DJANGOS],
    "first": [SYNC_ONLY, *DJANGOS],
    "last": [*DJANGOS, SYNC_ONLY],
    "function": ["hops.middleware.function_style", *DJANGOS],
}
MIDDLEWARE = CHAINS[os.environ.get("HOPS_MIDDLEWARE", "none")]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "loggers": {"django": {"handlers": ["none"], "propagate": False}},
}
