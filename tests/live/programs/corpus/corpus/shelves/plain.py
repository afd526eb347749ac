"""Sync views, as most projects have: under ASGI they run in a thread, under WSGI where they always did."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from corpus.models import Author, Book
from corpus.routes import plain


def page(request):
    return render(request, "corpus/authors.html", {"books": Book.objects.all()})  # twin: a sync view that renders


def counted(request):
    with transaction.atomic():  # twin: atomic() in a sync view
        author = get_object_or_404(Author, pk=1)  # twin: get_object_or_404() in a sync view
        return HttpResponse(f"{author.books.count()} {request.user.is_authenticated}")  # twin: request.user, sync


URLS = [path("twin/plain/page", page), path("twin/plain/counted", counted)]
plain("twin", "plain/page")
plain("twin", "plain/counted")
