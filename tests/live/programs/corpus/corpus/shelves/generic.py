"""Generic relations, formsets, mixins around async handlers, and sessions' less known methods."""

import pickle

from asgiref.sync import sync_to_async
from django import forms
from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.db.models import aprefetch_related_objects
from django.http import HttpResponse
from django.views import View

from corpus.models import Author, Genre, Mark
from corpus.routes import fault, twin

GenreForms = forms.modelformset_factory(Genre, fields=["name"], extra=0)


async def mark():
    """A mark on the first author, with nothing of its relation loaded."""
    kind = await sync_to_async(ContentType.objects.get_for_model)(Author)
    return Mark(content_type_id=kind.pk, object_id=1)


@fault
async def generic_foreign_key(request):
    (await mark()).about.name  # planted: a generic foreign key


@twin
async def generic_prefetched(request):
    marks = [await mark()]
    await aprefetch_related_objects(marks, "about")
    for _ in range(50):
        marks[0].about.name  # twin: a generic foreign key that was prefetched


@fault
async def generic_related(request):
    Author(pk=1).marks.get_or_create(object_id=1)  # planted: get_or_create() of a generic relation


@twin
async def generic_related_async(request):
    await sync_to_async(ContentType.objects.get_for_model)(Author)  # the relation asks for it when it is made
    await Author(pk=1).marks.acount()  # twin: a generic relation


def formset():
    data = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": "1", "form-0-name": "genre 0"}
    return GenreForms(data, queryset=Genre.objects.filter(pk=1))


@fault
async def formset_valid(request):
    formset().is_valid()  # planted: is_valid() of a formset


@twin
async def formset_in_a_thread(request):
    await sync_to_async(formset().is_valid)()  # twin: is_valid() of a formset


class Guarded(UserPassesTestMixin, View):
    def test_func(self):
        return Author.objects.filter(name="author 1").exists()  # planted: the test of a UserPassesTestMixin

    async def get(self, request):
        return HttpResponse("x")


class Open(UserPassesTestMixin, View):
    def test_func(self):
        return self.request.path != "/"  # twin: the test of a UserPassesTestMixin

    async def get(self, request):
        return HttpResponse("x")


@fault
async def mixin(request):
    await Guarded.as_view()(request)


@twin
async def mixin_open(request):
    await Open.as_view()(request)


@fault
async def session_expiry(request):
    SessionStore("cold" + "0" * 28).get_expiry_date()  # planted: a session's expiry


@twin
async def session_expiry_async(request):
    await SessionStore("cold" + "0" * 28).aget_expiry_date()  # twin: a session's expiry


@fault
async def pickled(request):
    pickle.dumps(Author.objects.filter(pk=3))  # planted: a queryset that is pickled


@twin
async def pickled_query(request):
    pickle.dumps(Author.objects.filter(pk=3).query)  # twin: a query that is pickled


@fault
async def cursor(request):
    connection.cursor()  # planted: connection.cursor()


@twin
async def cursor_in_a_thread(request):
    def counted():
        with connection.cursor() as made:  # twin: connection.cursor()
            made.execute("SELECT 1")

    await sync_to_async(counted)()
    connection.vendor, connection.in_atomic_block, connection.queries  # twin: what a connection knows by itself
