"""Twelve faults that every Django has had since it has async views; each marked on the line that is to be named."""

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.shortcuts import get_object_or_404
from django.template import loader

from core import helpers


async def count(request):
    return User.objects.count()  # planted: count


async def get(request):
    return User.objects.get(username="user1")  # planted: get


async def iteration(request):
    return [user.username for user in User.objects.order_by("id")[:5]]  # planted: iteration


async def helper(request):
    return helpers.staff_count()


async def lazy_foreign_key(request):
    return Permission(content_type_id=1).content_type  # planted: lazy_foreign_key


async def user(request):
    return request.user.is_staff  # planted: user


async def session(request):
    return request.session["basket"]  # planted: session


async def save(request):
    nobody = User(username="nobody")
    nobody.save()  # planted: save


async def shortcut(request):
    return get_object_or_404(User, pk=1)  # planted: shortcut


async def template(request):
    page = loader.get_template("core/people.html")
    return page.render({"people": User.objects.order_by("id")[:5]})  # planted: template


async def signal(request):
    return helpers.ordered.send(sender=None)


async def cursor(request):
    return connection.cursor()  # planted: cursor


EVERY = [count, get, iteration, helper, lazy_foreign_key, user, session, save, shortcut, template, signal, cursor]
ALL = {work.__name__: work for work in EVERY}
