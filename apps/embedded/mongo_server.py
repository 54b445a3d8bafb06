"""The embedded server of MongoDB's wire protocol: nx-27017, with one transaction per command.

By default, nx-27017 writes each row of a command in its own transaction, with a wait for the disk;
it switches to a thread and back for each command; and the durability of all writes is that of the
last client that set a write concern. Here, the rows of a command are one transaction, each
connection has a thread, and every write is on disk before it is answered.

nx-27017 knows no users, and every account of the machine reaches a port on loopback. Here, a
connection must log in (SASL PLAIN, RFC 4616) before it may send anything but a greeting.
"""

import argparse
import hmac
import logging
import signal
import socket
import socketserver
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nx_27017.handler import NeoSQLiteHandler
from nx_27017.server import handle_client_threaded

from apps.embedded.mongo_log_writes import log_writes

#: A message as nx-27017 reads it from the wire; an answer is the request's id and the reply.
Message = dict[str, Any]
Answer = tuple[int, dict[str, Any]]

#: The name that clients log in with.
USERNAME = "scriptorium"
#: Commands before a login: a driver's greeting.
_GREETINGS = frozenset({"hello", "isMaster", "ismaster"})
#: Error codes of MongoDB.
_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18

_WRITES = frozenset({"insert", "update", "delete", "bulkWrite"})


class RolledBackError(Exception):
    """SQLite has rolled a command's transaction back by itself: nothing of it is stored."""


class DurableHandler(NeoSQLiteHandler):  # type: ignore[misc]
    """Answers commands; the writes of each are one transaction, on disk before the answer."""

    def __init__(self, *, data_dir: str, password: str) -> None:
        super().__init__(data_dir=data_dir)
        self._credentials = f"\x00{USERNAME}\x00{password}".encode()
        #: The connections that have logged in.
        self._logged_in: set[str] = set()

    def handle_insert(self, msg: Message) -> Answer:
        """Answer an insert."""
        return self._refusal(msg) or self._in_one_transaction(msg, super().handle_insert)

    def handle_command(self, msg: Message) -> Answer:
        """Answer any other command."""
        if "saslStart" in _body(msg):
            return self._log_in(msg)
        return self._refusal(msg) or self._in_one_transaction(msg, self._handle(msg))

    def _handle(self, msg: Message) -> Callable[[Message], Answer]:
        """Return what answers a command: the short way for the log's own one, else nx-27017."""
        writes = log_writes(msg["sections"])
        if writes is None:
            in_general: Callable[[Message], Answer] = super().handle_command
            return in_general
        return lambda _: (msg["request_id"], writes.run(self.get_database(writes.database)))

    def handle_query(self, msg: Message) -> tuple[int, list[dict[str, Any]]]:
        """Answer a greeting in the form before OP_MSG; drivers send nothing else in it."""
        greeting = dict(msg["query"].get("$query", msg["query"]))
        if _GREETINGS & greeting.keys():
            request_id, answer = self._greet(msg)
            return request_id, [answer]
        return msg["request_id"], [_unauthorized()]

    def close_streams_for_connection(self, conn_id: str) -> None:
        """Forget a connection that has ended."""
        self._logged_in.discard(conn_id)
        super().close_streams_for_connection(conn_id)

    def _refusal(self, msg: Message) -> Answer | None:
        """Return the answer to a connection that has not logged in, None to one that has."""
        if msg.get("_conn_id") in self._logged_in:
            return None
        if _GREETINGS & _body(msg).keys():
            return self._greet(msg)
        return msg.get("request_id", 0), _unauthorized()

    def _greet(self, msg: Message) -> Answer:
        """Answer a greeting. The database that a stranger names in it is not opened."""
        request_id = msg.get("request_id", 0)
        body = {"hello": 1, "$db": "admin"}
        greeting = {"request_id": request_id, "sections": [("body", body)]}
        answer: Answer = super().handle_command(greeting)
        return request_id, answer[1]

    def _log_in(self, msg: Message) -> Answer:
        """Answer a login by SASL PLAIN."""
        body, request_id = _body(msg), msg.get("request_id", 0)
        payload = body.get("payload")
        given = bytes(payload) if isinstance(payload, bytes) else b""
        is_right = hmac.compare_digest(given, self._credentials)
        if body["saslStart"] != 1 or body.get("mechanism") != "PLAIN" or not is_right:
            return request_id, _error(_AUTHENTICATION_FAILED, "Authentication failed.")
        self._logged_in.add(msg["_conn_id"])
        return request_id, {"ok": 1, "conversationId": 1, "done": True, "payload": b""}

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


def _body(msg: Message) -> Message:
    """Return the document of a command."""
    return next((doc for kind, doc in msg["sections"] if kind == "body"), {})


def _unauthorized() -> dict[str, Any]:
    return _error(_UNAUTHORIZED, "This server requires authentication.")


def _error(code: int, text: str) -> dict[str, Any]:
    return {"ok": 0, "code": code, "errmsg": text}


def _written_database(msg: Message) -> str | None:
    """Return the database that a command writes to, None if it writes nothing."""
    body = _body(msg)
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
    parser.add_argument("--password-file", required=True, type=Path)
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    password = options.password_file.read_text(encoding="utf-8").strip()
    if not password:
        parser.error(f"{options.password_file} has no password.")
    handler = DurableHandler(data_dir=options.data_dir, password=password)
    with _Server(options.port, handler) as server:
        while True:
            server.handle_request()


if __name__ == "__main__":
    main()
