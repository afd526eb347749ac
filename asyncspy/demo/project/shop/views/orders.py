import logging

from asgiref.sync import sync_to_async
from django.http import JsonResponse
from django.shortcuts import render

from shop.aio import announce
from shop.models import Order, OrderLine, Product
from shop.pricing import POPULAR, price, price_today, sold, sold_today
from shop.signals import order_viewed, product_wanted

logger = logging.getLogger(__name__)

BASKET = [f"product-{number}" for number in (2, 3, 5, 8, 12, 13, 17, 21)]


async def basket(request):
    """The basket page: it never fails, but without discounts and sales figures it is wrong."""
    products = [product async for product in Product.objects.filter(slug__in=BASKET)]
    for product in products:
        product_wanted.send_robust(sender=basket, product=product)
    lines = [(product, price(product), sold(product) >= POPULAR) for product in products]
    return render(request, "shop/basket.html", {"lines": lines})


async def basket_total(request):
    products = [product async for product in Product.objects.filter(slug__in=BASKET)]
    total = sum([await price_today(product) for product in products])
    popular = [product.name for product in products if await sold_today(product) >= POPULAR]
    return JsonResponse({"total": total, "popular": popular})


async def order(request, number):
    lines = [line async for line in OrderLine.objects.filter(order=number)]
    return JsonResponse({"order": number, "lines": [f"{line.quantity} × {article(line)}" for line in lines]})


def article(line):
    try:
        return line.product.name  # planted: lazy foreign key
    except Exception:
        logger.warning("an article of order %s is not known", line.order_id)
        return "an article"


async def receipt(request, number):
    found = await Order.objects.select_related("customer").prefetch_related("lines__product").aget(pk=number)
    await announce(order_viewed, sender=receipt, order=found)
    customer = found.customer.get_full_name()  # twin: a foreign key loaded by select_related()
    lines = [line.product.name for line in found.lines.all()]  # twin: a relation loaded by prefetch_related()
    total = await sync_to_async(total_with_discounts)(found)  # twin: sync helpers in a thread
    return JsonResponse({"customer": customer, "lines": lines, "total": total})


def total_with_discounts(found):
    return sum(price(line.product) * line.quantity for line in found.lines.all())
