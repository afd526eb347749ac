import sqlite3

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db.transaction import atomic

from shop.models import Category, Discount, Order, OrderLine, Product


class Command(BaseCommand):
    help = "Makes the database of a small shop, and prints the key of a logged-in clerk's session."

    def handle(self, *args, **options):
        call_command("migrate", run_syncdb=True, verbosity=0)
        with sqlite3.connect(settings.DATABASES["default"]["NAME"]) as database:
            database.execute("PRAGMA journal_mode=WAL")  # readers do not wait for the writer; the file remembers it
        with atomic():
            clerk = hire_clerk()
            take_orders(clerk, stock_shelves())
        self.stdout.write(log_in(clerk))


def hire_clerk():
    clerk = User.objects.create_user("clerk", "clerk@shop.example", first_name="Clara", last_name="Clerk")
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="shop"))
    return clerk


def stock_shelves():
    shelves = [Category.objects.create(name=name, slug=name.lower()) for name in ("Coffee", "Tea", "Cups", "Mills")]
    products = [
        Product.objects.create(
            name=f"{shelves[n % 4].name} no. {n}", slug=f"product-{n}", category=shelves[n % 4], price=5 + n, stock=n
        )
        for n in range(1, 25)
    ]
    for product in products[::3]:
        Discount.objects.create(product=product, percent=15)
    return products


def take_orders(customer, products):
    for n in range(1, 21):
        order = Order.objects.create(customer=customer)
        for product in products[n % 3 :: 3]:
            OrderLine.objects.create(order=order, product=product, quantity=1 + n % 3, price=product.price)


def log_in(user):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["currency"] = "GBP"
    session.create()
    return session.session_key
