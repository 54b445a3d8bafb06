"""What a worker and beat look at before they begin: services, tables, the broker, a port."""

from celery import current_app

from apps.core.startup import StartRefusedError, metrics_serve, start_check

#: How long the broker may take to let us in, in seconds.
ANSWER_WAIT_S = 3


def look_before_start() -> None:
    """End the process with one line where it cannot serve; answer probes where it can.

    Raises ``SystemExit``: Celery would log any other error, and some of them go on.
    """
    try:
        start_check(CELERY_BROKER_URL=_reach_broker)
        metrics_serve()
    except StartRefusedError as err:
        raise SystemExit(err.message) from err


def _reach_broker() -> None:
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=ANSWER_WAIT_S)
