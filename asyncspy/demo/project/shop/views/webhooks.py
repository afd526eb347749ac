import json
import logging

from django.http import JsonResponse

from shop.models import Delivery, Order

logger = logging.getLogger(__name__)


async def payment(request):
    """The bank tells which orders are paid."""
    numbers = json.loads(request.body)
    failed = []
    async for order in Order.objects.filter(pk__in=numbers):
        order.status = "paid"
        try:
            order.save()  # planted: save()
        except Exception:
            logger.warning("%s is paid, and could not be saved", order)
            failed.append(order.pk)
    return JsonResponse({"failed": failed})


async def refund(request):
    """The bank tells which orders were refunded; one that we cannot book must not stop the others."""
    failed = []
    for number in json.loads(request.body):
        try:
            Delivery.objects.get_or_create(order_id=number, event="refund")  # planted: get_or_create()
        except Exception:
            logger.warning("the refund of order %s could not be booked", number)
            failed.append(number)
    return JsonResponse({"failed": failed})


async def delivery(request):
    """The parcel service tells which orders it has brought."""
    for number in json.loads(request.body):
        event = await Delivery.objects.acreate(order_id=number, event="parcel", reference="depot")  # twin: acreate()
        event.reference = f"depot-{event.pk}"
        await event.asave(update_fields=["reference"])  # twin: asave()
    return JsonResponse({"failed": []})
