"""Pages: innocent work in every request, and in every GUARD_EVERY-th one of the planted faults."""

import asyncio
import os
import signal
import time

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.http import HttpResponse

from guard import planted


async def page(request):
    await sync_to_async(User.objects.count)()
    await sync_to_async(planted.active)()  # the same function, where it belongs
    if request.site == "view":
        planted.asked("view", planted.active)
    elif request.site == "callback":
        asyncio.get_running_loop().call_soon(planted.asked, "callback", planted.exists)
    elif request.site == "cursor":
        planted.asked("cursor", planted.raw)
    elif request.site == "atomic":
        planted.asked("atomic", planted.together)
    return HttpResponse("done")


async def innocent(request):
    await sync_to_async(planted.active)()
    return HttpResponse("done")


async def block(request, seconds):
    """Holds the loop in C, and with it the interpreter's main thread."""
    time.sleep(seconds)
    return HttpResponse("done")


async def wait(request, milliseconds):
    """Waits for time to pass, then for a thread's work that takes twice as long; how long by clocks of its own."""
    seconds = milliseconds / 1000
    start = time.perf_counter()
    await asyncio.sleep(seconds)  # waits: sleep
    slept = time.perf_counter()
    await sync_to_async(time.sleep)(2 * seconds)  # waits: hop
    return HttpResponse(f"{slept - start} {time.perf_counter() - slept}")


async def park(request, seconds):
    """Only waits."""
    await asyncio.sleep(seconds)
    return HttpResponse("done")


async def pause(request, milliseconds):
    """Holds the loop for so long; how long it was by a clock of its own."""
    start = time.perf_counter()
    time.sleep(milliseconds / 1000)
    return HttpResponse(str(time.perf_counter() - start))


async def hold(request):
    """Holds the loop in C until a signal comes."""
    signal.signal(signal.SIGUSR2, lambda *_: None)
    signal.pause()
    return HttpResponse("done")


async def fork(request, seconds):
    """Forks children that live for a while and call the guard in a loop of their own; what each of them saw."""
    end = time.monotonic() + seconds
    codes = []
    while time.monotonic() < end:
        child = os.fork()
        if child == 0:
            try:
                planted.asked("child", planted.active)
                os._exit(0)
            finally:
                os._exit(1)
        codes.append(os.waitpid(child, 0)[1])
        await asyncio.sleep(0.01)
    return HttpResponse(f"{len(codes)} {sum(map(bool, codes))}")


async def ready(request):
    return HttpResponse(str(os.getpid()))
