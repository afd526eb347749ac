"""What looks like a query and sends none, and what sends one where it may: each would be somebody's false alarm."""

# mypy: ignore-errors
# ruff: noqa: PLW0108 - each row has a line of its own

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.contrib.sites.models import Site
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import close_old_connections, connection, models
from django.dispatch import Signal
from django.http import HttpResponse
from django.shortcuts import render
from django.template import Context, Template
from django.test import RequestFactory
from django.views import View

from tests.analyse.unsafe.planted_calls import GroupForm, Mark, Note, active, group, logged_in, session, user


@dataclass(frozen=True)
class Twin:
    about: str
    do: Callable[..., Any]
    given: Callable[[], Any] = lambda: None
    since: tuple[int, int] = (3, 2)


def evaluated() -> Any:
    people = active().order_by("id")
    len(people)
    return people


def prefetched() -> Any:
    return User.objects.prefetch_related("groups", "note_set").get(username="ann")


def resolved() -> Any:
    request = logged_in()
    request.user.username  # noqa: B018
    return request


def warm() -> Any:
    stored = session()
    stored.get("a")
    return stored


def known_type() -> None:
    ContentType.objects.get_for_model(User)
    Site.objects.get_current()


def about_a_note() -> Any:
    made = Mark(content_type=ContentType.objects.get_for_model(Note), object_id=Note.objects.first().pk)
    models.prefetch_related_objects([made], "about")
    return made


def hashed() -> Any:
    return User(username="eve", password=make_password("x"))


def page() -> Any:
    made = Paginator(evaluated(), 2).page(1)
    len(made)
    return made


async def iterated() -> Any:
    return [one async for one in active()]


async def broken_off() -> Any:
    async for _ in active().aiterator(chunk_size=1):
        break


class Listed(View):
    async def get(self, _request: Any) -> HttpResponse:
        return HttpResponse("x")


async def auser() -> Any:
    request = await sync_to_async(logged_in)()
    return (await request.auser()).username


async def asession() -> Any:
    stored = await sync_to_async(session)()
    await stored.aset("a", 1)
    return await stored.aget("a")


async def acache() -> Any:
    await cache.aset("a", 1)
    return await cache.aget("a")


async def asent() -> Any:
    return await counted.asend(None)


counted = Signal()


def _receiver(sender: object, **_: object) -> int:
    return User.objects.count()


counted.connect(_receiver)

INNOCENT = [
    Twin(
        "building a queryset",
        lambda: (
            User.objects.filter(models.Q(is_staff=True) | models.Q(pk__gt=1))
            .exclude(groups__name="x")
            .annotate(twice=models.F("id") * 2)
            .order_by("-twice")[:5]
        ),
    ),
    Twin(
        "building exists() and subqueries",
        lambda: User.objects.filter(
            models.Exists(Group.objects.filter(user=models.OuterRef("pk"))), pk__in=Group.objects.values("user")
        ),
    ),
    Twin("str(queryset.query)", lambda: str(active().select_related().query)),
    Twin(
        "repr of a query with a subquery",
        lambda: str(User.objects.filter(groups__in=Group.objects.all()).exclude(groups=None).query),
    ),
    Twin("iterating an evaluated queryset", lambda people: [one.pk for one in people], evaluated),
    Twin(
        "counting an evaluated queryset",
        lambda people: (people.count(), len(people), bool(people), people[0], people.exists()),
        evaluated,
    ),
    Twin(
        "a loaded foreign key",
        lambda one: one.content_type.model,
        lambda: Permission.objects.select_related("content_type").first(),
    ),
    Twin(
        "prefetched relations", lambda one: ([g.name for g in one.groups.all()], list(one.note_set.all())), prefetched
    ),
    Twin("a loaded field", lambda one: one.email, user),
    Twin("making and validating an object", lambda: User(username="eve").clean_fields(exclude=["password"])),
    Twin(
        "a resolved lazy user", lambda request: (request.user.username, bool(request.user), str(request.user)), resolved
    ),
    Twin(
        "a visitor",
        lambda request: setattr(request, "user", auth.models.AnonymousUser()) or request.user.has_perms([]),
        lambda: RequestFactory().get("/"),
    ),
    Twin("a superuser's permissions", lambda: User(username="root", is_superuser=True).has_perm("auth.add_user")),
    Twin("a warm session", lambda stored: (stored.get("a"), "a" in stored, stored.keys(), stored.is_empty()), warm),
    Twin("a new session in signed cookies", lambda: SignedCookies().get("a")),
    Twin(
        "a warm content type and site",
        lambda _: (ContentType.objects.get_for_model(User), Site.objects.get_current()),
        known_type,
    ),
    Twin(
        "a template without queries",
        lambda: Template("{% for u in users %}{{ u }}{% endfor %}").render(Context({"users": [1, 2]})),
    ),
    Twin(
        "a template over an evaluated queryset",
        lambda people: render(None, "people.html", {"users": people}),
        evaluated,
    ),
    Twin("a form that asks nothing", lambda: GroupForm({}).is_valid()),
    Twin("a page of evaluated objects", lambda made: (made[0], len(made), list(made)), page),
    Twin("a signal with a pure receiver", lambda: Signal().send(None)),
    Twin("an answer", lambda: HttpResponse("x").serialize()),
    Twin(
        "the connection's settings",
        lambda: (connection.vendor, connection.features.has_json_operators, connection.ops.quote_name("x")),
    ),
    Twin("acount()", lambda: active().acount(), since=(4, 1)),
    Twin("async for", iterated, since=(4, 1)),
    Twin("closing connections that were never opened", close_old_connections),
    Twin("a class-based view with async handlers", lambda: Listed.as_view()(RequestFactory().get("/"))),
    Twin("a password that need not be hashed anew", lambda u: u.check_password("x"), hashed),
    Twin(
        "a loaded generic relation",
        lambda mark: mark.about.text,
        about_a_note,
    ),
    Twin("aget, acreate, asave", lambda: User.objects.aget_or_create(username="ida"), since=(4, 1)),
    Twin("asave()", lambda one: one.asave(), group, (4, 2)),
    Twin("arefresh_from_db()", lambda one: one.arefresh_from_db(), user, (4, 2)),
    Twin("auser()", auser, since=(5, 0)),
    Twin("aset() and aget() of a session", asession, since=(5, 1)),
    Twin("aset() and aget() of a cache", acache, since=(4, 0)),
    Twin("asend() with a sync receiver", asent, since=(5, 0)),
    Twin("sync_to_async", lambda: sync_to_async(active().count)()),
    Twin("sync_to_async, any thread", lambda: sync_to_async(active().count, thread_sensitive=False)()),
    Twin("an aiterator() that is left early", broken_off, since=(4, 1)),  # last: its cursor stays open for a while
]
