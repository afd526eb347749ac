import logging

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.utils.decorators import async_only_middleware

from shop.aio import session_value

logger = logging.getLogger(__name__)


class CurrencyMiddleware:
    """Customers see prices in the currency that they chose; everybody else sees euros."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request):
        request.currency = self.chosen(request) if request.path.startswith("/account/") else "EUR"
        return await self.get_response(request)

    def chosen(self, request):
        try:
            return request.session.get("currency", "EUR")  # planted: session read in an async middleware
        except Exception:
            logger.warning("no currency in the session of %s", request.path)
            return "EUR"


@async_only_middleware
def campaign_middleware(get_response):
    """Remember through which campaign a visitor of an order page came."""

    async def middleware(request):
        if request.path.startswith("/orders/"):
            request.campaign = await session_value(request.session, "campaign")  # twin: session read with aget()
        return await get_response(request)

    return middleware
