"""An async middleware that sometimes asks the database where it must not."""

from django.utils.decorators import async_only_middleware

from guard import planted


@async_only_middleware
def audit(get_response):
    async def middleware(request):
        request.site = planted.turn() if request.path == "/" else None
        if request.site == "middleware":
            planted.asked("middleware", planted.newest)
        return await get_response(request)

    return middleware
