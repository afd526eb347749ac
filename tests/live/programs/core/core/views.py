"""The pages: each does one fault or one twin several times over, and answers `REFUSED of DONE`.

Many times, so that a few seconds of sampling see each of them; and counted, so that what was planted is known to have
happened in this Django without asking asyncspy.
"""

import os

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpResponse

from core import faults, twins

TIMES = {"fault": 30, "twin": 3}
TIMES_OF = {"fault-cursor": 1500, "fault-session": 60, "fault-save": 90, "twin-save": 1}  # refused in microseconds


async def fault(request, name):
    return await repeated(request, "fault", faults.ALL[name])


async def twin(request, name):
    return await repeated(request, "twin", twins.ALL[name])


async def repeated(request, kind, work):
    times = TIMES_OF.get(f"{kind}-{work.__name__}", TIMES[kind])
    refused = 0
    for _ in range(times):
        try:
            await work(request)
        except SynchronousOnlyOperation:
            refused += 1
    return HttpResponse(f"{refused} of {times}")


async def ready(request):
    """Which process answered."""
    return HttpResponse(str(os.getpid()))
