"""Signals that are sent on the loop, and awaited."""

from corpus.routes import fault, twin
from corpus.signals import heard, knocked, rung


@fault
async def send(request):
    rung.send(sender=None)


@twin
async def asend(request):
    await knocked.asend(sender=None)  # twin: asend()


@fault
async def asend_to_async(request):
    await heard.asend(sender=None)
