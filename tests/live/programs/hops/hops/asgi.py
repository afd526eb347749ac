"""Django, and beside it at /raw an application that is not Django's: its thread-sensitive work shares one thread."""

import os
import time

from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hops.settings")
django = get_asgi_application()


def look_up():
    time.sleep(0.02)  # legit: in a thread; planted-pool: all requests wait for this one


async def application(scope, receive, send):
    if scope.get("path") != "/raw":
        await django(scope, receive, send)
        return
    await sync_to_async(look_up)()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
