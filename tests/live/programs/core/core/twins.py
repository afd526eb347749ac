"""The same twelve works done right: in a thread, by an a-method where this Django has it, or on what is loaded."""

from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.template import loader

from core import helpers

HAS_A_METHODS = hasattr(QuerySet, "acount")  # Django 4.1


async def count(request):
    built = User.objects.filter(Q(is_staff=True) | Q(is_active=True)).exclude(username="").order_by("-id")[:5]  # legit
    str(built.query)  # legit
    if HAS_A_METHODS:
        return await User.objects.acount()  # legit
    return await sync_to_async(User.objects.count)()  # legit


async def get(request):
    if HAS_A_METHODS:
        return await User.objects.aget(username="user1")  # legit
    return await sync_to_async(User.objects.get)(username="user1")  # legit


def people():
    return list(User.objects.order_by("id")[:5])  # legit


async def iteration(request):
    if HAS_A_METHODS:
        return [user.username async for user in User.objects.order_by("id")[:5]]  # legit
    return [user.username for user in await sync_to_async(people)()]  # legit


async def helper(request):
    return await sync_to_async(helpers.active_count)()  # legit


def loaded_permissions():
    return list(Permission.objects.select_related("content_type")[:5])  # legit


async def lazy_foreign_key(request):
    return [permission.content_type.model for permission in await sync_to_async(loaded_permissions)()]  # legit


async def user(request):
    await sync_to_async(lambda: request.user.is_staff)()  # legit
    return request.user.is_staff  # legit


async def session(request):
    await sync_to_async(request.session.get)("basket")  # legit
    return request.session["basket"]  # legit


def touch():
    User.objects.get(username="user2").save(update_fields=["last_name"])  # legit


async def save(request):
    await sync_to_async(touch)()  # legit


async def shortcut(request):
    return await sync_to_async(get_object_or_404)(User, pk=1)  # legit


async def template(request):
    page = loader.get_template("core/people.html")
    return page.render({"people": await sync_to_async(people)()})  # legit


async def signal(request):
    return await sync_to_async(helpers.paid.send)(sender=None)  # legit


def one():
    with connection.cursor() as cursor:  # legit
        cursor.execute("SELECT 1")  # legit
        return cursor.fetchone()  # legit


async def cursor(request):
    return await sync_to_async(one)()  # legit


EVERY = [count, get, iteration, helper, lazy_foreign_key, user, session, save, shortcut, template, signal, cursor]
ALL = {work.__name__: work for work in EVERY}
