"""One handler, one query, three ways to it; and the handler without one."""

import os

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.http import HttpResponse


class SyncOnly:
    """As most middleware was written before Django 3.1."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


def count():
    return User.objects.filter(is_active=True).count()


async def ready(request):
    return HttpResponse(str(os.getpid()))


async def plain(request):
    return HttpResponse("0")


async def sensitive(request):
    return HttpResponse(str(await sync_to_async(count)()))


async def free(request):
    return HttpResponse(str(await sync_to_async(count, thread_sensitive=False)()))


async def native(request):
    return HttpResponse(str(await User.objects.filter(is_active=True).acount()))
