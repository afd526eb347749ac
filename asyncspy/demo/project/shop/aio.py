"""The asynchronous spelling of what Django 4.2 has only as synchronous calls; later versions bring their own."""

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.shortcuts import get_object_or_404

try:
    from django.shortcuts import aget_object_or_404
except ImportError:
    aget_object_or_404 = None


async def current_user(request):
    if hasattr(request, "auser"):  # Django 5.0
        return await request.auser()
    return await sync_to_async(get_user)(request)


async def session_value(session, key, default=None):
    if hasattr(session, "aget"):  # Django 5.1
        return await session.aget(key, default)
    return await sync_to_async(session.get)(key, default)


async def may(user, permission):
    if hasattr(user, "ahas_perm"):  # Django 5.2
        return await user.ahas_perm(permission)
    return await sync_to_async(user.has_perm)(permission)


async def find_or_404(queryset, **lookup):
    if aget_object_or_404 is not None:  # Django 5.0
        return await aget_object_or_404(queryset, **lookup)
    return await sync_to_async(get_object_or_404)(queryset, **lookup)


async def announce(signal, sender, **named):
    if hasattr(signal, "asend"):  # Django 5.0
        return await signal.asend(sender, **named)
    return await sync_to_async(signal.send)(sender, **named)
