"""Plain sync code that a view may call: in a thread it is fine, on the event loop it is not."""

from django.contrib.auth.models import User
from django.dispatch import Signal

ordered = Signal()
paid = Signal()


def staff_count():
    return User.objects.filter(is_staff=True).count()  # planted: helper


def active_count():
    return User.objects.filter(is_active=True).count()  # legit


def on_order(sender, **kwargs):
    return User.objects.filter(is_staff=True).exists()  # planted: signal


def on_payment(sender, **kwargs):
    return User.objects.filter(is_active=True).exists()  # legit


ordered.connect(on_order)
paid.connect(on_payment)
