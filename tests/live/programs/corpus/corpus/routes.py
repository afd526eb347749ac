"""Views become routes: a fault is repeated for a few milliseconds in each request, a twin a few times.

Every fault gets the same time on the loop, so that the sampler has the same chance of seeing each. A fault that the
guard does not stop, and a twin that it stops, answer with a 500: what is planted is checked in every request.
"""

import functools
import os
import time

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpResponse

SECONDS = float(os.environ.get("CORPUS_FAULT_SECONDS", "0.015"))
TIMES = 40
TWIN_TIMES = 3
ROUTES = {}


def fault(view):
    """A route that breaks the rule."""
    return _add("fault", view, functools.partial(again, view))


def fault_once(view):
    """A route that breaks the rule and repeats it by itself."""
    return _add("fault", view, view)


def twin(view):
    """A route that does the same as it should be done."""

    @functools.wraps(view)
    async def served(request):
        for _ in range(TWIN_TIMES):
            await view(request)
        return HttpResponse("twin")

    return _add("twin", view, served)


def plain(kind, path, times=1):
    """A route that a third party serves; it is asked for `times` times in a round."""
    ROUTES[f"{kind}/{path}"] = (None, times)


def _add(kind, view, served):
    @functools.wraps(view)
    async def route(request):
        return await served(request)

    module = view.__module__.rpartition(".")[2]
    ROUTES[f"{kind}/{module}/{view.__name__}"] = (route, 1)
    return view


async def again(view, *arguments):
    """Call it as often as there is time for; the guard has to stop it every time."""
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        try:
            await view(*arguments)
        except Exception as error:
            if not stopped_by_the_guard(error):
                raise
        else:
            raise AssertionError(f"{view} was not stopped by the guard")
    return HttpResponse("fault")


def stopped_by_the_guard(error):
    while error is not None:
        if isinstance(error, SynchronousOnlyOperation):
            return True
        error = error.__cause__ or error.__context__
    return False
