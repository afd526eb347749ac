"""Pages that block the loop, each marked with how; and their innocent twins, which take as long and block nobody."""

import asyncio
import os
import socket
import subprocess
import threading
import time
import urllib.request

from asgiref.sync import sync_to_async
from django.http import HttpResponse

from hops import backend

SERVICE = backend.start()
URL = f"http://{SERVICE[0]}:{SERVICE[1]}/"
ASK = b"GET / HTTP/1.0\r\n\r\n"


def answer(text=""):
    return HttpResponse(str(text))


async def ready(request):
    """Which process answered."""
    return answer(os.getpid())


async def plain(request):
    return answer("ok")


def sync_view(request):
    return answer(sum(range(100)))


async def sleeps(request):
    time.sleep(backend.SLOW)  # planted: sleep
    return answer()


def ask_the_service():
    with socket.create_connection(SERVICE) as connection:
        connection.sendall(ASK)
        return connection.recv(1000)  # planted: socket, no frame of its own


async def reads(request):
    return answer(ask_the_service())


async def fetches(request):
    with urllib.request.urlopen(URL) as response:  # planted: socket, in the standard library
        return answer(response.read())


async def locks(request):
    with backend.LOCK:  # planted: lock
        return answer()


async def waits(request):
    done = threading.Event()
    threading.Timer(backend.SLOW, done.set).start()
    done.wait()  # planted: event
    return answer()


async def runs(request):
    subprocess.run(["sleep", "0.03"], check=True)  # planted: subprocess
    return answer()


async def computes(request):
    total = sum(number * number for number in range(300_000))  # busy: it holds the GIL
    return answer(total)


async def computes_in_c(request):
    return answer(len(sorted(range(400_000), key=str)))  # busy: it holds the GIL, in one line of C


async def sleeps_well(request):
    await asyncio.sleep(backend.SLOW)  # legit
    return answer()


async def reads_well(request):
    reader, writer = await asyncio.open_connection(*SERVICE)
    writer.write(ASK)
    text = await reader.read(1000)  # legit
    writer.close()
    return answer(text)


async def sleeps_in_a_thread(request):
    await sync_to_async(time.sleep)(backend.SLOW)  # legit
    return answer()


async def fetches_in_a_thread(request):
    return answer(await asyncio.to_thread(ask_the_service))  # legit


async def fills_the_pool(request):
    await sync_to_async(time.sleep, thread_sensitive=False)(0.2)  # planted-pool: with enough requests at once
    return answer()


async def hops_often(request):
    return answer([await sync_to_async(abs)(number) for number in range(20)])  # planted-hops


async def hops_once(request):
    return answer(await sync_to_async(lambda: [abs(number) for number in range(20)])())  # legit


PAGES = (
    plain, sync_view, sleeps, reads, fetches, locks, waits, runs, computes, computes_in_c, sleeps_well, reads_well,
    sleeps_in_a_thread, fetches_in_a_thread, fills_the_pool, hops_often, hops_once,
)  # fmt: skip
