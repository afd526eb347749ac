"""Pages that never answer, each marked on the line that starts the wait."""

import asyncio
import os
import socket
import threading
import time
import urllib.request

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse

LOCK = threading.Lock()
SILENT = socket.create_server(("127.0.0.1", 0))


def answer(text=""):
    return HttpResponse(str(text))


def work():
    return 1


async def ready(request):
    """Which process answered."""
    return answer(os.getpid())


async def leaves_early(request):
    """asgiref#535: behind middleware that takes its time, for a client that does not wait."""
    return answer()


async def in_a_task(request):
    """asgiref#348: the task does not find the thread that waits for it."""
    return answer(await asyncio.create_task(sync_to_async(work)()))  # planted: in_a_task


async def gathered(request):
    """asgiref#348 as well."""
    return answer(await asyncio.gather(sync_to_async(work)()))  # planted: gathered


def zulip(request):
    """asgiref#492: the work goes to an executor that nobody runs any more."""
    return answer(async_to_sync(_zulip)())  # planted: zulip


async def _zulip():
    done, tasks = asyncio.Event(), []

    def callback(task):
        task.result()
        done.set()

    async def outlives():
        await asyncio.sleep(0.2)
        return await sync_to_async(work)()

    async def inner():
        tasks.append(asyncio.create_task(sync_to_async(time.sleep)(0.5)))  # the thread is at work while this ends
        await asyncio.sleep(0.1)
        tasks.append(asyncio.create_task(outlives()))
        tasks[-1].add_done_callback(callback)

    await sync_to_async(async_to_sync(inner))()
    await done.wait()


async def second_call(request):
    """The first thread-sensitive call waits for what the second would do, in the same thread."""
    done = threading.Event()

    def first():
        done.wait()  # planted: second_call

    await asyncio.gather(sync_to_async(first)(), sync_to_async(done.set)())
    return answer()


async def result_in_the_thread(request):
    """The sensitive thread waits for a coroutine that needs the sensitive thread."""
    loop = asyncio.get_running_loop()

    def fetch():
        return asyncio.run_coroutine_threadsafe(sync_to_async(work)(), loop).result()  # planted: result_in_the_thread

    return answer(await sync_to_async(fetch)())


async def result_on_the_loop(request):
    """The loop waits for itself."""
    future = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), asyncio.get_running_loop())
    return answer(future.result())  # planted: result_on_the_loop


async def exhausts(request):
    """Every thread of the default pool waits for one more of them."""

    async def inner():
        return await sync_to_async(work, thread_sensitive=False)()

    def outer():
        return async_to_sync(inner)()  # planted: exhausts

    calls = [sync_to_async(outer, thread_sensitive=False)() for _ in range(64)]
    return answer(await asyncio.gather(*calls))


async def lock_across_await(request):
    """The second request waits on the loop for a lock that the first gives back on the loop."""
    with LOCK:  # planted: lock_across_await
        await asyncio.sleep(0.2)
    return answer()


async def sleeps(request):
    time.sleep(600)  # planted: sleeps
    return answer()


async def reads(request):
    with socket.create_connection(SILENT.getsockname()) as connection:
        return answer(connection.recv(1000))  # planted: reads


async def asks_itself(request):
    """A request to the own server, which only this loop could answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{request.get_port()}/ready") as found:  # planted: asks_itself
        return answer(found.read())


PAGES = (
    leaves_early, in_a_task, gathered, zulip, second_call, result_in_the_thread, result_on_the_loop, exhausts,
    lock_across_await, sleeps, reads, asks_itself,
)  # fmt: skip
