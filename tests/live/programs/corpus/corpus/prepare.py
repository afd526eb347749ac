"""Run once before serving: makes the database with a few rows of everything, and a visitor who is logged in."""

import datetime
import os

import django
from django.core.management import call_command

SESSION = "corpusvisitor" + "0" * 19


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "corpus.settings")
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("createcachetable", verbosity=0)
    fill()
    log_in()


def fill():
    from django.contrib.sites.models import Site

    from corpus.models import Author, Book, Cover, Genre

    Site.objects.create(domain="127.0.0.1", name="warm")
    genres = [Genre.objects.create(name=f"genre {n}") for n in range(3)]
    for n in range(1, 5):
        author = Author.objects.create(name=f"author {n}", born=datetime.date(1900 + n, 1, 1))
        for m in range(3):
            book = Book.objects.create(
                title=f"book {n}-{m}", author=author, price=n * m, published=datetime.date(1950 + n, 1, 1)
            )
            book.genres.set(genres)
            Cover.objects.create(book=book, colour="red")


def log_in():
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    user = User.objects.create_user("visitor", password="secret")
    session = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        "theme": "dark",
    }
    expires = timezone.now() + datetime.timedelta(days=1)
    Session.objects.create(session_key=SESSION, session_data=SessionStore().encode(session), expire_date=expires)


if __name__ == "__main__":
    main()
