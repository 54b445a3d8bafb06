"""Signs of life of a worker or beat, which serve no pages: ``/healthz`` and ``/metrics``.

A loop says at each turn that it goes on. One that has said nothing for long is stuck, and a
supervisor that asks for ``/healthz`` starts the process again; what services are away is not a
process's fault, and ``/readyz`` of the web servers says that.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

#: A loop that says nothing for so long is stuck, in seconds: many times the longest wait for a
#: service that is away.
SILENT_AFTER_S = 120.0


class Liveness:
    """When each loop of a process last said that it goes on. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        """Say that a loop goes on."""
        self._beats[loop] = self._clock()

    def end(self, loop: str) -> None:
        """Say that a loop has ended as it should."""
        self._beats.pop(loop, None)

    def silent(self) -> list[str]:
        """Return the loops that have said nothing for ``SILENT_AFTER_S``."""
        now = self._clock()
        return [loop for loop, at in list(self._beats.items()) if now - at > SILENT_AFTER_S]


#: That of this process.
liveness = Liveness()


def serve(port: int, *, of: Liveness = liveness) -> ThreadingHTTPServer:
    """Answer on this port, on all addresses, in a thread; 0 takes a free one.

    Raises ``OSError`` where the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = _answer(self.path, of)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing: somebody asks every few seconds."""

    server = ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="pulse", daemon=True).start()
    return server


def _answer(path: str, of: Liveness) -> tuple[int, str, bytes]:
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest()
    if path != "/healthz":
        return 404, "text/plain", b""
    silent = of.silent()
    said = {"status": "stuck", "loops": silent} if silent else {"status": "alive"}
    return 503 if silent else 200, "application/json", json.dumps(said).encode()
