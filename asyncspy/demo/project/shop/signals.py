import logging

from django.db.models import Sum
from django.db.models.signals import post_save
from django.dispatch import Signal, receiver

from shop.models import Delivery, Order, OrderLine

logger = logging.getLogger(__name__)

product_wanted = Signal()
order_viewed = Signal()


@receiver(product_wanted)
def warn_when_scarce(sender, product, **kwargs):
    open_lines = OrderLine.objects.filter(product=product, order__status="open")
    reserved = open_lines.aggregate(total=Sum("quantity"))["total"] or 0  # planted: sync receiver sent on the loop
    if reserved >= product.stock:
        logger.info("%s is wanted, but all %s are reserved", product, product.stock)


@receiver(order_viewed)
def count_open_orders(sender, order, **kwargs):
    count = Order.objects.filter(customer_id=order.customer_id, status="open").count()  # twin: sync receiver of asend()
    logger.info("customer %s has %s open orders", order.customer_id, count)


@receiver(post_save, sender=Delivery)
def note_first_delivery(sender, instance, created, **kwargs):
    earlier = Delivery.objects.filter(order_id=instance.order_id).exclude(pk=instance.pk)
    if created and not earlier.exists():  # twin: sync receiver of post_save under acreate()
        logger.info("the first delivery of order %s", instance.order_id)
