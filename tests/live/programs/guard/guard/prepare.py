"""Run once before serving: makes the database with 40 users, every second of them active."""

import os

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guard.settings")
    django.setup()
    user = get_user_model()
    call_command("migrate", verbosity=0)
    user.objects.bulk_create(user(username=f"user{n}", is_active=n % 2 == 0) for n in range(40))


if __name__ == "__main__":
    main()
