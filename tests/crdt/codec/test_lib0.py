"""The lib0 encoding: equal to lib0's own, with a strict decoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.codec.lib0 import (
    MAX_SAFE_INTEGER,
    DecodeError,
    Decoder,
    encode_var_uint,
    read_long_uint,
    write_var_bytes,
    write_var_string,
)
from tests.crdt.samples import load, patient, string, uints, unpack

NUMBERS = st.integers(0, MAX_SAFE_INTEGER)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(("number", "encoded"), load("frames")["numbers"])
def test_var_uint_equals_that_of_lib0(number: int, encoded: str) -> None:
    """Golden numbers, from 0 to the largest that JavaScript has, in both directions."""
    assert encode_var_uint(number) == unpack(encoded)
    assert Decoder(unpack(encoded)).var_uint() == number


@patient
@given(numbers=st.lists(NUMBERS))
def test_var_uints_round_trip_one_after_another(numbers: list[int]) -> None:
    """Each value ends at the start of the next one, and the last one at the end of the data."""
    decoder = Decoder(uints(*numbers))
    assert [decoder.var_uint() for _ in numbers] == numbers
    assert decoder.done()


@patient
@given(parts=st.lists(st.binary(max_size=300)), texts=st.lists(TEXTS))
def test_bytes_and_texts_round_trip(parts: list[bytes], texts: list[str]) -> None:
    """With any content, one after another."""
    out = bytearray()
    for part in parts:
        write_var_bytes(out, part)
    for text in texts:
        write_var_string(out, text)
    decoder = Decoder(bytes(out))
    assert [decoder.var_bytes() for _ in parts] == parts
    assert [decoder.var_string() for _ in texts] == texts
    decoder.expect_end()


@patient
@given(data=st.binary(max_size=12))
def test_var_uint_of_any_bytes_round_trips_or_is_refused(data: bytes) -> None:
    """Each number has one encoding, and numbers that JavaScript cannot hold have none."""
    decoder = Decoder(data)
    try:
        number = decoder.var_uint()
    except DecodeError:
        assert decoder.pos == 0
    else:
        assert number <= MAX_SAFE_INTEGER
        assert encode_var_uint(number) == data[: decoder.pos]


@pytest.mark.parametrize("number", [2**53, 2**55, 2**56 - 1, 2**56, 2**60 - 1, 2**63, 2**64])
def test_var_uint_over_53_bits_is_refused(number: int) -> None:
    """The engine would truncate it, and see another client than the gate."""
    with pytest.raises(DecodeError, match="53 bits"):
        Decoder(encode_var_uint(number)).var_uint()


@pytest.mark.parametrize("data", [b"\x80\x00", b"\xff\x00", b"\x80\x80\x00", b"\xff" * 7 + b"\x00"])
def test_var_uint_longer_than_needed_is_refused(data: bytes) -> None:
    """Two encodings of one number would be two updates with one meaning."""
    with pytest.raises(DecodeError, match="longer than needed"):
        Decoder(data).var_uint()


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff\xff", b"\xff" * 7])
def test_var_uint_cut_off_is_refused(data: bytes) -> None:
    """At each position where the data may end."""
    with pytest.raises(DecodeError, match="ends inside"):
        Decoder(data).var_uint()


@pytest.mark.parametrize("data", [b"\x80", b"\xff" * 7])
def test_read_long_uint_at_the_end_raises_index_error(data: bytes) -> None:
    """A caller with many reads catches it in one place."""
    with pytest.raises(IndexError):
        read_long_uint(data, 1, data[0])


@pytest.mark.parametrize("data", [b"\x01", b"\x05abcd", b"\xff\xff\xff\xff\xff\xff\xff\x0f"])
def test_var_bytes_shorter_than_their_length_are_refused(data: bytes) -> None:
    """No memory is allocated for a declared length."""
    decoder = Decoder(data)
    with pytest.raises(DecodeError, match="before the length"):
        decoder.var_bytes()


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"])
def test_var_string_that_is_not_utf_8_is_refused(raw: bytes) -> None:
    """Half a character, half a pair, and a zero in two bytes among them."""
    with pytest.raises(DecodeError, match="not UTF-8"):
        Decoder(uints(len(raw)) + raw).var_string()


def test_expect_end_before_the_end_is_refused() -> None:
    """Bytes after the end are an error."""
    decoder = Decoder(string("a") + b"\x00")
    assert decoder.var_string() == "a"
    assert not decoder.done()
    with pytest.raises(DecodeError, match="more data"):
        decoder.expect_end()


def test_decoder_may_start_in_the_middle() -> None:
    """A frame's body is decoded in place."""
    assert Decoder(b"\x64" + string("body"), 1).var_string() == "body"
