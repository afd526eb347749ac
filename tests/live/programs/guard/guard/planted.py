"""The faults, each counted by the application itself as it is made; and whose turn it is.

With GUARD_LOG, each is a line of that file as well: the process, the site, and whether a hook was in: `yes`, `no`, or
`perhaps` where it came or went just then.
"""

import itertools
import os
import sys
from collections import Counter

from django.contrib.auth.models import User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection, transaction
from django.utils import asyncio as guard

EVERY = int(os.environ.get("GUARD_EVERY", "0"))
LOG = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if (name := os.environ.get("GUARD_LOG")) else None
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
    before = is_hooked()
    try:
        ask()
    except SynchronousOnlyOperation:
        made["raised"] += 1
    if LOG is not None:
        hooked = {2: "yes", 1: "perhaps", 0: "no"}[before + is_hooked()]
        os.write(LOG, f"{os.getpid()} {site} {hooked}\n".encode())


def is_hooked():
    if hasattr(sys, "monitoring"):
        return "asyncspy" in map(sys.monitoring.get_tool, range(6))
    return hasattr(guard.get_running_loop, "asyncspy_hook")


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
