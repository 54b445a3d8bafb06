"""A Kafka broker in memory on a fixed port: librdkafka's mock cluster and a forwarder before it.

The mock cluster listens on a random port, which changes with each restart. Clients connect to the
fixed port; with ``metadata.recovery.strategy=rebootstrap`` they find the new port through it. The
broker stores nothing on disk: the log in MongoDB is the truth, and the relay publishes it again.
"""

import argparse
import asyncio
import contextlib
import ctypes
import signal
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_void_p
from typing import Any

from confluent_kafka import cimpl

_CHUNK_BYTES = 64 * 1024
_ERROR_BYTES = 512
_PRODUCER = 0
#: What is called of librdkafka: its name, the type of its result, those of its arguments.
_FUNCTIONS: tuple[tuple[Any, ...], ...] = (
    ("rd_kafka_conf_new", c_void_p),
    ("rd_kafka_conf_set", c_int, c_void_p, c_char_p, c_char_p, c_char_p, c_size_t),
    ("rd_kafka_new", c_void_p, c_int, c_void_p, c_char_p, c_size_t),
    ("rd_kafka_mock_cluster_new", c_void_p, c_void_p, c_int),
    ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, c_void_p, c_int32),
    ("rd_kafka_mock_cluster_bootstraps", c_char_p, c_void_p),
)


def start_cluster() -> int:
    """Start the mock cluster, which lives as long as this process; return its port.

    By librdkafka's C interface (``rdkafka_mock.h``): Python's starts one as well, but with an
    initial rebalance delay of 3 s, in which a worker that starts waits for others to join.
    """
    kafka = _librdkafka()
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    settings = kafka.rd_kafka_conf_new()
    kafka.rd_kafka_conf_set(settings, b"log_level", b"3", error, _ERROR_BYTES)
    client = kafka.rd_kafka_new(_PRODUCER, settings, error, _ERROR_BYTES)
    cluster = kafka.rd_kafka_mock_cluster_new(client, 1) if client else None
    if cluster is None:
        raise RuntimeError(f"The broker does not start: {error.value.decode()}")
    kafka.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    address: bytes = kafka.rd_kafka_mock_cluster_bootstraps(cluster)
    return int(address.decode().rpartition(":")[2])


def _librdkafka() -> ctypes.CDLL:
    """Return librdkafka as the extension module of confluent_kafka is linked to it."""
    kafka = ctypes.CDLL(cimpl.__file__)
    for name, result, *arguments in _FUNCTIONS:
        function = getattr(kafka, name)
        function.restype, function.argtypes = result, arguments
    return kafka


async def forward(port: int, *, to_port: int) -> None:
    """Accept on a loopback port and pass bytes both ways until SIGTERM or SIGINT."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK_BYTES):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # In a task of our own: asyncio logs an error for each of its own that is open at the end.
        connection = asyncio.create_task(connect(reader, writer))
        connections.add(connection)
        connection.add_done_callback(connections.discard)

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await asyncio.start_server(accept, "127.0.0.1", port)
    await stopped.wait()
    server.close()


def main() -> None:
    """Run the broker in the foreground."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="fixed port on 127.0.0.1")
    port = parser.parse_args().port
    asyncio.run(forward(port, to_port=start_cluster()))


if __name__ == "__main__":
    main()
