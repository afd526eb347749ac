"""Serializers of Django REST framework in async views."""

from asgiref.sync import sync_to_async
from rest_framework import serializers

from corpus.models import Author, Book
from corpus.routes import fault, twin


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["id", "name"]


class BookSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["id", "title", "author"]


class CountingSerializer(serializers.ModelSerializer):
    many = serializers.SerializerMethodField()

    class Meta:
        model = Author
        fields = ["many"]

    def get_many(self, author):
        return author.books.count()  # planted: a method of a serializer


class ChoosingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["author"]


@fault
async def many(request):
    AuthorSerializer(Author.objects.all(), many=True).data  # planted: serializing a queryset


@twin
async def many_of_a_list(request):
    authors = [author async for author in Author.objects.all()]
    AuthorSerializer(authors, many=True).data  # twin: serializing a list


@fault
async def relation(request):
    BookSerializer(Book(pk=1, author_id=1)).data  # planted: serializing a relation


@twin
async def relation_in_a_thread(request):
    serializer = BookSerializer(Book.objects.all(), many=True)
    await sync_to_async(lambda: serializer.data)()  # twin: serializing in a thread


@twin
async def relation_selected(request):
    book = await Book.objects.select_related("author").aget(pk=1)
    BookSerializer(book).data  # twin: serializing a selected relation


@fault
async def method(request):
    CountingSerializer(Author(pk=1)).data


@fault
async def validated(request):
    AuthorSerializer(data={"name": "author 1"}).is_valid()  # planted: validating a unique field


@fault
async def chosen(request):
    ChoosingSerializer(data={"author": 1}).is_valid()  # planted: validating a relation


@fault
async def saved(request):
    serializer = serializers.ModelSerializer.__new__(AuthorSerializer)
    serializer.__init__(data={"name": "new"})
    serializer._errors, serializer._validated_data = {}, {"name": "new"}
    serializer.save()  # planted: saving a serializer
