"""Contents of structs: their depth, their ends, and what is refused. Pure."""

import json
from collections.abc import Iterator
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.crdt.codec.contents import MAX_DEPTH, MalformedUpdateError
from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER
from apps.crdt.codec.update_reader import read_update
from tests.crdt.codec.updates import applied, one, took_all
from tests.crdt.samples import (
    item,
    patient,
    string,
    uints,
)

#: Kinds of struct and of content, as the format numbers them.
GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, SUBDOCUMENT, SKIP = range(11)


def nested_any(depth: int, *, keyed: bool) -> bytes:
    """Return arrays or objects inside each other, around an undefined."""
    return (b"\x76\x01" + string("k") if keyed else b"\x75\x01") * (depth - 1) + b"\x7f"


@pytest.mark.parametrize("keyed", [False, True])
def test_values_nested_deeper_than_the_limit_are_refused(keyed: bool) -> None:
    """The engine accepts the maximum depth; one level more is refused before."""
    deepest = one(item(ANY, b"\x01" + nested_any(MAX_DEPTH, keyed=keyed)))
    assert took_all(applied(deepest), read_update(deepest))
    with pytest.raises(MalformedUpdateError, match="too deep"):
        read_update(one(item(ANY, b"\x01" + nested_any(MAX_DEPTH + 1, keyed=keyed))))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"k":', "}")])
def test_json_nested_deeper_than_the_limit_is_refused(opening: str, closing: str) -> None:
    """In an embed and in a format."""

    def contents(depth: int) -> Iterator[bytes]:
        text = string(opening * depth + "1" + closing * depth)
        yield item(EMBED, text)
        yield item(FORMAT, string("key") + text)

    for content in contents(MAX_DEPTH):
        assert took_all(applied(one(content)), read_update(one(content)))
    for content in contents(MAX_DEPTH + 1):
        with pytest.raises(MalformedUpdateError, match="too deep"):
            read_update(one(content))


@pytest.mark.parametrize(
    "text", ['"' + "[{" * 100 + '"', '"' + '\\"[' * 200 + '"', "[" + "[],{}," * 100 + "1]"]
)
def test_json_with_many_brackets_that_is_not_deep_is_accepted(text: str) -> None:
    """Brackets in a text, behind escaped quotation marks, and side by side."""
    assert read_update(one(item(EMBED, string(text)))).end_vector() == {1: 1}


def test_json_whose_text_hides_its_depth_is_refused() -> None:
    """A quotation mark after an escaped backslash ends the text."""
    text = '["\\\\",' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "]"
    with pytest.raises(MalformedUpdateError, match="too deep"):
        read_update(one(item(EMBED, string(text))))


# --- contents -------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
#: What JavaScript holds exactly; the engine refuses JSON with integers over 64 bits.
SAFE_INTEGERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | SAFE_INTEGERS
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
).map(lambda value: string(json.dumps(value)))
ANY_VALUES = st.recursive(
    st.sampled_from([b"\x7f", b"\x7e", b"\x79", b"\x78"])
    | st.integers(0, 63).map(lambda number: bytes((125, number)))
    | st.builds(
        lambda first, last: bytes((125, 128 | first, last)),
        st.integers(0, 127),
        st.integers(1, 127),
    )
    | st.binary(min_size=4, max_size=4).map(b"\x7c".__add__)
    | st.binary(min_size=8, max_size=8).map(b"\x7b".__add__)
    | st.binary(min_size=8, max_size=8).map(b"\x7a".__add__)
    | st.binary(max_size=5).map(lambda data: b"\x74" + uints(len(data)) + data)
    | TEXTS.map(lambda text: b"\x77" + string(text)),
    lambda inner: (
        st.lists(inner, max_size=3).map(
            lambda values: b"\x75" + uints(len(values)) + b"".join(values)
        )
        | st.dictionaries(TEXTS.map(string), inner, max_size=3).map(
            lambda values: b"\x76" + uints(len(values)) + b"".join(map(b"".join, values.items()))
        )
    ),
    max_leaves=6,
)
#: (kind, content, length in clocks) of what an item may hold.
CONTENTS = st.one_of(
    TEXTS.map(lambda text: (STRING, string(text), len(text.encode("utf-16-le")) // 2)),
    st.integers(1, 300).map(lambda length: (DELETED, uints(length), length)),
    st.binary(max_size=200).map(lambda data: (BINARY, uints(len(data)) + data, 1)),
    JSON_VALUES.map(lambda value: (EMBED, value, 1)),
    st.builds(lambda key, value: (FORMAT, string(key) + value, 1), TEXTS, JSON_VALUES),
    st.sampled_from([0, 1, 2, 4, 6]).map(lambda kind: (TYPE, uints(kind), 1)),
    TEXTS.map(lambda name: (TYPE, b"\x03" + string(name), 1)),
    st.lists(ANY_VALUES, min_size=1, max_size=4).map(
        lambda values: (ANY, uints(len(values)) + b"".join(values), len(values))
    ),
)


@settings(patient, max_examples=300)
@given(contents=st.lists(CONTENTS, min_size=1, max_size=8))
def test_contents_end_where_the_engine_ends_them(contents: list[tuple[int, bytes, int]]) -> None:
    """In any sequence both read the same structs; otherwise content could be smuggled in."""
    ends = list(accumulate(length for _, _, length in contents))
    update = one(
        *(
            item(kind, content, left=(1, end - length - 1) if end > length else None)
            for (kind, content, length), end in zip(contents, ends, strict=True)
        )
    )
    header = read_update(update)
    assert header.end_vector() == {1: ends[-1]}
    assert took_all(applied(update), header)
    assert header.types == sum(kind == TYPE for kind, _, _ in contents)
