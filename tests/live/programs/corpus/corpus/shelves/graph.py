"""Resolvers of strawberry: a sync one runs on the loop."""

import strawberry
from asgiref.sync import sync_to_async
from django.urls import path
from strawberry.django.views import AsyncGraphQLView

from corpus.models import Author
from corpus.routes import TIMES, plain


def count():
    return Author.objects.filter(pk__gt=2).count()  # twin: a resolver in a thread


@strawberry.type
class Query:
    @strawberry.field
    def count(self) -> int:
        return Author.objects.filter(pk__gt=2).count()  # planted: a sync resolver

    @strawberry.field
    async def name(self) -> str:
        return Author.objects.first().name  # planted: an async resolver

    @strawberry.field
    async def acount(self) -> int:
        return await Author.objects.acount()  # twin: an async resolver

    @strawberry.field
    async def in_a_thread(self) -> int:
        return await sync_to_async(count)()


view = AsyncGraphQLView.as_view(schema=strawberry.Schema(Query))
URLS = [path("fault/graph", view), path("twin/graph", view)]


def query(field, times):
    return "graph?query={" + ",".join(f"q{n}:{field}" for n in range(times)) + "}"


plain("fault", query("count", TIMES))
plain("fault", query("name", TIMES))
plain("twin", query("acount", 2))
plain("twin", query("inAThread", 2))
