"""Async operations of django-ninja, one of which returns a queryset for ninja to evaluate."""

from django.urls import path
from ninja import NinjaAPI, Schema
from pydantic import ValidationError

from corpus.models import Author
from corpus.routes import TIMES, again, plain

api = NinjaAPI()


class AuthorOut(Schema):
    id: int
    name: str


@api.exception_handler(ValidationError)
def stopped(request, error):
    """pydantic turns what the guard raises into an error of its own."""
    if "from an async context" not in str(error):
        raise error
    return api.create_response(request, "stopped", status=200)


@api.get("/counted")
async def counted(request):
    await again(count)
    return "stopped"


async def count():
    return Author.objects.filter(pk__gt=1).count()  # planted: an operation


@api.get("/acounted")
async def acounted(request):
    return await Author.objects.filter(pk__gt=1).acount()  # twin: an operation


@api.get("/lazy", response=list[AuthorOut])
async def lazy(request):
    return Author.objects.all()  # planted in ninja: a queryset that ninja evaluates


@api.get("/evaluated", response=list[AuthorOut])
async def evaluated(request):
    return [author async for author in Author.objects.all()]  # twin: a list of objects


plain("fault", "ninja/counted")
plain("fault", "ninja/lazy", TIMES)
plain("twin", "ninja/acounted")
plain("twin", "ninja/evaluated")

URLS = [
    path("fault/ninja/", api.urls),
    path("twin/ninja/", (api.urls[0], "twins", "twins")),
]
