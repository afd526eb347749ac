"""The fault and its innocent twins: the same query, on the event loop and where it belongs."""

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db.models import F, Q


def helper_count():
    return User.objects.filter(is_active=True).count()  # planted


def count_customers():
    return User.objects.filter(is_active=True).count()  # legit


async def customers():
    return await sync_to_async(count_customers)()


async def everyone():
    return await User.objects.acount()  # legit


def wanted():
    staff = Q(is_staff=True) | Q(is_superuser=True)
    return User.objects.exclude(staff).annotate(twice=F("id") * 2).order_by("-twice")[:5]  # legit


def as_text():
    return str(wanted().query)  # legit


def helper_first():
    return User.objects.filter(is_active=True).first()  # planted-first
