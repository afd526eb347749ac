"""Content types, sites and the database cache: cold on the loop, warm, and awaited."""

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.shortcuts import get_current_site
from django.core.cache import cache, caches
from django.http import HttpRequest

from corpus.models import Cover, Genre
from corpus.routes import fault, twin

COLD = HttpRequest()
COLD.META["HTTP_HOST"] = "cold.example"
WARM = HttpRequest()
WARM.META["HTTP_HOST"] = "127.0.0.1"
DATABASE = caches["database"]


@fault
async def content_type(request):
    ContentType.objects.get_for_model(Genre)  # planted: a cold content type


@fault
async def content_type_by_key(request):
    ContentType.objects.get_by_natural_key("corpus", "cover")  # planted: a cold content type by its key


@fault
async def content_types(request):
    ContentType.objects.get_for_models(Genre, Cover)  # planted: cold content types


@twin
async def warm_content_type(request):
    await sync_to_async(ContentType.objects.get_for_model)(User)
    for _ in range(20):
        ContentType.objects.get_for_model(User)  # twin: a warm content type


@fault
async def site(request):
    get_current_site(COLD)  # planted: a cold site


@twin
async def warm_site(request):
    await sync_to_async(get_current_site)(WARM)
    for _ in range(20):
        get_current_site(WARM)  # twin: a warm site


@fault
async def cache_get(request):
    DATABASE.get("key")  # planted: get() of the database cache


@twin
async def cache_aget(request):
    await DATABASE.aget("key")  # twin: get() of the database cache


@fault
async def cache_set(request):
    DATABASE.set("key", "value")  # planted: set() of the database cache


@twin
async def cache_aset(request):
    await DATABASE.aset("key", "value")  # twin: set() of the database cache


@fault
async def cache_many(request):
    DATABASE.get_many(["key", "other"])  # planted: get_many() of the database cache


@fault
async def cache_has(request):
    DATABASE.has_key("key")  # planted: has_key() of the database cache


@fault
async def cache_delete(request):
    DATABASE.delete("key")  # planted: delete() of the database cache


@fault
async def cache_clear(request):
    DATABASE.clear()  # planted: clear() of the database cache


@fault
async def cache_or_set(request):
    DATABASE.get_or_set("key", "value")  # planted: get_or_set() of the database cache


@twin
async def local_memory(request):
    for _ in range(20):
        cache.set("key", "value")  # twin: a cache in memory
        cache.get("key")  # twin: a cache in memory
