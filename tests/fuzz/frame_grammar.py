"""A grammar of the frames of a document socket, and of how they are sent (docs/protocol.md)."""

import random
from collections.abc import Callable
from typing import Any, Final

from apps.collab import protocol
from apps.collab.protocol import AwarenessEntry
from apps.crdt.codec.lib0 import encode_var_uint
from apps.crdt.codec.vectors import encode_vector
from tests.crdt.samples import string
from tests.fuzz import values
from tests.fuzz.inputs import (
    BINARY,
    CLOSE,
    CONTINUATION,
    DOCUMENT,
    PING,
    PONG,
    TEXT,
    SocketInput,
    WireFrame,
)
from tests.fuzz.update_grammar import UpdateGrammar

#: The hostile sessions: an editor and a viewer, each as a native and as a stock client, and nobody.
WRITERS: Final = ("editor native", "editor stock")
SESSIONS: Final = (*WRITERS, "viewer native", "viewer stock", "nobody")


class FrameGrammar:
    """Writes the frames of hostile sessions of one document."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._updates = UpdateGrammar(chance, oddness=chance.choice((0.05, 0.2, 0.6)))
        self._names = ["fuzz-0"]
        #: Each frame, as often as it is written.
        self._frames: list[tuple[int, Callable[[], bytes]]] = [
            (8, self._operation),
            (6, self._update),
            (4, self._awareness),
            (2, self._step_1),
            (1, self._token),
            (1, self._other),
        ]

    def input(self) -> SocketInput:
        """Return the next frames of one session."""
        chance = self._chance
        who = chance.choice((*WRITERS * 4, *SESSIONS))
        roll = chance.random()
        if roll < 0.08:
            return SocketInput(who, (self._control(),))
        message = self.frame()
        if chance.random() < 0.05:
            message = values.mutated(chance, message)
        if chance.random() < 0.05:
            message *= 2
        return SocketInput(who, tuple(self._sent(message)))

    def frame(self) -> bytes:
        """Return one message."""
        weights = [weight for weight, _ in self._frames]
        [(_, make)] = self._chance.choices(self._frames, weights)
        return make()

    # --- messages ---

    def update(self) -> bytes:
        """Return an update, seldom one that is no update."""
        update = self._updates.update()
        return values.mutated(self._chance, update) if self._chance.random() < 0.1 else update

    def _update(self) -> bytes:
        encode = self._chance.choice((protocol.encode_sync_update, protocol.encode_sync_step2))
        return encode(self.update())

    def _operation(self) -> bytes:
        chance = self._chance
        document_id = chance.choice((*(DOCUMENT,) * 30, "", DOCUMENT.upper(), "x" * 36))
        return protocol.encode_operation(document_id, self._name(), self._vector(), self.update())

    def _name(self) -> str:
        """Return a unique id: a new one, one that was used, or none that an operation may have."""
        roll = self._chance.random()
        if roll < 0.1:
            return self._chance.choice(("", "x" * 128, "x" * 129, "\n", "\x00", "ß" * 64))
        if roll < 0.2:
            return self._chance.choice(self._names)
        self._names.append(f"fuzz-{len(self._names)}-{self._chance.randrange(10**9)}")
        return self._names[-1]

    def _vector(self) -> bytes:
        chance = self._chance
        if chance.random() < 0.1:
            return encode_var_uint(values.number(chance)) + chance.randbytes(chance.randint(0, 9))
        clients = {values.number(chance) % 2**53 for _ in range(chance.choice((0, 1, 3, 50)))}
        return encode_vector({client: values.number(chance) % 2**53 for client in clients})

    def _step_1(self) -> bytes:
        return protocol.encode_sync_step1(self._vector())

    def _awareness(self) -> bytes:
        chance = self._chance
        if chance.random() < 0.1:
            body = b"".join(values.var_uint(chance) for _ in range(chance.randint(0, 6)))
            return bytes((protocol.AWARENESS,)) + encode_var_uint(len(body)) + body
        entries = [
            AwarenessEntry(
                values.number(chance) % 2**53,
                chance.choice((1, 2, chance.randint(1, 100), values.number(chance) % 2**53)),
                values.json_text(chance, self._state()).encode("utf-8", "replace").decode(),
            )
            for _ in range(chance.choice((0, 1, 1, 1, 2, 9)))
        ]
        return protocol.encode_awareness(entries)

    def _state(self) -> Any:
        """Return a state of presence: the fields of honest ones with any values, or anything."""
        chance = self._chance
        if chance.random() < 0.2:
            return values.value(chance)
        state: dict[str, Any] = {}
        if chance.random() < 0.7:
            colour = chance.choice(("#ff0000", "red", values.value(chance)))
            state["user"] = chance.choice(({"name": "ada", "color": colour}, values.value(chance)))
        if chance.random() < 0.7:
            state["cursor"] = {"anchor": self._position(), "head": self._position()}
        if chance.random() < 0.3:
            state["renamed"] = values.value(chance)
        if chance.random() < 0.2:
            state[values.text(chance)] = values.value(chance)
        return state

    def _position(self) -> Any:
        """Return a relative position of Yjs, with any values."""
        chance = self._chance
        if chance.random() < 0.2:
            return values.value(chance)
        id_ = {"client": values.number(chance), "clock": values.number(chance)}
        position: dict[str, Any] = {"type": chance.choice((None, id_, values.value(chance)))}
        position["tname"] = chance.choice((None, "default", values.value(chance)))
        position["item"] = chance.choice((None, id_, values.value(chance)))
        position["assoc"] = chance.choice((0, -1, values.value(chance)))
        return position

    def _token(self) -> bytes:
        token = self._chance.choice(("", "a.b.c", "x" * 9_000, "eyJhbGciOiJub25lIn0.e30."))
        return bytes((protocol.TOKEN,)) + string(token)

    def _other(self) -> bytes:
        """Return a frame that a client seldom or never sends, or none at all."""
        chance = self._chance
        return chance.choice(
            (
                b"",
                bytes((protocol.QUERY_AWARENESS,)),
                protocol.encode_permission_denied("no"),
                protocol.encode_ack("fuzz-0", 1, 1),
                protocol.encode_reject("fuzz-0", "rejected", "no"),
                bytes((protocol.SYNC,)) + values.var_uint(chance) + values.var_uint(chance),
                values.var_uint(chance),
                chance.randbytes(chance.choice((1, 5, 200))),
            )
        )

    # --- how a message is sent ---

    def _sent(self, message: bytes) -> list[WireFrame]:
        """Return the wire frames of a message: one, or fragments with pings in between."""
        chance = self._chance
        if chance.random() > 0.15:
            return [WireFrame(BINARY, message)]
        cuts = sorted(chance.randint(0, len(message)) for _ in range(chance.randint(1, 4)))
        pieces = [message[a:b] for a, b in zip([0, *cuts], [*cuts, len(message)], strict=True)]
        last = len(pieces) - 1
        frames = []
        for number, piece in enumerate(pieces):
            opcode = CONTINUATION if number else BINARY
            frames.append(WireFrame(opcode, piece, is_final=number == last))
            if number < last and chance.random() < 0.3:
                frames.append(WireFrame(PING, b"between"))
        return frames

    def _control(self) -> WireFrame:
        """Return a control frame, a text, or a frame that the protocol of WebSockets forbids."""
        chance = self._chance
        return chance.choice(
            (
                WireFrame(PING, b""),
                WireFrame(PING, bytes(125)),
                WireFrame(PONG, b"unasked"),
                WireFrame(CLOSE, b""),
                WireFrame(CLOSE, b"\x03"),
                WireFrame(
                    CLOSE, chance.choice((1000, 1005, 4400, 65535)).to_bytes(2, "big") + b"bye"
                ),
                WireFrame(TEXT, b"hello"),
                WireFrame(TEXT, b"\xff\xfe"),
                WireFrame(CONTINUATION, b"of nothing"),
                WireFrame(BINARY, b"half", is_final=False),
                WireFrame(PING, bytes(126)),
                WireFrame(PING, b"", is_final=False),
                WireFrame(3, b"reserved"),
                WireFrame(BINARY, b"compressed", reserved=4),
                WireFrame(BINARY, b"\x03", is_masked=False),
            )
        )
