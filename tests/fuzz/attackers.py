"""The hostile people of a round: they send inputs by sockets, by REST and to Kafka."""

import asyncio
import contextlib
from typing import Any, Final, Self

import requests
from confluent_kafka import KafkaException, Producer

from apps.oplog.publisher import TOPIC
from tests.fuzz.inputs import DOCUMENT, Input, KafkaInput, RestInput, SocketInput, addressed
from tests.fuzz.wire import RawSocket
from tests.support.launcher import Launched

#: The accounts of hostile people, by what they may do in the document.
USERNAMES: Final = {"editor": "alan", "viewer": "mallory"}
#: A REST call that is not answered within this is a finding, in seconds.
REST_TIMEOUT_S: Final = 60.0
#: How long messages to Kafka may take, in seconds.
KAFKA_WAIT_S: Final = 10.0


def make_viewer(stack: Launched) -> None:
    """Create the account of the hostile viewer."""
    stack.manage(
        "shell",
        "-c",
        "from apps.accounts.models import User; "
        "User.objects.create_user('mallory', password='scriptorium')",
    )


class Attackers:
    """All hostile sessions of one document. A session that was closed is opened for its next input.

    ``findings`` has the answers that no input may cause.
    """

    def __init__(self, stack: Launched, document_id: str) -> None:
        self._stack = stack
        self._document_id = document_id
        self._sockets: dict[str, RawSocket] = {}
        self._producer = Producer(
            {"bootstrap.servers": stack.settings()["KAFKA_BOOTSTRAP_SERVERS"]}
        )
        self.findings: list[str] = []
        self.statuses: dict[int, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for socket in self._sockets.values():
            await socket.close()
        await asyncio.to_thread(self._producer.flush, KAFKA_WAIT_S)

    async def send(self, input_: Input) -> None:
        """Send one input."""
        if isinstance(input_, SocketInput):
            await self._send_frames(input_)
        elif isinstance(input_, RestInput):
            await asyncio.to_thread(self._call, input_)
        else:
            self._produce(input_)

    async def _send_frames(self, input_: SocketInput) -> None:
        """Send frames; a server that has closed, or closes meanwhile, has answered."""
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            socket = self._sockets.get(input_.who)
            if socket is None or not socket.is_open:
                if socket is not None:
                    await socket.close()
                socket = self._sockets[input_.who] = await self._open(input_.who)
            for frame in input_.frames:
                payload = addressed(frame.payload, self._document_id)
                await socket.send(frame._replace(payload=payload))

    async def _open(self, who: str) -> RawSocket:
        role, _, kind = who.partition(" ")
        path = f"/ws/documents/{self._document_id}"
        if role in USERNAMES:
            path += f"?token={await asyncio.to_thread(self._stack.token, USERNAMES[role])}"
        subprotocols = "scriptorium.v1" if kind == "native" else ""
        return await RawSocket.open(self._stack.ws_url, path, subprotocols=subprotocols)

    def _call(self, input_: RestInput) -> None:
        headers = {"Content-Type": input_.content_type}
        if input_.who in USERNAMES:
            headers["Authorization"] = f"Bearer {self._stack.token(USERNAMES[input_.who])}"
        path = input_.path.replace(DOCUMENT, self._document_id)
        try:
            answer = requests.request(
                input_.method,
                f"{self._stack.url}/api/v1/{path}",
                data=addressed(input_.body, self._document_id),
                headers=headers,
                timeout=REST_TIMEOUT_S,
            )
        except requests.RequestException as err:
            self.findings.append(f"rest: {type(err).__name__} for {input_}")
            return
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if answer.status_code >= 500 and answer.status_code != 503:
            self.findings.append(f"rest: {answer.status_code} {answer.text[:300]} for {input_}")

    def _produce(self, input_: KafkaInput) -> None:
        options: dict[str, Any] = {"headers": list(input_.headers), "value": input_.value}
        if input_.key is not None:
            options["key"] = addressed(input_.key, self._document_id)
        with contextlib.suppress(KafkaException, BufferError):
            self._producer.produce(TOPIC, **options)
        self._producer.poll(0)
