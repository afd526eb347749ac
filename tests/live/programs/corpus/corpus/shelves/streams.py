"""Responses that are made while they are sent."""

from django.http import StreamingHttpResponse

from corpus.models import Book
from corpus.routes import again, fault_once, twin


@fault_once
async def streamed(request):
    return StreamingHttpResponse(chunks())


async def chunks():
    await again(chunk)
    yield b"fault"


async def chunk():
    return Book.objects.filter(price=8).count()  # planted: a streamed response


def sync_chunks():
    for book in Book.objects.all():  # twin: a streamed response of a sync generator
        yield book.title


async def good_chunks():
    async for book in Book.objects.all():  # twin: a streamed response
        yield book.title


@twin
async def good_stream(request):
    [part async for part in StreamingHttpResponse(good_chunks())]


@twin
async def sync_stream(request):
    response = StreamingHttpResponse(sync_chunks())
    [part async for part in response]
