import logging

from django.http import HttpResponseForbidden, JsonResponse
from django.shortcuts import render

from shop.aio import current_user, may
from shop.models import Order, Product

logger = logging.getLogger(__name__)

MENU = {
    "orders": "shop.view_order",
    "refunds": "shop.change_order",
    "products": "shop.view_product",
    "prices": "shop.change_product",
    "discounts": "shop.change_discount",
    "categories": "shop.change_category",
    "deliveries": "shop.view_delivery",
    "parcels": "shop.add_delivery",
}


async def offers(request):
    """What we offer to this customer; members complain that they pay the full price."""
    products = [product async for product in Product.objects.filter(active=True)[:8]]
    prices = {product.name: member_price(request, product) for product in products}
    return JsonResponse({"currency": request.currency, "prices": prices})


def member_price(request, product):
    try:
        member = request.user.is_authenticated  # planted: request.user
    except Exception:
        logger.warning("cannot tell who wants %s", product)
        member = False
    return product.price * 9 / 10 if member else product.price


async def own_orders(request):
    user = await current_user(request)  # twin: auser()
    orders = [order async for order in Order.objects.filter(customer=user)[:10]]
    return render(request, "shop/account.html", {"name": user.get_full_name(), "orders": orders})


async def menu(request):
    """What a member of the staff may open; clerks have been complaining that theirs is empty."""
    user = await current_user(request)
    return JsonResponse({"menu": [entry for entry, permission in MENU.items() if allowed(user, permission)]})


def allowed(user, permission):
    try:
        return user.has_perm(permission)  # planted: has_perm()
    except Exception:
        logger.warning("cannot tell whether %s has %s", user, permission)
        return False


async def stock(request):
    user = await current_user(request)
    if not await may(user, "shop.view_product"):  # twin: ahas_perm()
        return HttpResponseForbidden()
    return JsonResponse({"out_of_stock": await Product.objects.filter(stock=0).acount()})
