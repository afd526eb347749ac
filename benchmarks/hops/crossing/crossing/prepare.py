"""Run once before serving: makes the database."""

import os

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crossing.settings")
django.setup()
call_command("migrate", verbosity=0)
