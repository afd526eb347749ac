"""Querysets of every kind, evaluated on the loop; and evaluated as they should be."""

import pickle

from asgiref.sync import sync_to_async
from django.core import serializers
from django.db.models import Sum

from corpus.models import Author, Book
from corpus.routes import fault, twin


@fault
async def count(request):
    Book.objects.filter(price__gt=1).count()  # planted: count()


@twin
async def acount(request):
    await Book.objects.filter(price__gt=1).acount()  # twin: acount()


@fault
async def get(request):
    Book.objects.get(pk=1)  # planted: get()


@twin
async def aget(request):
    await Book.objects.aget(pk=1)  # twin: aget()


@fault
async def first(request):
    Book.objects.order_by("title").first()  # planted: first()


@twin
async def afirst(request):
    await Book.objects.order_by("title").afirst()  # twin: afirst()


@fault
async def latest(request):
    Book.objects.latest("published")  # planted: latest()


@twin
async def alatest(request):
    await Book.objects.alatest("published")  # twin: alatest()


@fault
async def exists(request):
    Book.objects.filter(price=0).exists()  # planted: exists()


@twin
async def aexists(request):
    await Book.objects.filter(price=0).aexists()  # twin: aexists()


@fault
async def contains(request):
    Book.objects.contains(Book(pk=1))  # planted: contains()


@twin
async def acontains(request):
    await Book.objects.acontains(Book(pk=1))  # twin: acontains()


@fault
async def aggregate(request):
    Book.objects.aggregate(total=Sum("price"))  # planted: aggregate()


@twin
async def aaggregate(request):
    await Book.objects.aaggregate(total=Sum("price"))  # twin: aaggregate()


@fault
async def loop(request):
    for book in Book.objects.filter(price__gte=0):  # planted: iteration
        book.title.upper()


@twin
async def async_for(request):
    async for book in Book.objects.filter(price__gte=0):  # twin: async for
        book.title.upper()


@fault
async def listed(request):
    list(Book.objects.all())  # planted: list()


@twin
async def listed_async(request):
    [book async for book in Book.objects.all()]  # twin: an asynchronous comprehension


@fault
async def length(request):
    len(Book.objects.all())  # planted: len()


@twin
async def length_of_evaluated(request):
    books = Book.objects.all()
    _ = [book async for book in books]
    for _ in range(20):
        len(books), books.count(), books.exists(), bool(books), books[0], list(books)  # twin: an evaluated queryset


@fault
async def truth(request):
    if Book.objects.filter(price=1):  # planted: bool()
        raise LookupError


@fault
async def index(request):
    Book.objects.order_by("pk")[0]  # planted: an index


@twin
async def sliced(request):
    Book.objects.order_by("pk")[:5]  # twin: a slice that is not evaluated


@fault
async def step(request):
    Book.objects.order_by("pk")[:6:2]  # planted: a slice with a step


@fault
async def values(request):
    list(Book.objects.values("title"))  # planted: values()


@twin
async def avalues(request):
    [row async for row in Book.objects.values("title")]  # twin: values()


@fault
async def values_list(request):
    list(Book.objects.values_list("title", "price"))  # planted: values_list()


@fault
async def values_flat(request):
    set(Book.objects.values_list("title", flat=True))  # planted: values_list(flat=True)


@fault
async def values_named(request):
    sorted(Book.objects.values_list("title", named=True))  # planted: values_list(named=True)


@fault
async def in_bulk(request):
    Book.objects.in_bulk([1, 2, 3])  # planted: in_bulk()


@twin
async def ain_bulk(request):
    await Book.objects.ain_bulk([1, 2, 3])  # twin: ain_bulk()


@fault
async def iterator(request):
    for book in Book.objects.iterator(chunk_size=2):  # planted: iterator()
        book.title.upper()


@twin
async def aiterator(request):
    async for book in Book.objects.aiterator(chunk_size=2):  # twin: aiterator()
        book.title.upper()


@fault
async def raw(request):
    list(Book.objects.raw("SELECT * FROM corpus_book"))  # planted: raw()


@twin
async def raw_in_a_thread(request):
    await sync_to_async(list)(Book.objects.raw("SELECT * FROM corpus_book"))  # twin: raw() in a thread


@fault
async def union(request):
    list(Book.objects.filter(pk=1).union(Book.objects.filter(pk=2)))  # planted: union()


@twin
async def union_built(request):
    both = Book.objects.filter(pk=1).union(Book.objects.filter(pk=2))  # twin: union() that is only built
    [book async for book in both]  # twin: union() with async for


@fault
async def dates(request):
    list(Book.objects.dates("published", "year"))  # planted: dates()


@twin
async def adates(request):
    [day async for day in Book.objects.dates("published", "year")]  # twin: dates() with async for


@fault
async def explain(request):
    Book.objects.filter(price=1).explain()  # planted: explain()


@twin
async def aexplain(request):
    await Book.objects.filter(price=1).aexplain()  # twin: aexplain()


@fault
async def shown(request):
    repr(Book.objects.all())  # planted: repr() of a queryset


@fault
async def prefetched_wrongly(request):
    list(Author.objects.prefetch_related("books"))  # planted: evaluating prefetch_related()


@fault
async def pickled(request):
    pickle.dumps(Book.objects.filter(price=6))  # planted: pickling a queryset


@fault
async def contained(request):
    if Book(pk=1) in Book.objects.filter(price=7):  # planted: `in` of a queryset
        raise LookupError


@fault
async def serialized(request):
    serializers.serialize("json", Book.objects.all())  # planted: serializing a queryset


@fault
async def serialized_relations(request):
    serializers.serialize("json", [Book(pk=1, author_id=1)])  # planted: serializing many-to-many relations


@twin
async def serialized_list(request):
    authors = [author async for author in Author.objects.all()]
    serializers.serialize("json", authors)  # twin: serializing a list
