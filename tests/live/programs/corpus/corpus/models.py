"""A library: authors, their books, each book's cover and genres."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Mark(models.Model):
    """Anything may be marked."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    about = GenericForeignKey()


class Author(models.Model):
    marks = GenericRelation(Mark)
    name = models.CharField(max_length=50, unique=True)
    born = models.DateField(null=True)

    def __str__(self):
        return self.name

    def shelf(self):
        return ", ".join(book.title for book in self.books.all())  # planted: a model method that a template calls

    def signature(self):
        return self.name.upper()  # twin: a model method that a template calls


class Genre(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    genres = models.ManyToManyField(Genre, related_name="books")
    price = models.IntegerField(default=0)
    published = models.DateField(null=True)


class Cover(models.Model):
    book = models.OneToOneField(Book, models.CASCADE)
    colour = models.CharField(max_length=20)


class Event(models.Model):
    """What the writing routes write."""

    text = models.CharField(max_length=50)


class Draft(models.Model):
    """Its pre_save receiver asks the database."""

    text = models.CharField(max_length=50)
