import os

from django.core.asgi import get_asgi_application
from tether import tether

# Only for the demo: each worker process has to permit its tracer itself. See tether.py.
tether()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_asgi_application()
