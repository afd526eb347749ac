"""Settings from the environment: HANGS_MIDDLEWARE (a key of CHAINS) says which middleware."""

import os

SECRET_KEY = "only ever served on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DEBUG = False
ROOT_URLCONF = "hangs.urls"
INSTALLED_APPS = []
USE_TZ = True
CHAINS = {
    "none": [],
    "sync": ["hangs.middleware.Stamp"],
    "slow": ["hangs.middleware.Slow"],
}
MIDDLEWARE = CHAINS[os.environ.get("HANGS_MIDDLEWARE", "none")]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "loggers": {"django": {"handlers": ["none"], "propagate": False}},
}
