"""Plain text export and import."""

from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.content.plain_text import text_read, text_write
from apps.crdt.content.words import words_of
from tests.crdt.content.trees import EVERYTHING, paragraph, text
from tests.crdt.samples import patient

WRITTEN = """A title
Below
plain bold both gone under both x = 1 and a link in bold
next line
- one
- two
  more
5. five
6. six
   - nested
[x] done
[ ] open
said
again
def f():
    return `1` < 2


# ```
plain
---
end
"""


def test_everything_is_written_line_by_line() -> None:
    """Lists have markers; marks are dropped."""
    assert text_write(EVERYTHING) == WRITTEN


def test_raised_and_lowered_text_is_so_in_its_characters() -> None:
    """Without such characters a sign tells it: never "106"."""
    raised, lowered = "superscript", "subscript"
    line = paragraph("10", text("6", raised), " H", text("2", lowered), "O x", text("a", raised))
    other = paragraph("3", text("[1]", raised), " 2", text("−x", raised), "1", text("st", raised))
    assert text_write([line, other]) == "10⁶ H₂O x^a\n3[1] 2^(−x)1st\n"
    assert words_of({"type": "doc", "content": [line]}) == "10⁶ H₂O x^a"


@patient
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]) | st.just("\n")))
def test_any_text_round_trips(words: str) -> None:
    """With empty lines, and a newline at the end of the last line."""
    wanted = words if words.endswith("\n") or not words else f"{words}\n"
    assert text_write(text_read(words)) == wanted


def test_line_ends_of_other_systems_end_lines() -> None:
    """Line ends of Windows and old Macs; an empty line is an empty paragraph."""
    wanted = [paragraph("a"), paragraph(), paragraph("b"), paragraph("c")]
    assert text_read("a\r\n\r\nb\rc\r\n") == wanted
