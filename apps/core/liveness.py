"""Liveness of a worker or beat, which serve no pages: ``/healthz`` and ``/metrics``.

Each loop beats at each turn. A loop without a beat for long is stuck, and a supervisor that probes
``/healthz`` restarts the process. Unavailable services do not count: ``/readyz`` of the web servers
reports those.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

#: A loop without a beat for so long is stuck, in seconds: many times the longest wait for an
#: unavailable service.
SILENT_AFTER_S = 120.0


class Liveness:
    """The last beat of each loop of a process. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats: dict[str, float] = {}
        self._stopped: set[str] = set()

    def beat(self, loop: str) -> None:
        """Report that a loop makes a turn."""
        self._beats[loop] = self._clock()

    def end(self, loop: str) -> None:
        """Report that a loop has ended in order."""
        self._beats.pop(loop, None)
        self._stopped.discard(loop)

    def stop(self, loop: str) -> None:
        """Report a loop that runs, but cannot do its work until an operator helps."""
        self._stopped.add(loop)

    def resume(self, loop: str) -> None:
        """Report that a stopped loop does its work again."""
        self._stopped.discard(loop)

    def stuck(self) -> list[str]:
        """Return the loops without a beat for ``SILENT_AFTER_S``, and those that are stopped."""
        now = self._clock()
        silent = [loop for loop, at in list(self._beats.items()) if now - at > SILENT_AFTER_S]
        return silent + sorted(self._stopped.difference(silent))


#: The liveness of this process.
liveness = Liveness()


def serve(port: int, *, of: Liveness = liveness) -> ThreadingHTTPServer:
    """Answer on this port, on all addresses, in a thread; 0 chooses a free port.

    Raises ``OSError`` when the port is in use.
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
            """Log nothing: a probe comes every few seconds."""

    server = ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="liveness", daemon=True).start()
    return server


def _answer(path: str, of: Liveness) -> tuple[int, str, bytes]:
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest()
    if path != "/healthz":
        return 404, "text/plain", b""
    stuck = of.stuck()
    report = {"status": "stuck", "loops": stuck} if stuck else {"status": "alive"}
    return 503 if stuck else 200, "application/json", json.dumps(report).encode()
