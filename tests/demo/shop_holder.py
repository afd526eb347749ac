"""A program: runs the shop, prints the process ids of its server and its folder, and waits to be ended."""

import json
import signal

import psutil

from asyncspy.demo.server import running_shop

with running_shop() as shop:
    master = psutil.Process(shop.pid)
    pids = [master.pid, *(child.pid for child in master.children(recursive=True))]
    print(json.dumps({"pids": pids, "root": str(shop.root)}), flush=True)  # noqa: T201
    signal.pause()
