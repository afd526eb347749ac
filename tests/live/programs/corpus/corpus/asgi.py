import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "corpus.settings")
application = get_asgi_application()

try:
    from corpus.consumers import with_consumers
except ModuleNotFoundError:  # channels is not installed
    pass
else:
    application = with_consumers(application)
