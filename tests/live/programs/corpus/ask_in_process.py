"""Ask every faulty route of the corpus in this process, once each: who reached the guard on the loop, and the answers.

Run in the folder of the corpus, with its environment; prints JSON.
"""

import asyncio
import json
import os
import sys

STACKS = {}


def main():
    import django
    from django.core import exceptions

    class Noted(exceptions.SynchronousOnlyOperation):
        def __init__(self, *args):
            super().__init__(*args)
            note(sys._getframe(1))

    exceptions.SynchronousOnlyOperation = Noted
    import django.utils.asyncio

    django.utils.asyncio.SynchronousOnlyOperation = Noted
    from corpus import routes

    routes.again = again
    django.setup()
    asyncio.run(ask())


def note(frame):
    stack = []
    while frame is not None:
        code = frame.f_code
        stack.append((getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno))
        frame = frame.f_back
    key = json.dumps(stack[::-1])
    STACKS[key] = STACKS.get(key, 0) + 1


async def again(view, *arguments):
    from corpus.routes import stopped_by_the_guard
    from django.http import HttpResponse

    try:
        given = await view(*arguments)
    except Exception as error:
        text = "stopped" if stopped_by_the_guard(error) else f"{type(error).__name__}: {error}"
        return HttpResponse(text)
    return HttpResponse(shown(given))


def shown(value):
    from django.http import HttpResponse

    if isinstance(value, HttpResponse):
        return value.content
    return repr(value) if isinstance(value, (int, str, type(None), bool, list)) else type(value).__name__


async def ask():
    import corpus.urls  # noqa: F401 - fills the routes
    from corpus.asgi import application
    from corpus.routes import ROUTES

    answers = {path: await answer(application, path) for path in sorted(ROUTES) if path.startswith("fault/")}
    sys.stdout.write(json.dumps({"answers": answers, "stacks": list(STACKS.items())}))
    sys.stdout.flush()
    os._exit(0)  # threads of pools are not waited for


async def answer(application, target):
    path, _, query = target.partition("?")
    sent = []
    cookie = f"sessionid=corpusvisitor{'0' * 19}".encode()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": f"/{path}", "raw_path": f"/{path}".encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie)], "client": ("127.0.0.1", 1), "server": ("x", 80),
    }  # fmt: skip

    asked = False

    async def receive():
        nonlocal asked
        if asked:
            await asyncio.sleep(30)
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    try:
        await asyncio.wait_for(application(scope, receive, send), 5)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    status = next(message["status"] for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return [status, body.decode(errors="replace")]


if __name__ == "__main__":
    main()
