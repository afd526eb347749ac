"""Middleware of every make: sync-only as a class and as a function, Django's mixin, and async-capable twins."""

from inspect import iscoroutinefunction

from django.utils import decorators, deprecation


class SyncOnly:
    """As most middleware was written before Django 3.1: it pins a thread for the whole request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.stamp = "sync"
        response = self.get_response(request)  # planted-middleware: class
        response["X-Stamp"] = request.stamp
        return response


def function_style(get_response):
    """The same as a function."""

    def middleware(request):
        return get_response(request)  # planted-middleware: function

    return middleware


class Stamp(deprecation.MiddlewareMixin):
    """Django's mixin: each of its two methods is a hop of its own."""

    def process_request(self, request):
        request.stamp = sum(range(200))

    def process_response(self, request, response):
        response["X-Stamp"] = str(request.stamp)
        return response


@decorators.async_only_middleware
def able(get_response):
    """Async: no hop."""

    async def middleware(request):
        return await get_response(request)  # legit

    return middleware


@decorators.sync_and_async_middleware
def either(get_response):
    """Either way, as what it wraps wants it: no hop."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            return await get_response(request)  # legit

    else:

        def middleware(request):
            return get_response(request)  # legit

    return middleware
