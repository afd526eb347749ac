import logging
from decimal import Decimal

from shop.models import Discount, OrderLine

logger = logging.getLogger(__name__)

POPULAR = 10


def price(product):
    """The price that a customer pays today."""
    return reduced(product, best_discount(product))


def best_discount(product):
    try:
        discount = Discount.objects.filter(product=product).order_by("-percent").first()  # planted: first() in a helper
    except Exception:
        logger.warning("no discount known for %s: list price", product)
        return 0
    return discount.percent if discount else 0


def sold(product):
    """How many of a product were sold; the shelf label says "popular" from POPULAR on."""
    try:
        return OrderLine.objects.filter(product=product, order__status="paid").count()  # planted: count() in a helper
    except Exception:
        logger.warning("sales of %s are not known", product)
        return 0


async def price_today(product):
    best = await Discount.objects.filter(product=product).order_by("-percent").afirst()  # twin: afirst()
    return reduced(product, best.percent if best else 0)


async def sold_today(product):
    return await OrderLine.objects.filter(product=product, order__status="paid").acount()  # twin: acount()


def reduced(product, percent):
    return (product.price * (100 - percent) / 100).quantize(Decimal("0.01"))
