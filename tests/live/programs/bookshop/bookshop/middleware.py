"""Feature flags for every request; they are read again once in BOOKSHOP_REFRESH requests."""

import os

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async

from bookshop.models import Flag

REFRESH = int(os.environ.get("BOOKSHOP_REFRESH", "100"))


def read_flags():
    return {flag.name: flag.on for flag in Flag.objects.all()}


class Flags:
    sync_capable = False
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.flags = {}
        self.requests = 0
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request):
        self.requests += 1
        if not self.flags:
            self.flags = await sync_to_async(read_flags)()
        elif self.requests % REFRESH == 0:
            self.flags = read_flags()
        request.flags = self.flags
        return await self.get_response(request)
