"""Work that the loop starts by itself: callbacks and tasks, which have no view below them; and threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from channels.db import database_sync_to_async

from corpus.models import Author
from corpus.routes import again, fault, fault_once, twin

THREADS = ThreadPoolExecutor(1)


@fault
async def call_later(request):
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0, tally, done)
    await done


def tally(done):
    try:
        done.set_result(Author.objects.count())  # planted: a callback of call_later()
    except Exception as error:
        done.set_exception(error)


@fault
async def task(request):
    await asyncio.create_task(background())


async def background():
    return Author.objects.get(pk=1)  # planted: a task


@twin
async def good_task(request):
    await asyncio.create_task(good_background())


async def good_background():
    return await Author.objects.aget(pk=1)  # twin: a task


@fault
async def gathered(request):
    await asyncio.gather(one_of_many(1), one_of_many(2))


async def one_of_many(number):
    return Author.objects.filter(pk=number).exists()  # planted: gather()


@fault
async def done_callback(request):
    done = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(lambda _task: report(done))
    await done


def report(done):
    try:
        done.set_result(Author.objects.latest("born"))  # planted: a callback of a task
    except Exception as error:
        done.set_exception(error)


@fault_once
async def loop_in_a_thread(request):
    return await asyncio.to_thread(asyncio.run, again(on_another_loop))


async def on_another_loop():
    return Author.objects.filter(pk=7).first()  # planted: a loop of its own in a thread


@fault
async def threadsafe(request):
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(handed_over(), loop).result())


async def handed_over():
    return Author.objects.get(name="author 2")  # planted: run_coroutine_threadsafe()


def legitimate():
    return Author.objects.count()  # twin: work in threads


@twin
async def executor(request):
    await asyncio.get_running_loop().run_in_executor(THREADS, legitimate)


@twin
async def to_thread(request):
    await asyncio.to_thread(legitimate)


@twin
async def channels_thread(request):
    await database_sync_to_async(legitimate)()  # twin: database_sync_to_async()


@twin
async def own_loop_in_a_thread(request):
    def run():
        return asyncio.run(counted())

    await asyncio.to_thread(run)


async def counted():
    return await Author.objects.acount()  # twin: a loop of its own in a thread
