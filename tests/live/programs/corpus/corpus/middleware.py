"""A middleware that asks the database for every visitor of one page, and does it right for another."""

from django.utils.decorators import async_only_middleware

from corpus.models import Author
from corpus.routes import again, plain

plain("fault", "middleware/greeting")
plain("twin", "middleware/greeting")


@async_only_middleware
def greeting(get_response):
    async def middleware(request):
        if request.path == "/fault/middleware/greeting":
            return await again(greet)
        if request.path == "/twin/middleware/greeting":
            await Author.objects.aget(name="author 1")  # twin: a query in a middleware
            request.path_info = "/ready"
        return await get_response(request)

    return middleware


async def greet():
    return Author.objects.get(name="author 1")  # planted: a query in a middleware
