"""supervisord with an event loop that wakes at a signal: ``python -m apps.embedded.supervisord``.

The loop of supervisord 4.3 polls its file descriptors for up to a second, and a signal does not end
the poll (PEP 475). So SIGTERM waits up to a second to be handled, a program that has ended waits to
be reaped where its pipe was closed a moment before its exit, and its restart waits for the round
after that. ``SignalWaker`` ends the poll through a pipe that the interpreter writes each signal to.
"""

import os
import signal
import sys

from supervisor import supervisord
from supervisor.options import ServerOptions

#: Makes the loop go round once more; no signal has this number.
_AGAIN = b"\0"
_READ_BYTES = 4096


class SignalWaker:
    """Dispatcher of supervisord's event loop that is readable after each signal.

    A signal ends two polls: supervisord looks for programs to start before it reaps the one that
    has ended, so the restart belongs to the round after the reaping.
    """

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        for descriptor in (self.reader, self._writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def readable(self) -> bool:
        """Return that the loop has to poll the pipe."""
        return True

    def writable(self) -> bool:
        """Return that the loop has nothing to write."""
        return False

    def handle_read_event(self) -> None:
        """Empty the pipe; if a signal was in it, wake the loop again for the next round."""
        if os.read(self.reader, _READ_BYTES).strip(_AGAIN):
            os.write(self._writer, _AGAIN)

    def handle_error(self) -> None:
        """Raise the error of ``handle_read_event``: the loop calls this where it has caught it."""
        raise  # noqa: PLE0704 - within the loop's own except block

    def close(self) -> None:
        """Close the pipe."""
        os.close(self.reader)
        os.close(self._writer)


class WakingOptions(ServerOptions):  # type: ignore[misc]
    """Options of supervisord whose event loop has a ``SignalWaker``."""

    def setsignals(self) -> None:
        """Install the signal handlers and the waker."""
        super().setsignals()
        waker = SignalWaker()
        self.get_socket_map()[waker.reader] = waker


def main() -> None:
    """Run supervisord until SIGTERM, as its own ``main`` does without a reload."""
    options = WakingOptions()
    options.realize(sys.argv[1:], doc=supervisord.__doc__)
    options.first, options.test = True, False
    supervisord.go(options)
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main()
