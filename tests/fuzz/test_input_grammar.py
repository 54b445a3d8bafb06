"""The grammar of hostile inputs: repeatable by its seed, and with every form."""

import random

from apps.collab import protocol
from tests.fuzz.frame_grammar import SESSIONS, FrameGrammar
from tests.fuzz.input_grammar import inputs_of_round
from tests.fuzz.inputs import DOCUMENT, KafkaInput, RestInput, SocketInput, WireFrame, addressed
from tests.fuzz.wire import encoded

#: Inputs of a test.
MANY = 3_000


def test_inputs_repeat_by_their_seed_and_round() -> None:
    """So a failure needs to name nothing else."""
    assert inputs_of_round(7, 1, 200) == inputs_of_round(7, 1, 200)
    assert inputs_of_round(7, 1, 200) != inputs_of_round(7, 2, 200)
    assert inputs_of_round(7, 1, 200) != inputs_of_round(8, 1, 200)


def test_inputs_have_every_form() -> None:
    """Frames of every session and type, fragments, control frames, REST, imports, messages."""
    inputs = inputs_of_round(1, 0, MANY)
    frames = [input_ for input_ in inputs if isinstance(input_, SocketInput)]
    assert {input_.who for input_ in frames} == set(SESSIONS)
    assert {frame.opcode for input_ in frames for frame in input_.frames} >= {0, 1, 2, 8, 9, 10}
    assert any(not frame.is_final for input_ in frames for frame in input_.frames)
    calls = [input_ for input_ in inputs if isinstance(input_, RestInput)]
    assert {call.method for call in calls} == {"GET", "POST", "PATCH"}
    assert any("multipart" in call.content_type for call in calls)
    assert any(f"documents/{DOCUMENT}/import/" in call.path for call in calls)
    assert any(isinstance(input_, KafkaInput) for input_ in inputs)


def test_frames_have_every_type_of_the_protocol() -> None:
    """Each type, and each step of sync."""
    grammar = FrameGrammar(random.Random(1))
    frames = [grammar.frame() for _ in range(MANY)]
    types = {frame[0] for frame in frames if frame}
    assert types >= {
        protocol.SYNC,
        protocol.AWARENESS,
        protocol.AUTH,
        protocol.QUERY_AWARENESS,
        protocol.OPERATION,
        protocol.ACK,
        protocol.REJECT,
        protocol.TOKEN,
    }
    steps = {frame[1] for frame in frames if frame[:1] == b"\x00" and len(frame) > 1}
    assert steps >= {protocol.SYNC_STEP1, protocol.SYNC_STEP2, protocol.SYNC_UPDATE}


def test_input_is_addressed_to_a_document() -> None:
    """The id has the length of the placeholder, so the lengths around it stay right."""
    other = "11111111-0000-4000-8000-000000000000"
    frame = protocol.encode_operation(DOCUMENT, "a", b"\x00", b"\x00\x00")
    assert addressed(frame, other) == protocol.encode_operation(other, "a", b"\x00", b"\x00\x00")


def test_frame_is_encoded_as_the_protocol_of_websockets_says() -> None:
    """With each form of the length, without a mask, and as a fragment."""
    assert encoded(WireFrame(2, b"ab")) == b"\x82\x82\x00\x00\x00\x00ab"
    assert encoded(WireFrame(2, b"ab", is_masked=False)) == b"\x82\x02ab"
    assert encoded(WireFrame(0, b"", is_final=False))[:2] == b"\x00\x80"
    assert encoded(WireFrame(2, bytes(300)))[:4] == b"\x82\xfe\x01\x2c"
    assert encoded(WireFrame(2, bytes(70_000)))[:10] == b"\x82\xff" + (70_000).to_bytes(8, "big")
