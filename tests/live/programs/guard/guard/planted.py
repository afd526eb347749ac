"""The faults, each counted by the application itself as it is made; and whose turn it is."""

import itertools
import os
from collections import Counter

from django.contrib.auth.models import User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection, transaction

EVERY = int(os.environ.get("GUARD_EVERY", "0"))
SITES = ("view", "middleware", "callback", "cursor", "atomic")
made = Counter()
requests = itertools.count(1)


def turn():
    """The site that breaks the rule in this request, if one does."""
    number = next(requests)
    if not EVERY or number % EVERY:
        return None
    return SITES[number // EVERY % len(SITES)]


def asked(site, ask):
    made[site] += 1
    try:
        ask()
    except SynchronousOnlyOperation:
        made["raised"] += 1


def active():
    return User.objects.filter(is_active=True).count()  # planted: view


def newest():
    return User.objects.order_by("-pk").first()  # planted: middleware


def exists():
    return User.objects.filter(pk=1).exists()  # planted: callback


def raw():
    with connection.cursor():  # planted: cursor
        return


def together():
    with transaction.atomic():  # planted: atomic
        return
