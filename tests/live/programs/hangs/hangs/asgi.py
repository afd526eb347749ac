"""Django under a bounded life: whatever hangs in here is ended by the kernel, also when a test is killed."""

import os
import signal

from django.core.asgi import get_asgi_application

signal.alarm(int(os.environ.get("HANGS_LIFE", "150")))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hangs.settings")
application = get_asgi_application()
