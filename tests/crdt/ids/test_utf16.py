"""Texts cut at UTF-16 units."""

from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.ids.utf16 import Utf16Text

TEXT = st.text(st.sampled_from("aé漢😀"), max_size=12)


@given(TEXT, TEXT)
def test_text_is_cut_where_it_was_joined(one: str, other: str) -> None:
    """Whatever letters it has."""
    units, place = Utf16Text(one + other), Utf16Text(one).count
    assert units.count == len((one + other).encode("utf-16-le")) // 2
    assert units.cut(0, place) == one
    assert units.cut(place, units.count) == other


def test_half_a_letter_is_shown_as_such() -> None:
    """It has no other form."""
    assert Utf16Text("a😀b").cut(2, 4) == "\ufffdb"
