import os

from django.http import HttpResponse, JsonResponse

from bookshop.models import Book


async def shelf(request):
    books = [book.title async for book in Book.objects.filter(stock__gt=0).order_by("title")[:10]]
    return JsonResponse({"books": books, "sale": request.flags.get("sale", False)})


async def ready(request):
    """Which process answered."""
    return HttpResponse(str(os.getpid()))
