"""Every route of every shelf, what the third parties serve, and the list of them all."""

import importlib
import json
import os
import pkgutil

from django.http import HttpResponse
from django.urls import path

from corpus import shelves
from corpus.routes import ROUTES

URLS = []
for shelf in pkgutil.iter_modules(shelves.__path__):
    try:
        module = importlib.import_module(f"corpus.shelves.{shelf.name}")
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith(("corpus", "django.")):
            raise
        continue  # a third party that is not installed
    URLS += getattr(module, "URLS", [])


async def ready(request):
    """Which process answered."""
    return HttpResponse(str(os.getpid()))


async def routes(request):
    """All routes, and how often each is asked for in a round."""
    return HttpResponse(json.dumps({name: times for name, (_, times) in ROUTES.items()}))


urlpatterns = [
    path("ready", ready),
    path("routes", routes),
    *(path(name, view) for name, (view, _) in ROUTES.items() if view is not None),
    *URLS,
]
