"""The shapes that Python code comes in between the loop and the query."""

import contextlib
import functools

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Count
from django.http import HttpResponse
from django.views import View

from corpus.models import Author, Book
from corpus.routes import again, fault, fault_once, twin

BOOKS = [Book(pk=n, author_id=n) for n in (1, 2)]


def helper():
    return deeper()


def deeper():
    return Author.objects.filter(name="author 1").count()  # planted: nested helpers


def legitimate():
    return Author.objects.filter(name="author 1").count()  # twin: nested helpers, in a thread


@fault
async def helpers(request):
    helper()


@twin
async def helpers_in_a_thread(request):
    await sync_to_async(lambda: legitimate())()  # twin: a lambda in a thread


@fault
async def comprehension(request):
    [book.author.name for book in BOOKS]  # planted: a comprehension


@twin
async def comprehension_of_loaded(request):
    books = [book async for book in Book.objects.select_related("author")]
    [book.author.name for book in books for _ in range(5)]  # twin: a comprehension


@fault
async def generator_expression(request):
    any(book.author.name for book in BOOKS)  # planted: a generator expression


@fault
async def lambda_(request):
    max(BOOKS, key=lambda book: book.author.name)  # planted: a lambda


def logged(function):
    @functools.wraps(function)
    def around(*args):
        return function(*args)

    return around


@logged
def decorated_helper():
    return Author.objects.earliest("born")  # planted: a decorated function


@fault
async def decorated(request):
    decorated_helper()


@fault
async def partial(request):
    functools.partial(Author.objects.get, pk=1)()  # planted: a partial


@twin
async def partial_in_a_thread(request):
    await sync_to_async(functools.partial(Author.objects.get, pk=1))()  # twin: a partial


def descend(depth):
    if depth:
        return descend(depth - 1)
    return Author.objects.exists()  # planted: a recursion


@fault
async def recursion(request):
    descend(8)


class Shelf(View):
    async def get(self, request):
        return HttpResponse(self.number())

    def number(self):
        return Book.objects.filter(price=2).count()  # planted: a class-based view


@fault
async def class_based(request):
    await Shelf.as_view()(request)


class GoodShelf(View):
    async def get(self, request):
        return HttpResponse(await Book.objects.acount())  # twin: a class-based view


@twin
async def good_class_based(request):
    await GoodShelf.as_view()(request)


async def titles():
    for book in Book.objects.filter(price=3):  # planted: an async generator
        yield book.title


@fault
async def async_generator(request):
    [title async for title in titles()]


async def good_titles():
    async for book in Book.objects.filter(price=3):  # twin: an async generator
        yield book.title


@twin
async def good_async_generator(request):
    [title async for title in good_titles()]


def lines():
    for book in Book.objects.filter(price=4):  # planted: a generator
        yield book.title


@fault
async def generator(request):
    ", ".join(lines())


class Card:
    @property
    def summary(self):
        return Book.objects.aggregate()  # twin: an aggregate of nothing

    @functools.cached_property
    def first(self):
        return Book.objects.first()  # planted: a cached property


@fault
async def cached_property(request):
    Card().first


@twin
async def empty_aggregate(request):
    Card().summary


@contextlib.asynccontextmanager
async def opened():
    yield Author.objects.last()  # planted: an async context manager


@fault
async def context_manager(request):
    async with opened():
        pass


class Label:
    def __init__(self, book):
        self.book = book

    @property
    def author(self):
        return self.book.author  # planted: a property

    def __str__(self):
        return self.book.author.name  # planted: __str__()


@fault
async def property_(request):
    Label(BOOKS[0]).author


@fault
async def text(request):
    str(Label(BOOKS[0]))


@fault
async def mapped(request):
    list(map(Author.objects.in_bulk, [[1], [2]]))  # planted: map()


@fault
async def generated(request):
    eval("books.count()", {"books": Book.objects.filter(price=5)})  # planted: generated code


@twin
async def generated_lazily(request):
    eval("books.filter(price=5)", {"books": Book.objects.all()})  # twin: generated code


class Gate(LoginRequiredMixin, View):
    async def get(self, request):
        return HttpResponse("in")


@fault
async def gated(request):
    await Gate.as_view()(request)  # planted: a LoginRequiredMixin on an async view


@login_required
async def guarded(request):
    return HttpResponse((await request.auser()).username)


@twin
async def decorated_view(request):
    await guarded(request)  # twin: login_required on an async view


def behind_sync_middleware(request):
    """What a sync-only middleware does with the async view below it."""
    return async_to_sync(below)(request)


async def below(request):
    return await again(aggregate)


async def aggregate():
    return Author.objects.aggregate(many=Count("pk"))  # planted: an async part below a sync middleware


def behind_good_middleware(request):
    return async_to_sync(good_below)(request)


async def good_below(request):
    return await Author.objects.acount()  # twin: an async part below a sync middleware


@fault_once
async def under_main_wrap(request):
    return await sync_to_async(behind_sync_middleware)(request)


@twin
async def good_under_main_wrap(request):
    await sync_to_async(behind_good_middleware)(request)
