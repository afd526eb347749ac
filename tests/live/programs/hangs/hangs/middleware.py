"""Sync-only middleware, as most was written before Django 3.1: it pins a thread for the whole request."""

import time


class Stamp:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)  # planted: pinned
        response["X-Stamp"] = "sync"
        return response


class Slow(Stamp):
    """Takes its time before it calls on; a client that goes away meanwhile cancels the request."""

    def __call__(self, request):
        if request.path != "/ready":
            time.sleep(3)
        return self.get_response(request)  # planted: cancelled
