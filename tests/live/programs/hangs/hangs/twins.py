"""Pages that look like those that hang, and do not."""

import asyncio
import os
import threading

from asgiref.sync import sync_to_async
from django.http import HttpResponse

LONG = float(os.environ.get("HANGS_TWIN_SECONDS", "6"))


async def slow(request):
    """Behind sync middleware: the same stacks as a deadlock, for a while."""
    await asyncio.sleep(LONG)
    return HttpResponse()


async def slow_in_a_thread(request):
    finished = threading.Event()
    await sync_to_async(finished.wait)(LONG)
    return HttpResponse()


async def takes_upload(request):
    """Called once all of it is there; until then Django reads it on the loop."""
    return HttpResponse(str(len(request.body)))


async def computes(request):
    while True:
        sum(number * number for number in range(10_000))  # busy


async def stops_in_the_debugger(request):
    breakpoint()
    return HttpResponse()


PAGES = (slow, slow_in_a_thread, takes_upload, computes, stops_in_the_debugger)
