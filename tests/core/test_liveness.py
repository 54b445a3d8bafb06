"""Liveness of processes that serve no pages."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from apps.core.liveness import SILENT_AFTER_S, Liveness, serve


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return its time, in seconds."""
        return self.now


@contextmanager
def served(liveness: Liveness) -> Iterator[str]:
    """Serve the liveness; yield the address."""
    server = serve(0, of=liveness)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_process_is_alive_while_its_loops_turn_and_stuck_when_one_is_silent() -> None:
    """The response names the loop."""
    clock = Clock()
    liveness = Liveness(clock)
    with served(liveness) as url:
        liveness.beat("one")
        liveness.beat("other")
        clock.now = SILENT_AFTER_S
        answer = requests.get(f"{url}/healthz", timeout=10)
        assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
        liveness.beat("one")
        clock.now += 1
        answer = requests.get(f"{url}/healthz", timeout=10)
        assert answer.status_code == 503
        assert answer.json() == {"status": "stuck", "loops": ["other"]}
        liveness.end("other")
        assert requests.get(f"{url}/healthz", timeout=10).status_code == 200


def test_process_is_stuck_while_a_loop_reports_that_it_is_stopped() -> None:
    """Also while the loop beats, because it tries again."""
    liveness = Liveness(Clock())
    with served(liveness) as url:
        liveness.beat("one")
        liveness.stop("one")
        liveness.beat("one")
        answer = requests.get(f"{url}/healthz", timeout=10)
        assert (answer.status_code, answer.json()) == (503, {"status": "stuck", "loops": ["one"]})
        liveness.resume("one")
        assert requests.get(f"{url}/healthz", timeout=10).status_code == 200


def test_process_shows_its_metrics_and_nothing_else() -> None:
    """In Prometheus' own format."""
    with served(Liveness()) as url:
        answer = requests.get(f"{url}/metrics", timeout=10)
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "\nscriptorium_kafka_lag " in answer.text
        assert requests.get(f"{url}/", timeout=10).status_code == 404
