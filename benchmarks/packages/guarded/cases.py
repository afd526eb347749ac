"""The reported bugs that are run."""

# ruff: noqa: E501 - code of small projects, a line each

from __future__ import annotations

from benchmarks.packages.guarded.case import Code, ReportedBug

LOAD_USER = Code(
    settings="MIDDLEWARE.insert(2, 'orders.views.load_user')\n",
    views="""
from django.utils.decorators import async_only_middleware

@async_only_middleware
def load_user(get_response):
    async def middleware(request):
        request.user = await request.auser()
        return await get_response(request)
    return middleware
""",
)


def and_(one: Code, other: Code) -> Code:
    """Both."""
    return Code(*(getattr(one, name) + getattr(other, name) for name in Code.__dataclass_fields__))


ALLAUTH = Code(
    settings="INSTALLED_APPS += ['allauth', 'allauth.account']\nMIDDLEWARE += ['allauth.account.middleware.AccountMiddleware']\n",
    urls="urlpatterns.append(path('accounts/', include('allauth.urls')))\n",
)
POSTHOG = Code(settings="MIDDLEWARE += ['posthog.integrations.django.PosthogContextMiddleware']\n")
SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
sentry_sdk.init(dsn="http://k@127.0.0.1:9/1", send_default_pii=PII, traces_sample_rate=1.0,
    transport=lambda event: None, integrations=[DjangoIntegration()])
"""
NINJA = """
from ninja import NinjaAPI, Schema
from ninja.security import django_auth

api = NinjaAPI()

async def signed_in(request):
    user = await request.auser()
    return user if user.is_authenticated else None
"""
NINJA_URLS = "urlpatterns.append(path('api/', views.api.urls))\n"
PAGINATED = """
from ninja.pagination import paginate

class BookOut(Schema):
    title: str

@api.get("books", response=list[BookOut])
@paginate
async def books(request):
    return Book.objects.order_by("id")
"""
AUTHORIZED = """
@api.get("books", auth=django_auth)
async def books(request):
    return "books"
"""
CONSTANCE = """
from constance import config

async def answer(request):
    return HttpResponse(str(ASKED))
"""
CONSTANCE_CODE = Code(
    settings="INSTALLED_APPS += ['constance', 'constance.backends.database']\nCONSTANCE_CONFIG = {'ANSWER': (42, 'x')}\nCONSTANCE_BACKEND = 'constance.backends.database.DatabaseBackend'\n",
    views=CONSTANCE.replace("ASKED", "config.ANSWER"),
    urls="urlpatterns.append(path('answer', views.answer))\n",
)
TOOLBAR = Code(
    settings="INSTALLED_APPS += ['debug_toolbar']\nDEBUG = True\nMIDDLEWARE += ['debug_toolbar.middleware.DebugToolbarMiddleware']\nDEBUG_TOOLBAR_CONFIG = {'SHOW_TOOLBAR_CALLBACK': 'orders.views.may_see', 'IS_RUNNING_TESTS': False}\n",
    views="def may_see(request):\n    return request.user.is_staff\n",
    urls="urlpatterns.append(path('__debug__/', include('debug_toolbar.urls')))\n",
)

RELATED = """
class PublisherOut(Schema):
    name: str

class BookOut(Schema):
    title: str
    publisher: PublisherOut

@api.get("books", response=BookOut)
async def books(request):
    return await Book.objects.aget(id=1)
"""
CURSOR = """
from cursor_pagination import CursorPaginator

async def books(request):
    paginator = CursorPaginator(Book.objects.all(), ordering=("-id",))
    page = paginator.page(first=2)
    return JsonResponse({"titles": [book.title for book in page]})
"""
BOOKS_URL = "urlpatterns.append(path('books', views.books))\n"

CASES = (
    ReportedBug(
        "pennersr/django-allauth#3969", "django-allauth", ("0.63.6",), ("64.0.0",),
        ("_accounts_redirect", "allauth/account/middleware.py"), "fixed in django-allauth 64.0.0",
        ALLAUTH, ("/accounts/",), avoiding={"the user loaded before": and_(ALLAUTH, LOAD_USER)},
    ),
    ReportedBug(
        "PostHog/posthog-python#355", "posthog", ("6.7.11", "6.7.13"), ("6.7.14",),
        ("PosthogContextMiddleware.extract_request_user", "posthog/integrations/django.py"), "fixed in posthog 6.7.14",
        POSTHOG, avoiding={"the user loaded before": and_(POSTHOG, LOAD_USER)},
    ),
    ReportedBug(
        "getsentry/sentry-python#5274", "sentry-sdk", ("2.48.0", "2.75.0"), (),
        ("is_authenticated", "sentry_sdk/integrations/django/__init__.py"), "send_default_pii=False",
        Code(settings=SENTRY.replace("PII", "True")),
        avoiding={"send_default_pii=False": Code(settings=SENTRY.replace("PII", "False"))},
    ),
    ReportedBug(
        "vitalik/django-ninja#1251", "django-ninja", ("1.4.3",), ("1.5.0",),
        ("SessionAuth.authenticate", "ninja/security/session.py"), "fixed in django-ninja 1.5.0",
        Code(views=NINJA + AUTHORIZED, urls=NINJA_URLS), ("/api/books",),
        avoiding={"async auth": Code(views=NINJA + AUTHORIZED.replace("django_auth", "signed_in"), urls=NINJA_URLS)},
    ),
    ReportedBug(
        "vitalik/django-ninja#1340", "django-ninja", ("1.3.0",), ("1.4.0",),
        ("_inject_pagination.<locals>.view_with_pagination.<locals>.evaluate", "ninja/pagination.py"), "fixed in django-ninja 1.4.0",
        Code(views=NINJA + PAGINATED, urls=NINJA_URLS), ("/api/books",),
    ),
    ReportedBug(
        "jazzband/django-constance#440", "django-constance", ("4.3.2", "4.4.0"), (),
        ("answer", "orders/views.py"), "await config.NAME", CONSTANCE_CODE, ("/answer",),
        avoiding={"await": and_(CONSTANCE_CODE, Code(views=CONSTANCE.replace("ASKED", "await config.ANSWER")))},
    ),
    ReportedBug(
        "django-commons/django-debug-toolbar#2061", "django-debug-toolbar", ("5.0.1",), ("5.1.0",),
        ("may_see", "orders/views.py"), "fixed in django-debug-toolbar 5.1.0", TOOLBAR,
    ),
    ReportedBug(
        "vitalik/django-ninja#671", "django-ninja", ("1.7.1",), (),
        ("DjangoGetter.__getattr__", "ninja/schema.py"), "select_related", Code(views=NINJA + RELATED, urls=NINJA_URLS),
        ("/api/books",),
        avoiding={"select_related": Code(views=NINJA + RELATED.replace("objects.aget", 'objects.select_related("publisher").aget'), urls=NINJA_URLS)},
    ),
    ReportedBug(
        "photocrowd/django-cursor-pagination#50", "django-cursor-pagination", ("0.2.1", "0.3.0"), (),
        ("books", "orders/views.py"), "await paginator.apage", Code(views=CURSOR, urls=BOOKS_URL), ("/books",),
        avoiding={"apage": Code(views=CURSOR.replace("paginator.page", "await paginator.apage"), urls=BOOKS_URL)},
    ),
)  # fmt: skip
