"""The shop's pages: every request does innocent work; every SHOP_VIOLATE_EVERY-th one also breaks the rule.

SHOP_VIOLATE_EVERY is 1 for every request, 400 for one in 400, 0 for never; each worker process counts its own.
"""

import itertools
import os

from django.http import HttpResponse

from shop import pricing

EVERY = int(os.environ.get("SHOP_VIOLATE_EVERY", "0"))
requests = itertools.count(1)


async def checkout(request):
    """Innocent work, and then perhaps the fault: a 500 by SynchronousOnlyOperation, or 200 where it is allowed."""
    everyone = await pricing.everyone()
    customers = await pricing.customers()
    wanted = pricing.as_text()
    if EVERY and next(requests) % EVERY == 0:
        customers = pricing.helper_count()  # planted-from
    return HttpResponse(f"{customers} of {everyone}; {len(wanted)}")


async def ready(request):
    """Which process answered."""
    return HttpResponse(str(os.getpid()))


async def account(request):
    """The same work, and perhaps another fault: one that reads a row, and takes longer to come to the guard."""
    everyone = await pricing.everyone()
    customers = await pricing.customers()
    wanted = pricing.as_text()
    if EVERY and next(requests) % EVERY == 0:
        pricing.helper_first()
    return HttpResponse(f"{customers} of {everyone}; {len(wanted)}")
