"""A slow neighbour on the loopback interface, and a lock that somebody else holds most of the time."""

import socket
import threading
import time

SLOW = 0.03
LOCK = threading.Lock()


def start():
    """The address of a service that answers every connection after a while; from now on the lock is busy, too."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_answer, args=(listener,), daemon=True).start()
    threading.Thread(target=_hold, daemon=True).start()
    return listener.getsockname()


def _answer(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_reply, args=(connection,), daemon=True).start()


def _reply(connection):
    with connection:
        connection.recv(1000)
        time.sleep(SLOW)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")


def _hold():
    while True:
        with LOCK:
            time.sleep(SLOW)
        time.sleep(SLOW / 10)
