"""What the lab runs. Replace it.

One caller may not cost more than one place of 32 for ten seconds: a caller that sends byte by byte,
or without end, loses it. The library's own `python -m http.server` has neither limit.
"""

import contextlib
import socket
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

PLACES = 32
SECONDS = 10


class Handler(SimpleHTTPRequestHandler):  # HTTP/1.0: one request for each connection
    def setup(self):
        super().setup()
        self.clock = threading.Timer(SECONDS, self.late)
        self.clock.daemon = True
        self.clock.start()

    def late(self):
        with contextlib.suppress(OSError):  # it has gone by itself
            self.connection.shutdown(socket.SHUT_RDWR)

    def finish(self):
        self.clock.cancel()
        super().finish()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    places = threading.BoundedSemaphore(PLACES)

    def process_request(self, request, client_address):
        if self.places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()


Server(("127.0.0.1", <[ port ]>), partial(Handler, directory="public")).serve_forever()
