"""Saving, deleting, bulk work, transactions and cursors."""

from asgiref.sync import sync_to_async
from django.db import connection, transaction

from corpus.models import Author, Book, Draft, Event
from corpus.routes import fault, twin


@fault
async def save(request):
    Event(text="new").save()  # planted: save()


@twin
async def asave(request):
    await Event(text="new").asave()  # twin: asave()


@fault
async def save_again(request):
    Event(pk=1, text="old").save(update_fields=["text"])  # planted: save(update_fields)


@fault
async def create(request):
    Event.objects.create(text="new")  # planted: create()


@twin
async def acreate(request):
    await Event.objects.acreate(text="new")  # twin: acreate()


@fault
async def delete(request):
    Author(pk=2).delete()  # planted: delete() of an object


@fault
async def delete_many(request):
    Event.objects.filter(text="gone").delete()  # planted: delete() of a queryset


@twin
async def adelete_many(request):
    await Event.objects.filter(text="gone").adelete()  # twin: adelete()


@fault
async def update(request):
    Book.objects.filter(pk=1).update(price=1)  # planted: update()


@twin
async def aupdate(request):
    await Event.objects.filter(pk=0).aupdate(text="none")  # twin: aupdate()


@fault
async def get_or_create(request):
    Event.objects.get_or_create(text="once")  # planted: get_or_create()


@twin
async def aget_or_create(request):
    await Author.objects.aget_or_create(name="author 1")  # twin: aget_or_create()


@fault
async def update_or_create(request):
    Event.objects.update_or_create(text="once", defaults={"text": "twice"})  # planted: update_or_create()


@fault
async def bulk_create(request):
    Event.objects.bulk_create([Event(text="a"), Event(text="b")])  # planted: bulk_create()


@twin
async def abulk_create(request):
    await Event.objects.abulk_create([Event(text="a"), Event(text="b")])  # twin: abulk_create()


@fault
async def bulk_update(request):
    Event.objects.bulk_update([Event(pk=1, text="a")], ["text"])  # planted: bulk_update()


@fault
async def refresh(request):
    Book(pk=1).refresh_from_db()  # planted: refresh_from_db()


@twin
async def arefresh(request):
    await Book(pk=1).arefresh_from_db()  # twin: arefresh_from_db()


@fault
async def validated(request):
    Author(name="author 1").full_clean(exclude=["born"])  # planted: full_clean() with a unique field


@twin
async def cleaned(request):
    Author(name="author 1").clean_fields(exclude=["born"])  # twin: clean_fields()


@fault
async def atomic(request):
    with transaction.atomic():  # planted: atomic()
        pass


def in_a_transaction():
    with transaction.atomic():  # twin: atomic() in a thread
        return Book.objects.select_for_update().count()


@twin
async def atomic_in_a_thread(request):
    await sync_to_async(in_a_transaction)()


@transaction.atomic
def booked():
    """Its decorator asks for the transaction before it is called."""


@fault
async def atomic_decorator(request):
    booked()  # planted: a function decorated with atomic


@fault
async def cursor(request):
    with connection.cursor() as raw:  # planted: cursor()
        raw.execute("SELECT 1")


def asked():
    with connection.cursor() as raw:  # twin: cursor() in a thread
        return raw.execute("SELECT 1").fetchall()


@twin
async def cursor_in_a_thread(request):
    await sync_to_async(asked)()


@fault
async def on_commit(request):
    transaction.on_commit(print)  # planted: on_commit()


@fault
async def receiver_of_save(request):
    Draft(text="x").save()  # planted: save() of an object that has a receiver


@twin
async def receiver_of_asave(request):
    await Draft(text="x").asave()  # twin: asave() with a sync receiver
