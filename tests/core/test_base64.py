"""Bytes as text."""

import base64 as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import base64
from apps.core.errors import InvalidInputError


@given(st.binary())
def test_decode_reads_either_alphabet_with_padding_or_without(data: bytes) -> None:
    """What a browser, a shell and a URL send."""
    text = base64.encode(data)
    assert text == standard.b64encode(data).decode()
    url_safe = standard.urlsafe_b64encode(data).decode()
    for form in (text, text.rstrip("="), url_safe, url_safe.rstrip("=")):
        assert base64.decode(form) == data


@pytest.mark.parametrize("text", ["a", "ab$d", "é", "a b=", "aaaaa", "\x00", "\ud800", "aGk=aGk="])
def test_decode_refuses_what_is_not_base64(text: str) -> None:
    """With the one error."""
    with pytest.raises(InvalidInputError):
        base64.decode(text)
