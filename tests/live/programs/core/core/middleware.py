"""A middleware of the old kind: under ASGI, Django runs it in a thread and calls the async rest from there."""


def sync_only(get_response):
    def middleware(request):
        return get_response(request)

    return middleware
