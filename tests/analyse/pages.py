"""Views that reach the database in every shape that Python lets people write; `line` marks are the lines to name."""

# mypy: ignore-errors
# ruff: noqa: ARG002, PLW0108 - views are written as people write them

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View


def total():
    return User.objects.count()  # line: total


def timed(view):
    @functools.wraps(view)
    async def wrapper(request, *args, **kwargs):
        return await view(request, *args, **kwargs)

    return wrapper


def checked(role):
    def decorator(view):
        async def inner(request):
            return await view(request)

        return inner

    return decorator


async def plain(request):
    return HttpResponse(total())


@timed
@checked("staff")
async def decorated(request):
    return HttpResponse(total())


class Basket(View):
    async def get(self, request):
        return HttpResponse(total())


@method_decorator(timed, name="dispatch")
class TimedBasket(View):
    async def get(self, request):
        return HttpResponse(total())


async def of_kind(request, kind):
    return HttpResponse(f"{kind} {total()}")


async def comprehension(request):
    names = [one.username for one in User.objects.all()]  # line: comprehension
    return HttpResponse(names)


async def nested(request):
    names = {n: [one.username for one in User.objects.filter(pk=n)] for n in range(2)}  # line: nested
    return HttpResponse(names)


async def generator(request):
    return HttpResponse(sum(one.pk for one in User.objects.all()))  # line: generator


async def by_lambda(request):
    count = lambda: User.objects.count()  # noqa: E731  # line: by_lambda
    return HttpResponse(count())


async def recursive(request):
    return HttpResponse(fib(6))


def fib(n):
    return fib(n - 1) if n else User.objects.count()  # line: fib


async def in_turn(request):
    return HttpResponse(even(6))


def even(n):
    return odd(n - 1) if n else User.objects.count()  # line: even


def odd(n):
    return even(n - 1)


@dataclass
class Figures:
    users: int = field(default_factory=total)


async def generated(request):
    return HttpResponse(Figures().users)


async def numbers():
    for name in ("a", "b"):
        yield name, User.objects.count()  # line: numbers


async def async_generator(request):
    return HttpResponse([one async for one in numbers()])


def logged(execute, sql, params, many, context):
    return execute(sql, params, many, context)


async def instrumented(request):
    with connection.execute_wrapper(logged):
        return HttpResponse(User.objects.count())  # line: instrumented


SHAPES = {
    "plain": plain,
    "decorated": decorated,
    "class": Basket.as_view(),
    "decorated-class": TimedBasket.as_view(),
    "partial": functools.partial(of_kind, kind="x"),
    "comprehension": comprehension,
    "nested": nested,
    "generator": generator,
    "lambda": by_lambda,
    "recursive": recursive,
    "in-turn": in_turn,
    "generated": generated,
    "async-generator": async_generator,
    "instrumented": instrumented,
}
urlpatterns = [path(name, view) for name, view in SHAPES.items()]


def marked(name: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    (number,) = [at for at, line in enumerate(lines, 1) if line.endswith(f"# line: {name}")]
    return number
