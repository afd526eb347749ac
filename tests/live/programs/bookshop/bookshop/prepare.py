"""Run once before serving: the tables, forty books, and two flags."""

import os

import django
from django.core.management import call_command


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshop.settings")
    django.setup()
    from bookshop.models import Book, Flag

    call_command("migrate", run_syncdb=True, verbosity=0)
    Book.objects.bulk_create(Book(title=f"Volume {number}", stock=number % 3) for number in range(40))
    Flag.objects.bulk_create([Flag(name="sale", on=True), Flag(name="banner")])


if __name__ == "__main__":
    main()
