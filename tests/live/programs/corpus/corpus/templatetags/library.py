from django import template

from corpus.models import Author, Book

register = template.Library()


@register.simple_tag
def how_many_books():
    return Book.objects.count()  # planted: a template tag


@register.simple_tag(takes_context=True)
def how_many_loaded(context):
    return len(context["books"])  # twin: a template tag


@register.filter
def has_books(name):
    return Author.objects.filter(name=name, books__isnull=False).exists()  # planted: a template filter
