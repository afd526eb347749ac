"""The programs that a fault is staged with: a target, an application, an asyncspy that can be given a py-spy."""

from __future__ import annotations

SPIN = """
import asyncio, os, signal, sys, threading
def obey():
    for line in sys.stdin:
        exec(line, globals())
async def main():
    threading.Thread(target=obey, daemon=True).start()
    print("up", flush=True)
    while True:
        sum(range(20_000))
        await asyncio.sleep(0.001)
asyncio.run(main())
"""
"""A target that does what it is told on standard input."""

APP = """
import asyncio, os
async def application(scope, receive, send):
    if scope["type"] == "http":
        sum(range(20_000))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
"""

RUNNER = """
import sys
from asyncspy import sample
from asyncspy.sample.pyspy.py_spy import PySpy, Timeouts, find_py_spy
stub, grace = sys.argv.pop(1), sys.argv.pop(1)
timeouts = Timeouts(grace=float(grace)) if grace else Timeouts()
def stand_in():
    found = PySpy(stub, "0.4.3") if stub else find_py_spy()
    return PySpy(found.path, found.version, timeouts)
sample.find_py_spy = stand_in
from asyncspy.__main__ import main
main()
"""
"""asyncspy, with a py-spy of our own where one is given, and less patience with it."""

TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes standard input the controlling terminal of a program."""
