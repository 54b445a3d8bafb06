"""Web servers that report their name and the requests they got, for tests of a gateway."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Upstream:
    """One server on a free port of loopback; a context manager. ``status`` is its response."""

    def __init__(self, port: int = 0) -> None:
        self.status = 200
        self.asked: list[dict[str, Any]] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            """Handles every request alike."""

            def do_GET(self) -> None:
                """Record a request, and return the record."""
                length = int(self.headers.get("Content-Length", 0))
                note = {
                    "port": upstream.port,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body_bytes": len(self.rfile.read(length)),
                }
                upstream.asked.append(note)
                body = json.dumps(note).encode()
                self.send_response(upstream.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the base class's name

            def log_message(self, *args: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening; may be called again."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
