"""A worker without a server: threads of a pool that ask the database, one of them through a loop of its own.

Celery with threads, Dramatiq and the like look the same. It says `ready`, and works until its input is closed.
"""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "corpus.settings")
django.setup()

from corpus.models import Author, Book  # noqa: E402

THREADS = 3
ended = threading.Event()


def job(number):
    while not ended.is_set():
        Book.objects.filter(author__pk=number).count()  # twin: a job in a pool
        [book.author.name for book in Book.objects.all()]  # twin: relations in a job
        asyncio.run(counted())


async def counted():
    return await Author.objects.acount()  # twin: a loop of its own in a job


def main():
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(THREADS):
            pool.submit(job, number)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        ended.set()


if __name__ == "__main__":
    main()
