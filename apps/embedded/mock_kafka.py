"""A Kafka broker in memory on a fixed port: librdkafka's mock cluster and a forwarder before it.

The mock cluster listens on a port of its own choice, another one after each restart. Clients know
the fixed port; with ``metadata.recovery.strategy=rebootstrap`` they find the new one through it.
It keeps nothing on disk: the log in MongoDB is the truth, and the relay publishes again.
"""

import argparse
import asyncio
import contextlib
import signal

from confluent_kafka import Producer

_CHUNK_BYTES = 64 * 1024


def start_cluster() -> tuple[Producer, int]:
    """Start the mock cluster; return it and its port. It lives as long as the producer."""
    producer = Producer(
        {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 3}
    )
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    return producer, int(broker.port)


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
        # A task of our own: asyncio's complains of each one that is open when the loop ends.
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
    cluster, cluster_port = start_cluster()
    asyncio.run(forward(port, to_port=cluster_port))
    del cluster


if __name__ == "__main__":
    main()
