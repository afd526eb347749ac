"""Pages that wait for a lock that PostgreSQL has given to somebody else; HANGS_DSN says where it listens."""

import os

from asgiref.sync import sync_to_async
from django.http import HttpResponse


def take_the_row():
    import psycopg

    with psycopg.connect(os.environ["HANGS_DSN"]) as connection:
        connection.execute("SELECT pg_advisory_lock(535)")  # planted: in the database


async def database_on_the_loop(request):
    take_the_row()
    return HttpResponse()


async def database_in_a_thread(request):
    await sync_to_async(take_the_row)()
    return HttpResponse()


PAGES = (database_on_the_loop, database_in_a_thread)
