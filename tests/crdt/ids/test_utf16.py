"""Texts sliced by UTF-16 offsets."""

from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.ids.utf16 import Utf16Text

TEXT = st.text(st.sampled_from("aé漢😀"), max_size=12)


@given(TEXT, TEXT)
def test_text_is_sliced_where_it_was_joined(one: str, other: str) -> None:
    """For characters of one and of two units."""
    joined, offset = Utf16Text(one + other), Utf16Text(one).length
    assert joined.length == len((one + other).encode("utf-16-le")) // 2
    assert joined.slice(0, offset) == one
    assert joined.slice(offset, joined.length) == other


def test_half_of_a_surrogate_pair_is_a_replacement_character() -> None:
    """It has no other form."""
    assert Utf16Text("a😀b").slice(2, 4) == "\ufffdb"
