"""A grammar of messages to the topic of operations that none of our processes wrote. Pure."""

import random
from collections.abc import Callable
from typing import Final

from tests.fuzz import values
from tests.fuzz.inputs import DOCUMENT, KafkaInput

#: The share of messages that no worker can read. Others are read, and found not to be in the log.
UNREADABLE_SHARE: Final = 0.2


class KafkaGrammar:
    """Writes forged messages; ``update`` makes their updates."""

    def __init__(self, chance: random.Random, update: Callable[[], bytes]) -> None:
        self._chance = chance
        self._update = update

    def input(self) -> KafkaInput:
        """Return the next message."""
        chance = self._chance
        key: bytes | None = DOCUMENT.encode()
        headers = {
            "unique_id": f"kafka-{chance.randrange(10**9)}".encode(),
            "seq": str(chance.choice((1, 2, chance.randint(1, 200), 10**6))).encode(),
            "version_vector": b"\x00",
            "author": chance.choice((b"1", b"2", b"999", b"x", b"")),
            "received_at": b"2026-01-01T00:00:00+00:00",
            "signature": chance.randbytes(32),
        }
        value: bytes | None = self._update()
        if chance.random() < UNREADABLE_SHARE:
            name = chance.choice(list(headers))
            headers[name] = values.text(chance).encode("utf-8", "replace")
            if chance.random() < 0.3:
                del headers[name]
            key = chance.choice((key, None, b"", b"\xff", b"nowhere"))
            value = chance.choice((value, None, b"", b"\xff\xff"))
        return KafkaInput(key, value, tuple(headers.items()))
