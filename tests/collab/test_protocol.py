"""The frames of the socket: those of y-protocols as a stock client writes them, and our own."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.collab import protocol
from apps.collab.protocol import (
    MAX_AWARENESS_ENTRIES,
    MAX_UNIQUE_ID_CHARS,
    AwarenessEntry,
    OperationFrame,
)
from apps.crdt.codec.lib0 import DecodeError, Decoder
from tests.crdt.samples import load, patient, string, uints, unpack

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
UINTS = st.integers(0, 2**53 - 1)
ADA = AwarenessEntry(81, 1, '{"user":{"name":"Ada ☃","color":"#c0ffee"},"cursor":null}')
GONE = AwarenessEntry(81, 2, "null")


def frame(name: str) -> bytes:
    """Return a golden frame, or a part of one."""
    return unpack(load("frames")[name])


def opened(data: bytes, *head: int) -> Decoder:
    """Return a decoder after the head of a frame, which must be the given one."""
    decoder = Decoder(data)
    assert tuple(decoder.var_uint() for _ in head) == head
    return decoder


# --- y-protocols ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encode", "step", "body"),
    [
        ("sync_step1", protocol.encode_sync_step1, protocol.SYNC_STEP1, "vector"),
        ("sync_step2", protocol.encode_sync_step2, protocol.SYNC_STEP2, "update"),
        ("sync_update", protocol.encode_sync_update, protocol.SYNC_UPDATE, "update"),
    ],
)
def test_sync_frame_is_that_of_a_stock_client(
    name: str, encode: Callable[[bytes], bytes], step: int, body: str
) -> None:
    """Equal byte for byte, and read back into its parts."""
    assert encode(frame(body)) == frame(name)
    decoder = opened(frame(name), protocol.SYNC, step)
    assert decoder.var_bytes() == frame(body)
    assert decoder.done()


@pytest.mark.parametrize(("name", "entry"), [("awareness", ADA), ("awareness_gone", GONE)])
def test_awareness_frame_is_that_of_a_stock_client(name: str, entry: AwarenessEntry) -> None:
    """A present client, and the same one that leaves; in both directions."""
    assert protocol.encode_awareness([entry]) == frame(name)
    decoder = opened(frame(name), protocol.AWARENESS)
    assert protocol.decode_awareness(decoder.var_bytes()) == [entry]
    assert decoder.done()


def test_permission_denied_is_that_of_y_protocols() -> None:
    """Every stock client understands the frame."""
    assert protocol.encode_permission_denied("not for you") == frame("permission_denied")


def test_query_awareness_is_its_type_alone() -> None:
    """The one frame without a body."""
    assert opened(frame("query_awareness"), protocol.QUERY_AWARENESS).done()


@patient
@given(
    entries=st.lists(
        st.builds(AwarenessEntry, UINTS, UINTS, TEXTS), unique_by=lambda entry: entry.client
    )
)
def test_awareness_round_trip(entries: list[AwarenessEntry]) -> None:
    """In the order of writing."""
    decoder = opened(protocol.encode_awareness(entries), protocol.AWARENESS)
    assert protocol.decode_awareness(decoder.var_bytes()) == entries


def awareness_body(count: int, *entries: AwarenessEntry) -> bytes:
    """Return the body of an awareness frame that declares ``count`` entries."""
    return uints(count) + b"".join(
        uints(entry.client, entry.clock) + string(entry.state_json) for entry in entries
    )


def test_awareness_up_to_its_limit_is_read_and_beyond_it_refused() -> None:
    """A frame with too many entries is refused at the count, before any entry is read."""
    crowd = [AwarenessEntry(client, 0, "{}") for client in range(MAX_AWARENESS_ENTRIES + 1)]
    assert protocol.decode_awareness(awareness_body(len(crowd) - 1, *crowd[:-1])) == crowd[:-1]
    with pytest.raises(DecodeError, match=f"at most {MAX_AWARENESS_ENTRIES}"):
        protocol.decode_awareness(awareness_body(len(crowd), *crowd))
    with pytest.raises(DecodeError, match=f"at most {MAX_AWARENESS_ENTRIES}"):
        protocol.decode_awareness(uints(2**40))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "ends inside an integer"),
        (awareness_body(2, ADA), "ends inside an integer"),
        (awareness_body(1, ADA)[:-1], "before the length"),
        (awareness_body(1, ADA, GONE), "more data"),
        (awareness_body(2, ADA, GONE), "a client twice"),
        (uints(1, 81, 1, 1) + b"\xff", "not UTF-8"),
    ],
    ids=["nothing", "too few", "cut off", "too many", "a client twice", "not UTF-8"],
)
def test_awareness_that_is_malformed_is_refused(body: bytes, message: str) -> None:
    """A wrong count either way, a truncated frame, a client that occurs twice."""
    with pytest.raises(DecodeError, match=message):
        protocol.decode_awareness(body)


# --- our own frames -------------------------------------------------------------------------------

OPERATION = OperationFrame("a-document", "an-id", frame("vector"), frame("update"))


def test_operation_equals_the_golden_frame() -> None:
    """The golden frame of docs/protocol.md, written by hand."""
    assert protocol.encode_operation("d", "u", b"\x00", b"\x00\x00") == (
        b"\x64\x01d\x01u\x01\x00\x02\x00\x00"
    )
    assert protocol.encode_operation("d", "u", b"\x00", b"\x00\x00", b"", 300, "7") == (
        b"\x64\x01d\x01u\x01\x00\x02\x00\x00\xac\x02\x017"
    )
    assert protocol.encode_operation("d", "u", b"\x00", b"\x00\x00", b"\x00") == (
        b"\x64\x01d\x01u\x01\x00\x02\x00\x00\x01\x00"
    )


@patient
@given(
    operation=st.builds(
        OperationFrame,
        TEXTS,
        TEXTS.filter(bool),
        st.binary(max_size=20),
        st.binary(max_size=200),
        st.binary(max_size=20),
    )
)
def test_operation_of_a_client_round_trip(operation: OperationFrame) -> None:
    """Its state vector, its update and its copy map stay unread bytes."""
    decoder = opened(protocol.encode_operation(*operation), protocol.OPERATION)
    assert protocol.decode_operation(decoder) == operation


@patient
@given(seq=UINTS, author=st.none() | TEXTS)
def test_operation_of_the_server_ends_with_seq_and_author(seq: int, author: str | None) -> None:
    """A client reads them after the fields that it sends itself."""
    data = protocol.encode_operation(*OPERATION, seq, author)
    own_fields = len(protocol.encode_operation(*OPERATION))
    decoder = Decoder(data, own_fields)
    assert data[:own_fields] == protocol.encode_operation(*OPERATION)
    assert (decoder.var_uint(), decoder.var_string()) == (seq, author or "")
    assert decoder.done()


@pytest.mark.parametrize("length", [0, MAX_UNIQUE_ID_CHARS + 1])
def test_operation_with_an_id_of_a_wrong_length_is_refused(length: int) -> None:
    """An empty id could not be acknowledged, and a long one would be storage."""
    data = protocol.encode_operation(*OPERATION._replace(unique_id="☃" * length))
    with pytest.raises(DecodeError, match="1 to 128 characters"):
        protocol.decode_operation(opened(data, protocol.OPERATION))


def test_operation_with_the_longest_id_is_read() -> None:
    """The limit counts characters, not bytes."""
    longest = OPERATION._replace(unique_id="☃" * MAX_UNIQUE_ID_CHARS)
    data = protocol.encode_operation(*longest)
    assert protocol.decode_operation(opened(data, protocol.OPERATION)) == longest


def test_truncated_operation_is_refused_at_every_byte() -> None:
    """No prefix of a frame is a frame."""
    data = protocol.encode_operation(*OPERATION)
    for end in range(1, len(data)):
        with pytest.raises(DecodeError):
            protocol.decode_operation(opened(data[:end], protocol.OPERATION))


@patient
@given(unique_id=TEXTS, stage=st.sampled_from([0, 1, 2]), seq=UINTS)
def test_ack_has_unique_id_stage_and_seq(unique_id: str, stage: int, seq: int) -> None:
    """As a client reads it."""
    decoder = opened(protocol.encode_ack(unique_id, stage, seq), protocol.ACK)
    assert (decoder.var_string(), decoder.var_uint(), decoder.var_uint()) == (unique_id, stage, seq)
    assert decoder.done()


@patient
@given(parts=st.tuples(TEXTS, TEXTS, TEXTS))
def test_reject_has_unique_id_code_and_reason(parts: tuple[str, str, str]) -> None:
    """As a client reads it."""
    decoder = opened(protocol.encode_reject(*parts), protocol.REJECT)
    assert tuple(decoder.var_string() for _ in parts) == parts
    assert decoder.done()


@patient
@given(token=TEXTS, expires_in_s=UINTS)
def test_token_and_its_answer_share_a_frame_type(token: str, expires_in_s: int) -> None:
    """The client's frame and the server's answer have different bodies."""
    asked = opened(uints(protocol.TOKEN) + string(token), protocol.TOKEN)
    assert protocol.decode_token(asked) == token
    answer = opened(protocol.encode_token(expires_in_s), protocol.TOKEN)
    assert answer.var_uint() == expires_in_s
    assert answer.done()


def test_token_with_trailing_bytes_is_refused() -> None:
    """A frame ends where its body ends."""
    with pytest.raises(DecodeError, match="more data"):
        protocol.decode_token(Decoder(string("token") + b"\x00"))
