"""What looks like work for the database and is none: querysets that are built, written as SQL, combined or copied."""

import copy
import datetime
import pickle

from django.db import connection, connections, router
from django.db.models import Count, Exists, F, OuterRef, Q
from django.forms import model_to_dict

from corpus.models import Author, Book
from corpus.routes import twin


@twin
async def values_built(request):
    Author.objects.filter(books__in=Book.objects.values_list("pk", flat=True))  # twin: a subquery of values_list()


@twin
async def as_text(request):
    for _ in range(10):
        str(wanted().query)  # twin: str(queryset.query)


@twin
async def built(request):
    for _ in range(10):
        wanted()  # twin: building a queryset


@twin
async def excluded(request):
    for _ in range(10):
        Author.objects.exclude(books__genres__name="genre 1").exclude(books__price=3)  # twin: exclude() with a subquery


@twin
async def empty_and_not_evaluated(request):
    for _ in range(10):
        Book.objects.none().filter(price=1).order_by("title")  # twin: none() that is not evaluated


def wanted():
    dear = Book.objects.filter(author=OuterRef("pk"), price__gt=2)
    return (
        Author.objects.filter(Q(name__startswith="a") | Q(born__gt=datetime.date(1900, 1, 1)))
        .annotate(dear=Exists(dear), many=Count("books"), next=F("pk") + 1)
        .select_related()
        .order_by("-many", "name")[:5]
    )


@twin
async def combined(request):
    for _ in range(5):
        (Book.objects.filter(price=1) | Book.objects.filter(price=2)) & Book.objects.all()  # twin: combining querysets
        copy.deepcopy(Book.objects.filter(price=1))  # twin: copying a queryset


@twin
async def compiled(request):
    for _ in range(10):
        Book.objects.filter(price=1).query.get_compiler("default").as_sql()  # twin: compiling a query
        wanted().query.sql_with_params()  # twin: compiling a query


@twin
async def about_the_connection(request):
    for _ in range(10):
        (
            connection.vendor,
            connection.in_atomic_block,
            connection.features.has_json_operators,
        )  # twin: asking what it can
        connection.ops.quote_name("x"), router.db_for_read(Book), connections.databases  # twin: asking what it can


@twin
async def objects_as_they_are(request):
    book = await Book.objects.aget(pk=1)
    for _ in range(10):
        model_to_dict(book, fields=["title", "author"]), pickle.dumps(book), copy.copy(book)  # twin: a loaded object
        book.author_id, book.get_deferred_fields(), book == Book(pk=1), str(book)  # twin: a loaded object
