import os

from asgiref.sync import sync_to_async
from django.db.models import OuterRef, Q, Subquery, Sum
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, render

from shop.aio import find_or_404
from shop.models import Discount, Product


async def health(request):
    return JsonResponse({"worker": os.getpid()})


def for_sale():
    """Everything on the shelves, with its best discount and how well it sells."""
    discounts = Discount.objects.filter(product=OuterRef("pk")).order_by("-percent")
    paid = Q(lines__order__status="paid")
    return (
        Product.objects.filter(active=True)
        .select_related("category")
        .annotate(percent=Subquery(discounts.values("percent")[:1]), sold=Sum("lines__quantity", filter=paid))
        .order_by("category__name", "name")
    )


async def home(request):
    products = [product async for product in for_sale()[:6]]  # twin: async for
    return render(request, "shop/catalogue.html", {"products": products})  # twin: a template with a list


async def catalogue(request):
    products = for_sale()  # twin: building a queryset
    return render(request, "shop/catalogue.html", {"products": products})  # planted: a template evaluates a queryset


async def catalogue_print(request):
    context = {"products": for_sale()}
    return await sync_to_async(render)(request, "shop/catalogue.html", context)  # twin: a template rendered in a thread


async def category(request, slug):
    names = []
    for product in for_sale().filter(category__slug=slug):  # planted: iteration over a queryset
        names.append(product.name)
    return JsonResponse({"products": names})


async def category_feed(request, slug):
    names = []
    async for product in for_sale().filter(category__slug=slug):  # twin: async for
        names.append(product.name)
    return JsonResponse({"products": names})


async def product(request, slug):
    found = get_object_or_404(for_sale(), slug=slug)  # planted: get_object_or_404()
    return JsonResponse({"name": found.name, "price": found.price})


async def product_stock(request, slug):
    found = await find_or_404(for_sale(), slug=slug)  # twin: aget_object_or_404()
    return JsonResponse({"name": found.name, "stock": found.stock})
