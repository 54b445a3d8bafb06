"""Signs of life of processes that serve no pages."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from apps.core.liveness import SILENT_AFTER_S, Liveness, serve


class Clock:
    """A clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        """Return its time, in seconds."""
        return self.now


@contextmanager
def served(pulse: Liveness) -> Iterator[str]:
    """Serve the signs of life; yields the address."""
    server = serve(0, of=pulse)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_process_is_alive_while_its_loops_turn_and_stuck_when_one_is_silent() -> None:
    """The answer names the loop."""
    clock = Clock()
    pulse = Liveness(clock)
    with served(pulse) as url:
        pulse.beat("one")
        pulse.beat("other")
        clock.now = SILENT_AFTER_S
        answer = requests.get(f"{url}/healthz", timeout=10)
        assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
        pulse.beat("one")
        clock.now += 1
        answer = requests.get(f"{url}/healthz", timeout=10)
        assert answer.status_code == 503
        assert answer.json() == {"status": "stuck", "loops": ["other"]}
        pulse.end("other")
        assert requests.get(f"{url}/healthz", timeout=10).status_code == 200


def test_process_shows_its_metrics_and_nothing_else() -> None:
    """In Prometheus' own format."""
    with served(Liveness()) as url:
        answer = requests.get(f"{url}/metrics", timeout=10)
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "\nscriptorium_kafka_lag " in answer.text
        assert requests.get(f"{url}/", timeout=10).status_code == 404
