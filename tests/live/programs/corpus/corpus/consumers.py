"""Consumers of channels: they answer over HTTP, through the same dispatch as every consumer."""

from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer
from channels.routing import URLRouter
from django.urls import path, re_path

from corpus.models import Author
from corpus.routes import again, plain

plain("fault", "consumer")
plain("twin", "consumer")


def count():
    return Author.objects.count()  # twin: database_sync_to_async() in a consumer


class Counter(AsyncHttpConsumer):
    async def handle(self, body):
        await again(self.count)
        await self.send_response(200, b"fault")

    async def count(self):
        return Author.objects.filter(pk__lt=9).count()  # planted: a consumer


class GoodCounter(AsyncHttpConsumer):
    async def handle(self, body):
        await database_sync_to_async(count)()
        await Author.objects.acount()  # twin: a consumer
        await self.send_response(200, b"twin")


def with_consumers(django):
    return Lifespanless(
        URLRouter(
            [
                path("fault/consumer", Counter.as_asgi()),
                path("twin/consumer", GoodCounter.as_asgi()),
                re_path("", django),
            ]
        )
    )


class Lifespanless:
    """URLRouter has no answer to the server's lifespan messages."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self.app(scope, receive, send)
