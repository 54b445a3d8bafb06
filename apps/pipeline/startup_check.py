"""The startup check of workers and beat: services, tables, the broker, the port of probes."""

from celery import current_app

from apps.core.startup import StartRefusedError, metrics_serve, start_check

#: Timeout of the connection to the broker, in seconds.
ANSWER_WAIT_S = 3


def check_before_start() -> None:
    """Exit with one line where the process cannot serve; else start to answer probes.

    Raises ``SystemExit``: Celery would log any other error and, for some of them, continue.
    """
    try:
        start_check(CELERY_BROKER_URL=_reach_broker)
        metrics_serve()
    except StartRefusedError as err:
        raise SystemExit(err.message) from err


def _reach_broker() -> None:
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=ANSWER_WAIT_S)
