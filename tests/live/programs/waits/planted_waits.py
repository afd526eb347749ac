"""Waits on lines that it keeps clocks of, and makes a hook's looks: `planted_waits.py GUEST SECONDS LOOP`.

It prints its clocks, by the name of each planted line, and what the looks saw. It runs on any Python since 3.9.
"""

import asyncio
import contextlib
import gc  # noqa: F401 - a look at async generators needs it, and imports nothing
import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg

GUEST, SECONDS, LOOP = sys.argv[1], float(sys.argv[2]), sys.argv[3]
space = {"__name__": "looks"}
with open(GUEST) as file:  # noqa: PTH123 - as it is run in a worker: as a text
    exec(compile(file.read(), GUEST, "exec"), space)  # noqa: S102
space["LOOK_SECONDS"] = 0.04

clocks = Counter()
over = False


@contextlib.contextmanager
def clock(name):
    start = time.perf_counter()
    try:
        yield
    finally:
        clocks[name] += time.perf_counter() - start


async def sleeps():
    with clock("sleep"):
        await asyncio.sleep(0.07)  # planted: sleep


def work():
    start = time.perf_counter()
    time.sleep(0.03)
    return start, time.perf_counter()


async def hops(pool):
    asked = time.perf_counter()
    start, end = await asyncio.get_running_loop().run_in_executor(pool, work)  # planted: hop
    clocks["hop-queue"] += start - asked
    clocks["hop"] += end - start


async def shielded(pool):
    asked = time.perf_counter()
    future = asyncio.get_running_loop().run_in_executor(pool, work)
    start, end = await asyncio.shield(future)  # planted: shield
    clocks["shield-queue"] += start - asked
    clocks["shield"] += end - start


async def locked(lock):
    with clock("lock"):
        await lock.acquire()  # planted: lock
    try:
        with clock("holder"):
            await asyncio.sleep(0.02)  # planted: holder
    finally:
        lock.release()
    await asyncio.sleep(0)


async def part():
    with clock("part"):
        await asyncio.sleep(0.05)  # planted: part


async def gathers():
    with clock("gather"):
        await asyncio.gather(part(), part())  # planted: gather


async def queries():
    with clock("database"):
        await psycopg.execute(0.06)  # planted: database


async def fetches():
    with clock("http"):
        await httpx.get(0.09)  # planted: http


async def rows():
    while True:
        with clock("rows"):
            await asyncio.sleep(0.04)  # planted: rows
        yield 1


async def iterates():
    async for _ in rows():
        if over:
            return


async def nobody(event):
    with clock("nobody"):
        await event.wait()  # planted: nobody


async def again(what, *args):
    while not over:
        await what(*args)


async def main():
    global over  # noqa: PLW0603
    loop = asyncio.get_running_loop()
    pool, lock, event = ThreadPoolExecutor(1), asyncio.Lock(), asyncio.Event()
    looks = space["TaskWatch"](loop)

    def tick():
        looks.look_if_due()
        if not over:
            loop.call_later(0.004, tick)

    forgotten = asyncio.ensure_future(nobody(event))
    tasks = [again(hops, pool), again(hops, pool), again(shielded, pool), again(locked, lock), again(locked, lock)]
    tasks += [again(sleeps), again(gathers), again(queries), again(fetches), iterates()]
    tasks = [asyncio.ensure_future(each) for each in tasks]
    tick()
    with clock("main"):
        await asyncio.sleep(SECONDS)  # planted: main
    over = True
    report = looks.report(lambda frames: list(map(frame_number, frames)))
    counted = dict(clocks)
    event.set()
    await asyncio.gather(forgotten, *tasks)
    counted["nobody"] = clocks["nobody"]
    print(json.dumps({"clocks": counted, "thread": "MainThread", **report, "frames": list(frame_numbers)}))  # noqa: T201


frame_numbers = {}


def frame_number(frame):
    return frame_numbers.setdefault(frame, len(frame_numbers))


if LOOP == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(main())
