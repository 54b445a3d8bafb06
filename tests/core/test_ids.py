"""Identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import ids


def test_new_id_is_an_id_and_another_each_time() -> None:
    """Random, canonical."""
    made = {ids.new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(ids.is_id(text) for text in made)


@given(st.uuids())
def test_is_id_takes_the_canonical_form_only(uuid: object) -> None:
    """One document has one spelling: other forms would be other keys."""
    text = str(uuid)
    assert ids.is_id(text)
    for other in (
        text.replace("-", ""),
        f"{{{text}}}",
        f"urn:uuid:{text}",
        f" {text}",
        f"{text}\n",
    ):
        assert not ids.is_id(other)


@pytest.mark.parametrize(
    "text", ["", "x", "\x00", "\ud800", "5C1A6F5E-6F0B-4F0C-9A52-0F5D7C2D8E11", "é" * 36, "-" * 36]
)
def test_is_id_refuses_everything_else(text: str) -> None:
    """Whatever stands in a path."""
    assert not ids.is_id(text)


@given(st.text())
def test_is_id_never_raises(text: str) -> None:
    """It judges input."""
    assert ids.is_id(text) in {True, False}
