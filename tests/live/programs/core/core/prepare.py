"""Run once before serving: makes the database with 40 users and the session of a visitor who is logged in."""

import os
from datetime import timedelta

import django
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.utils import timezone

SESSION = "core" * 8


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    User = get_user_model()  # noqa: N806
    Session = SessionStore.get_model_class()  # noqa: N806
    User.objects.bulk_create(User(username=f"user{n}", is_active=True, is_staff=n % 2 == 0) for n in range(40))
    visitor = User.objects.get(username="user0")
    data = {
        "_auth_user_id": str(visitor.pk),
        "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
        "_auth_user_hash": visitor.get_session_auth_hash(),
        "basket": [1, 2, 3],
    }
    expires = timezone.now() + timedelta(days=1)
    Session.objects.create(session_key=SESSION, session_data=SessionStore().encode(data), expire_date=expires)


if __name__ == "__main__":
    main()
