"""The embedded server of MongoDB's wire protocol: nx-27017, with one transaction per command.

By default, nx-27017 writes each row of a command in its own transaction, with a wait for the disk;
it switches to a thread and back for each command; and the durability of all writes is that of the
last client that set a write concern. Here, the rows of a command are one transaction, each
connection has a thread, and every write is on disk before it is answered.
"""

import argparse
import logging
import signal
import socket
import socketserver
import sys
from collections.abc import Callable
from typing import Any

from nx_27017.handler import NeoSQLiteHandler
from nx_27017.server import handle_client_threaded

#: A message as nx-27017 reads it from the wire; an answer is the request's id and the reply.
Message = dict[str, Any]
Answer = tuple[int, dict[str, Any]]

_WRITES = frozenset({"insert", "update", "delete", "bulkWrite"})


class RolledBackError(Exception):
    """SQLite has rolled a command's transaction back by itself: nothing of it is stored."""


class DurableHandler(NeoSQLiteHandler):  # type: ignore[misc]
    """Answers commands; the writes of each are one transaction, on disk before the answer."""

    def handle_insert(self, msg: Message) -> Answer:
        """Answer an insert."""
        return self._in_one_transaction(msg, super().handle_insert)

    def handle_command(self, msg: Message) -> Answer:
        """Answer any other command."""
        return self._in_one_transaction(msg, super().handle_command)

    def _in_one_transaction(self, msg: Message, handle: Callable[[Message], Answer]) -> Answer:
        """Answer a command; if it writes, in one transaction.

        If a row is refused, the rows before it stay stored, as in MongoDB. If SQLite ends the
        transaction (on a full disk), the whole command fails, even if the handler has handled the
        error: the client must not be told that rows are stored which were rolled back.
        """
        name = _written_database(msg)
        if name is None:
            return handle(msg)
        with self._lock_for(name):
            connection = self.get_database(name).db
            connection.execute("BEGIN IMMEDIATE")
            try:
                answer = handle(msg)
                if not connection.in_transaction:
                    raise RolledBackError("SQLite has rolled the command back.")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return answer

    def _open_db_conn(self, db_name: str) -> Any:
        opened = super()._open_db_conn(db_name)
        opened.db.execute("PRAGMA synchronous = FULL")
        return opened

    def _apply_write_concern(self, db: Any, db_name: str, write_concern: Any) -> None:
        """Do nothing: it would apply to all clients, and every write is durable already."""


def _written_database(msg: Message) -> str | None:
    """Return the database that a command writes to, None if it writes nothing."""
    body: Message = next((doc for kind, doc in msg["sections"] if kind == "body"), {})
    if not _WRITES & body.keys():
        return None
    if "bulkWrite" not in body:
        return str(body.get("$db", "test"))
    # The command is sent to "admin"; its rows belong to the namespaces that it lists.
    sequences = [doc for kind, doc in msg["sections"] if kind == "payload" and "nsInfo" in doc]
    namespaces = [info["ns"] for part in (*sequences, body) for info in part.get("nsInfo", [])]
    names = {namespace.partition(".")[0] for namespace in namespaces}
    if len(names) != 1:
        raise ValueError("A bulkWrite writes to one database here.")
    return str(names.pop())


class _Connection(socketserver.BaseRequestHandler):
    """The connection of a client, in its own thread."""

    server: "_Server"

    def handle(self) -> None:
        """Answer until the client disconnects."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handle_client_threaded(self.request, self.server.handler)


class _Server(socketserver.ThreadingTCPServer):
    """A TCP server on the loopback interface."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: DurableHandler) -> None:
        self.handler = handler
        super().__init__(("127.0.0.1", port), _Connection)


def main() -> None:
    """Run the server in the foreground, until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", required=True, help="folder of the SQLite files")
    parser.add_argument("--port", required=True, type=int)
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with _Server(options.port, DurableHandler(data_dir=options.data_dir)) as server:
        while True:
            server.handle_request()


if __name__ == "__main__":
    main()
