"""Related managers, descriptors and deferred fields; and what is prefetched, selected or cached."""

from asgiref.sync import sync_to_async
from django.db.models import aprefetch_related_objects, prefetch_related_objects

from corpus.models import Author, Book, Cover, Genre
from corpus.routes import fault, twin

AUTHOR = Author(pk=1, name="author 1")


def book():
    """A book as it comes out of the database, with nothing of its relations loaded."""
    return Book.from_db("default", ["id", "title", "author_id", "price", "published"], [1, "book 1-0", 1, 0, None])


@fault
async def foreign_key(request):
    book().author.name  # planted: a lazy foreign key


@twin
async def selected(request):
    found = await Book.objects.select_related("author", "cover").aget(pk=1)
    for _ in range(50):
        found.author.name, found.cover.colour  # twin: a relation loaded by select_related()


@fault
async def reverse_one_to_one(request):
    book().cover.colour  # planted: a reverse one-to-one


@fault
async def one_to_one(request):
    Cover(pk=1, book_id=1).book.title  # planted: a one-to-one


@fault
async def deferred(request):
    Book.from_db("default", ["id", "title"], [1, "book 1-0"]).price  # planted: a deferred field


@twin
async def loaded_later(request):
    found = await Book.objects.only("title").aget(pk=1)
    await found.arefresh_from_db(fields=["price"])  # twin: a deferred field
    for _ in range(50):
        found.price  # twin: a deferred field that is loaded


@fault
async def reverse(request):
    list(AUTHOR.books.all())  # planted: a reverse relation


@fault
async def reverse_count(request):
    AUTHOR.books.count()  # planted: count() of a reverse relation


@twin
async def reverse_acount(request):
    await AUTHOR.books.acount()  # twin: count() of a reverse relation


@twin
async def prefetched(request):
    found = await Author.objects.prefetch_related("books__genres").aget(pk=1)
    for _ in range(10):
        [genre.name for each in found.books.all() for genre in each.genres.all()]  # twin: prefetched relations
        found.books.all().count(), len(found.books.all()), bool(found.books.all())  # twin: prefetched relations


@fault
async def prefetch(request):
    prefetch_related_objects([AUTHOR], "books")  # planted: prefetch_related_objects()


@twin
async def aprefetch(request):
    await aprefetch_related_objects([Author(pk=1)], "books")  # twin: aprefetch_related_objects()


@fault
async def many_to_many(request):
    for genre in book().genres.all():  # planted: a many-to-many relation
        genre.name


@twin
async def many_to_many_async(request):
    async for genre in book().genres.all():  # twin: a many-to-many relation
        genre.name


@fault
async def many_to_many_reverse(request):
    Genre(pk=1).books.first()  # planted: first() of a reverse many-to-many relation


@fault
async def through(request):
    Book.genres.through.objects.filter(book=1).exists()  # planted: the table of a many-to-many relation


@fault
async def added(request):
    book().genres.add(1, 2)  # planted: add()


@twin
async def aadded(request):
    await book().genres.aadd(1, 2)  # twin: aadd()


@fault
async def set_(request):
    book().genres.set([1, 2])  # planted: set()


@twin
async def aset(request):
    await book().genres.aset([1, 2])  # twin: aset()


@fault
async def removed(request):
    book().genres.remove(3)  # planted: remove()


@fault
async def cleared(request):
    book().genres.clear()  # planted: clear() of a many-to-many relation


@twin
async def cleared_in_a_thread(request):
    await sync_to_async(Book(pk=12).genres.clear)()  # twin: clear() of a many-to-many relation


@fault
async def created(request):
    AUTHOR.books.create(title="x")  # planted: create() of a reverse relation


@fault
async def created_many(request):
    book().genres.create(name="x")  # planted: create() of a many-to-many relation


@fault
async def got_or_created(request):
    book().genres.get_or_create(name="x")  # planted: get_or_create() of a many-to-many relation


@fault
async def reverse_added(request):
    AUTHOR.books.add(book(), bulk=False)  # planted: add() of a reverse relation
