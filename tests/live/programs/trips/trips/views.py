"""Sync views behind a WSGI server; one of them runs an event loop, in gevent beside all others in their thread."""

import asyncio
import os

from django.contrib.auth.models import User
from django.http import HttpResponse


async def fetch():
    total = 0
    for _ in range(40):
        await asyncio.sleep(0.01)
        total += sum(range(20_000))
    return total


def weather(request):
    return HttpResponse(str(asyncio.run(fetch())))  # planted


def people(request):
    return HttpResponse(str(User.objects.count()))  # innocent


def newest(request):
    user = User.objects.order_by("-pk").first()  # innocent
    return HttpResponse(str(user))


def ready(request):
    return HttpResponse(str(os.getpid()))
